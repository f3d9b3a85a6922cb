/** The gates before any effect: each a pure rule with a reason on which a person can act. */
import type { Platform } from "./claim/platform.generated.ts";
import { obstacleText } from "./contested.ts";
import { freezesOf, frozenText } from "./freezes.ts";
import { shortDigest, type Digest } from "./json.ts";
import { changesOf, countChanges, isCleared, obstaclesOf, type Plan } from "./plan.ts";
import type { Asker } from "./asker.ts";
import type { Approval, CommitPeople, User } from "./ports.ts";

/** The merge request that brought the claim, as GitLab tells it now. */
export interface ReviewFacts {
  readonly iid: number;
  readonly author: User;
  /** Of a merge request that we ourselves opened: who asked for it, and so counts as its author. */
  readonly asked: Asker | undefined;
  /** Undefined: nobody knows who pushed the head. */
  readonly pusherId: number | undefined;
  readonly people: readonly CommitPeople[];
  /** What else the release brings; newest first. */
  readonly earlier?: readonly EarlierChange[];
  readonly approvals: readonly Approval[];
  readonly labels: readonly string[];
  /** Who took the label of a hold off without the right to, as people are called: then it holds as before. */
  readonly holdDefiedBy: string | undefined;
  /** ISO 8601, by GitLab's clock. */
  readonly mergedAt?: string;
  /** When GitLab first saw the head that was merged. */
  readonly headSeenAt: string | undefined;
  /** The plan that was shown for this head, and when it was stored. */
  readonly reviewed: { readonly digest: Digest; readonly storedAt: string } | undefined;
}

/** A change of the same claim that was merged before, and never released. */
export interface EarlierChange {
  /** `!12`, or the first digits of a commit that came past review. */
  readonly what: string;
  readonly author?: User;
  readonly asked?: Asker | undefined;
  readonly pusherId?: number | undefined;
  /** Undefined: nobody can tell any more. */
  readonly people: readonly CommitPeople[] | undefined;
}

export interface GateFacts {
  readonly plan: Plan;
  /** The adopted rules. */
  readonly rules: Platform;
  readonly now: Date;
  /** `unchecked`: there is no GitLab to ask (a terminal). Undefined: this commit came without a merge request. */
  readonly review: ReviewFacts | undefined | "unchecked";
  /** The digest that somebody allowed confirmed by `/claim apply <digest>`. */
  readonly confirmed?: Digest | undefined;
  /** The plan that `review` names as reviewed, where it is known. */
  readonly reviewed?: Plan | undefined;
  /**
   * Where somebody reads the reasons, if not where its commands help: on the merge request itself before it is merged, or on another one. A
   * way out that is refused there is none.
   */
  readonly readFrom?: "before-merge" | "elsewhere" | undefined;
}

export type GateName = "reviewed-plan" | "contested" | "approvals" | "hold" | "freeze" | "blast-radius" | "deletion";

export interface Gate {
  readonly gate: GateName;
  readonly verdict: "open" | "closed" | "unchecked";
  /** One sentence for a person; may hold foreign text. */
  readonly reason: string;
}

/** Every gate with its verdict, in a fixed order. */
export function gatesOf(facts: GateFacts): readonly Gate[] {
  return [
    reviewedPlan(facts),
    contested(facts),
    approvals(facts),
    hold(facts),
    freeze(facts),
    blastRadius(facts),
    deletion(facts),
  ];
}

export function closedGates(gates: readonly Gate[]): readonly Gate[] {
  return gates.filter(({ verdict }) => verdict === "closed");
}

/** Everybody sees it. Anybody may set it who may set labels; it holds until somebody takes it off who may `/claim unhold`. */
export const HOLD_LABEL = "claimbot::hold";

/** How a plan is confirmed: `there` is said on the merge request that was merged. */
function confirmation({ plan, review, readFrom }: GateFacts, there: string): string {
  switch (readFrom) {
    case undefined:
      return there;
    case "before-merge":
      return "After the merge its report says how this very plan is confirmed";
    case "elsewhere": {
      const where = isKnown(review) ? `merge request ${review.iid}` : "a merge request that is merged";
      return `\`/claim why ${plan.environment}\` on ${where} says how it is confirmed`;
    }
  }
}

function isKnown(review: GateFacts["review"]): review is ReviewFacts {
  return review !== undefined && review !== "unchecked";
}

/** ` on merge request 12`, where that is another one. */
function whereabouts({ review, readFrom }: GateFacts): string {
  return readFrom === "elsewhere" && isKnown(review) ? ` on merge request ${review.iid}` : "";
}

function reviewedPlan(facts: GateFacts): Gate {
  const { plan, review, confirmed, reviewed } = facts;
  const gate = "reviewed-plan";
  const now = shortDigest(plan.digest);
  if (review === "unchecked" && confirmed !== undefined && confirmed !== plan.digest) {
    return { gate, verdict: "closed", reason: `the world moved since you said yes: the plan is now ${now}` };
  }
  if (review === "unchecked") return { gate, verdict: "unchecked", reason: "whether the plan was reviewed" };
  if (confirmed === plan.digest) return { gate, verdict: "open", reason: `plan ${now} was confirmed by a command` };
  if (review?.reviewed?.digest === plan.digest) return { gate, verdict: "open", reason: `plan ${now} is the reviewed one` };
  if (reviewed !== undefined && review?.reviewed?.digest === reviewed.digest && isCleared(reviewed, plan)) {
    return { gate, verdict: "open", reason: `plan ${now} is the reviewed one, without what stood in its way` };
  }
  const moved =
    review?.reviewed === undefined
      ? `plan ${now} was not reviewed`
      : `the world moved since the review: reviewed ${shortDigest(review.reviewed.digest)}, now ${now}`;
  if (plan.type === "dev" || plan.type === "sue") return { gate, verdict: "open", reason: `${moved}; ${plan.type} goes on` };
  // With something in its way this plan is never released: what is confirmed is the one without.
  if (obstaclesOf(plan).length > 0) return { gate, verdict: "closed", reason: moved };
  return {
    gate,
    verdict: "closed",
    reason: `${moved}. ${confirmation(facts, `\`/claim apply ${now}\` goes on with the new plan`)}`,
  };
}

/**
 * A plan with something in its way could never be finished, and claimbot never touches what is not its own: so it does not go half of the way,
 * whatever its type, and no command confirms it. --break-glass, which passes every gate, goes as far as that and stops there.
 */
function contested({ plan }: GateFacts): Gate {
  const gate = "contested";
  const [first, ...others] = obstaclesOf(plan);
  if (first === undefined) return { gate, verdict: "open", reason: "nothing that is not ours stands in the way" };
  const more = others.length === 0 ? "" : ` And ${counted(others.length, "other thing")} in the way: the plan lists them.`;
  return {
    gate,
    verdict: "closed",
    reason: `${obstacleText(first.obstacle)}${more} It goes on by itself when the way is free; no command goes past that`,
  };
}

/** Why each approval counts or does not. Own count: GitLab CE calls zero approvals "approved". */
export function judgeApprovals(
  review: ReviewFacts,
): readonly { readonly approval: Approval; readonly refusal: string | undefined }[] {
  return review.approvals.map((approval) => ({ approval, refusal: refusalOf(approval, review) }));
}

/** Those whose approval counts, for the record: once each. */
export function countedApprovers(review: ReviewFacts): readonly string[] {
  const counted = judgeApprovals(review).filter(({ refusal }) => refusal === undefined);
  return [...new Set(counted.map(({ approval }) => approval.user.username))];
}

function refusalOf({ user, at }: Approval, review: ReviewFacts): string | undefined {
  if (user.bot) return "is a bot";
  if (user.id === review.author.id) return "is the author of the merge request";
  if (review.asked?.id === user.id) return "asked for the merge request";
  if (review.asked !== undefined && review.asked.id === undefined)
    return "may have asked for the merge request: nobody knows who did";
  if (user.id === review.pusherId) return "pushed this head";
  const commit = review.people.find((people) => committed(people, user));
  if (commit !== undefined) return `committed ${commit.sha.slice(0, 7)} to this branch`;
  const earlier = review.earlier?.find((change) => hasPartIn(change, user));
  if (earlier !== undefined) return `had a part in ${earlier.what}, which was never released and comes with this`;
  if (review.headSeenAt === undefined || at === undefined) return "approved at a time that GitLab does not tell";
  if (at < review.headSeenAt) return "approved an older head";
  if (review.reviewed !== undefined && at < review.reviewed.storedAt) return "approved before the plan was there";
  return undefined;
}

/** Also where nobody can tell who had one. */
export function hasPartIn({ author, asked, pusherId, people }: EarlierChange, user: User): boolean {
  const isAuthor = user.id === author?.id || user.id === pusherId;
  const mayHaveAsked = asked !== undefined && (asked.id === undefined || asked.id === user.id);
  return isAuthor || mayHaveAsked || people === undefined || people.some((one) => committed(one, user));
}

/**
 * Forged names can only take an approval away, never give one: whoever pushed is known by GitLab alone. A mail address is known by what
 * stands before the @, without the number of GitLab's private addresses (`12-mara@users.noreply…`) and without a `+suffix`.
 */
export function committed(people: CommitPeople, { username, name }: User): boolean {
  const own = new Set([folded(username), folded(name)]);
  const names = [people.authorName, people.committerName];
  const emails = [people.authorEmail, people.committerEmail].map((email) => email.replace(/@.*$/s, ""));
  const bare = emails.map((local) => local.replace(/^\d+-/, "").replace(/\+.*$/s, ""));
  return [...names, ...emails, ...bare].some((text) => own.has(folded(text)));
}

function folded(text: string): string {
  return text.normalize("NFKC").replaceAll(/\s+/g, " ").trim().toLowerCase();
}

function approvals(facts: GateFacts): Gate {
  const { plan, rules, review } = facts;
  const gate = "approvals";
  const needed = rules.spec.types[plan.type].approvals;
  if (needed === 0) return { gate, verdict: "open", reason: `${plan.type} needs no approval` };
  if (review === "unchecked") return { gate, verdict: "unchecked", reason: counted(needed, "approval") };
  if (review === undefined) {
    return {
      gate,
      verdict: "closed",
      reason: `needs ${counted(needed, "approval")}, but this commit came without a merge request`,
    };
  }
  if (review.pusherId === undefined) {
    return {
      gate,
      verdict: "closed",
      reason: "nobody knows who pushed the head, so no approval counts. Push once more and approve again",
    };
  }
  if (review.asked !== undefined && review.asked.id === undefined) {
    return {
      gate,
      verdict: "closed",
      reason: "claimbot opened the merge request and nobody knows who asked for it, so no approval counts. Open one of your own",
    };
  }
  const judged = judgeApprovals(review);
  // Each person once, however often GitLab lists them.
  const good = new Set(judged.filter(({ refusal }) => refusal === undefined).map(({ approval }) => approval.user.id));
  const whose = judged.map(({ approval, refusal }) => `${approval.user.name} ${refusal === undefined ? "✓" : `✗ ${refusal}`}`);
  const reason = `${good.size} of ${counted(needed, "approval")}${whereabouts(facts)}${whose.length === 0 ? "" : ` (${whose.join(", ")})`}`;
  return { gate, verdict: good.size >= needed ? "open" : "closed", reason };
}

function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function hold(facts: GateFacts): Gate {
  const { review } = facts;
  const gate = "hold";
  if (review === "unchecked") return { gate, verdict: "unchecked", reason: "a hold" };
  const held = review?.labels.includes(HOLD_LABEL) ?? false;
  const where = whereabouts(facts);
  const there = where === "" ? "" : " there";
  if (held) {
    const reason = `held by the label ${HOLD_LABEL}${where}; \`/claim unhold\`${there} takes it off`;
    return { gate, verdict: "closed", reason };
  }
  const by = review?.holdDefiedBy;
  if (by !== undefined) {
    const reason = `${by} took the label ${HOLD_LABEL} off${where}, and may not: it holds until somebody says \`/claim unhold\`${there} who may`;
    return { gate, verdict: "closed", reason };
  }
  return { gate, verdict: "open", reason: "nobody holds it" };
}

function freeze({ plan, rules, now }: GateFacts): Gate {
  const gate = "freeze";
  const reason = frozenText(freezesOf(rules, plan.type), now);
  return reason === undefined ? { gate, verdict: "open", reason: "no freeze" } : { gate, verdict: "closed", reason };
}

function blastRadius(facts: GateFacts): Gate {
  const { plan, rules, confirmed } = facts;
  const gate = "blast-radius";
  const { changesPerRelease = 200, deletionsPerRelease = 20 } = rules.spec.limits ?? {};
  const changes = changesOf(plan).map(({ change }) => change);
  const { deletes } = countChanges(changes);
  const confirm = confirmation(facts, `\`/claim apply ${shortDigest(plan.digest)}\` goes on`);
  if (confirmed === plan.digest) return { gate, verdict: "open", reason: "confirmed by a command" };
  if (changes.length > changesPerRelease) {
    return {
      gate,
      verdict: "closed",
      reason: `${counted(changes.length, "change")} at once, more than ${changesPerRelease}. ${confirm}`,
    };
  }
  if (plan.verb !== "remove" && deletes > deletionsPerRelease) {
    return {
      gate,
      verdict: "closed",
      reason: `${counted(deletes, "deletion")} at once, more than ${deletionsPerRelease}. ${confirm}`,
    };
  }
  return { gate, verdict: "open", reason: `${counted(changes.length, "change")}, ${deletes} of them deletions` };
}

/** What prod loses is confirmed by a person who saw it: by an approval where the rules ask for one, else by a command. */
function deletion(facts: GateFacts): Gate {
  const { plan, rules, review, confirmed } = facts;
  const gate = "deletion";
  const { deletes } = countChanges(changesOf(plan).map(({ change }) => change));
  if (plan.type !== "prod" || deletes === 0) return { gate, verdict: "open", reason: "nothing of prod is deleted" };
  if (review === "unchecked") return { gate, verdict: "unchecked", reason: `${counted(deletes, "deletion")} in prod` };
  if (rules.spec.types.prod.approvals > 0 || confirmed === plan.digest)
    return { gate, verdict: "open", reason: `${counted(deletes, "deletion")} in prod, seen` };
  return {
    gate,
    verdict: "closed",
    reason: `${counted(deletes, "deletion")} in prod. ${confirmation(facts, `\`/claim apply ${shortDigest(plan.digest)}\` confirms them`)}`,
  };
}
