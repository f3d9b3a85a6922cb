import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Platform } from "../../src/core/claim/platform.generated.ts";
import type { EnvironmentType } from "../../src/core/environment.ts";
import {
  closedGates,
  gatesOf,
  judgeApprovals,
  type Gate,
  type GateFacts,
  type GateName,
  type ReviewFacts,
} from "../../src/core/gates.ts";
import { planOf, type Plan } from "../../src/core/plan.ts";
import type { Approval, CommitPeople, User } from "../../src/core/ports.ts";
import type { Change } from "../../src/core/resource.ts";
import { anEnvironment, going, platform } from "../targets/an-environment.ts";

const person = (id: number, username: string, name: string): User => ({ id, username, name, bot: false });
const SAM = person(1, "sam", "Sam Vega");
const MARA = person(2, "mara", "Mara Kern");
const JO = person(3, "jo", "Jo Lind");
const BOT: User = { ...person(9, "claimbot", "claimbot"), bot: true };

const HEAD_SEEN = "2026-11-24T08:00:00.000Z";
const PLAN_STORED = "2026-11-24T08:01:00.000Z";
const AFTER = "2026-11-24T08:02:00.000Z";
const NOW = new Date("2026-11-24T09:00:00.000Z");

const approval = (user: User, at: string | undefined = AFTER): Approval => ({ user, at });
const commitBy = (of: Partial<CommitPeople>): CommitPeople => ({
  sha: "a41c2f9".padEnd(40, "0"),
  authorName: "Sam Vega",
  authorEmail: "sam@example.org",
  committerName: "Sam Vega",
  committerEmail: "sam@example.org",
  ...of,
});

/** A plan with so many creates and deletes. */
function planWith(type: EnvironmentType, creates: number, deletes = 0, verb: "remove" | "change" = "change"): Plan {
  const resource = (key: string) => ({ key, kind: "dns-record" });
  const changes: readonly Change[] = [
    ...Array.from({ length: deletes }, (_, at): Change => ({ verb: "delete", key: `old ${at}`, before: resource(`old ${at}`) })),
    ...Array.from({ length: creates }, (_, at): Change => ({ verb: "create", key: `new ${at}`, after: resource(`new ${at}`) })),
  ];
  const environment = anEnvironment(type);
  const steps = [{ target: "dns" as const, changes, pending: [], contested: [] }];
  return planOf(verb === "remove" ? going(environment, []) : environment, steps, "inputs", "rules");
}

function rulesWith(spec: Partial<Platform["spec"]>, approvals: Partial<Record<EnvironmentType, number>> = {}): Platform {
  const { types } = platform.spec;
  const withApprovals = {
    dev: { ...types.dev, approvals: approvals.dev ?? 0 },
    sue: { ...types.sue, approvals: approvals.sue ?? 0 },
    stage: { ...types.stage, approvals: approvals.stage ?? 1 },
    prod: { ...types.prod, approvals: approvals.prod ?? 2 },
  };
  return { ...platform, spec: { ...platform.spec, ...spec, types: withApprovals } };
}

const PROD = planWith("prod", 1);
const SHORT = PROD.digest.slice(0, 12);

/** Sam's merge request, approved by Mara and Jo after its plan was there: every gate is open. */
const review: ReviewFacts = {
  iid: 12,
  author: SAM,
  asked: undefined,
  holdDefiedBy: undefined,
  pusherId: SAM.id,
  people: [commitBy({})],
  approvals: [approval(MARA), approval(JO)],
  labels: [],
  headSeenAt: HEAD_SEEN,
  reviewed: { digest: PROD.digest, storedAt: PLAN_STORED },
};
const facts: GateFacts = { plan: PROD, rules: rulesWith({}), now: NOW, review };

function gate(name: GateName, given: Partial<GateFacts> = {}): Gate {
  const found = gatesOf({ ...facts, ...given }).find((one) => one.gate === name);
  if (found === undefined) throw new Error(`there is no gate ${name}`);
  return found;
}

const reviewOf = (plan: Plan, of: Partial<ReviewFacts> = {}): ReviewFacts => ({
  ...review,
  reviewed: { digest: plan.digest, storedAt: PLAN_STORED },
  ...of,
});

test("every gate says its verdict and its reason, in a fixed order; a good merge request passes them all", () => {
  const gates = gatesOf(facts);
  expect(gates.map(({ gate, verdict }) => `${gate} ${verdict}`)).toEqual([
    "reviewed-plan open",
    "contested open",
    "approvals open",
    "hold open",
    "freeze open",
    "blast-radius open",
    "deletion open",
  ]);
  expect(gates.every(({ reason }) => reason.length > 0)).toBe(true);
  expect(closedGates(gates)).toEqual([]);
});

describe("the gate of the reviewed plan", () => {
  const stage = planWith("stage", 1);
  const other = { digest: "0".repeat(64), storedAt: PLAN_STORED };
  test.each<[string, Partial<GateFacts>, Gate["verdict"], string]>([
    ["opens for the plan that was reviewed", {}, "open", `plan ${SHORT} is the reviewed one`],
    [
      "is closed when the world moved, and names both and the way on",
      { review: { ...review, reviewed: other } },
      "closed",
      `the world moved since the review: reviewed 000000000000, now ${SHORT}. \`/claim apply ${SHORT}\` goes on with the new plan`,
    ],
    [
      "is closed without a reviewed plan",
      { review: { ...review, reviewed: undefined } },
      "closed",
      `plan ${SHORT} was not reviewed`,
    ],
    ["is closed for a push past review", { review: undefined }, "closed", `plan ${SHORT} was not reviewed`],
    ["is closed for stage too", { plan: stage, review: { ...review, reviewed: other } }, "closed", "the world moved"],
    [
      "opens for a confirmed plan",
      { review: undefined, confirmed: PROD.digest },
      "open",
      `plan ${SHORT} was confirmed by a command`,
    ],
    [
      "is closed for a confirmation of another plan",
      { review: undefined, confirmed: "0".repeat(64) },
      "closed",
      "was not reviewed",
    ],
    ["is closed for the short form of the digest", { review: undefined, confirmed: SHORT }, "closed", "was not reviewed"],
    ["is not checked in a terminal", { review: "unchecked" }, "unchecked", "whether the plan was reviewed"],
    ["is not checked in a terminal, confirmed", { review: "unchecked", confirmed: PROD.digest }, "unchecked", "whether"],
    [
      "is closed in a terminal when the plan is not the confirmed one any more",
      { review: "unchecked", confirmed: "0".repeat(64) },
      "closed",
      `the world moved since you said yes: the plan is now ${SHORT}`,
    ],
  ])("%s", (_, given, verdict, reason) => {
    const found = gate("reviewed-plan", given);
    expect(found.verdict).toBe(verdict);
    expect(found.reason).toContain(reason);
  });

  test.each(["dev", "sue"] as const)("lets %s go on, and says what moved", (type) => {
    const plan = planWith(type, 1);
    expect(gate("reviewed-plan", { plan, review: { ...review, reviewed: other } })).toEqual({
      gate: "reviewed-plan",
      verdict: "open",
      reason: `the world moved since the review: reviewed 000000000000, now ${plan.digest.slice(0, 12)}; ${type} goes on`,
    });
  });
});

/** The same with a record of somebody else's where one of its own should be. */
function taken(plan: Plan, content = "192.0.2.7"): Plan {
  const blocks = { key: "new 0", wayOut: "Delete it at Cloudflare." };
  const contested = [{ key: "A new 0", content, remark: "is not ours (made 2026-11-23 14:02 UTC)", blocks }];
  const steps = plan.steps.map((step) => ("missing" in step ? step : { ...step, contested }));
  return planOf(anEnvironment(plan.type), steps, plan.inputsDigest, plan.rulesDigest);
}

describe("the gate of what is contested", () => {
  const TAKEN = taken(PROD);

  test.each(["dev", "sue", "stage", "prod"] as const)(
    "is closed for %s, and says what stands where, and what can be done",
    (type) => {
      const plan = taken(planWith(type, 1));
      expect(gate("contested", { plan, review: reviewOf(plan) })).toEqual({
        gate: "contested",
        verdict: "closed",
        reason:
          "A new 0 → 192.0.2.7 is not ours (made 2026-11-23 14:02 UTC), and stands where new 0 should be. Delete it at Cloudflare. " +
          "It goes on by itself when the way is free; no command goes past that",
      });
    },
  );

  test("is opened by no confirmation, and not left unchecked in a terminal", () => {
    expect(gate("contested", { plan: TAKEN, confirmed: TAKEN.digest }).verdict).toBe("closed");
    expect(gate("contested", { plan: TAKEN, review: "unchecked" }).verdict).toBe("closed");
  });

  test("counts what else is in the way", () => {
    const [step] = TAKEN.steps;
    if (step === undefined || "missing" in step) throw new Error("a step with changes");
    const contested = [...step.contested, ...step.contested.map((one) => ({ ...one, content: "192.0.2.8" }))];
    const plan = planOf(anEnvironment("prod"), [{ ...step, contested }], "inputs", "rules");
    expect(gate("contested", { plan }).reason).toContain("Delete it at Cloudflare. And 1 other thing in the way");
  });

  test("comes with a reviewed plan that names no command: none would go on", () => {
    const moved = gate("reviewed-plan", { plan: TAKEN });
    expect(moved.verdict).toBe("closed");
    expect(moved.reason).toBe(`the world moved since the review: reviewed ${SHORT}, now ${TAKEN.digest.slice(0, 12)}`);
  });

  test("needs no new review when the way is free again, or was at no time", () => {
    expect(gate("reviewed-plan", { plan: PROD, review: reviewOf(TAKEN), reviewed: TAKEN })).toEqual({
      gate: "reviewed-plan",
      verdict: "open",
      reason: `plan ${SHORT} is the reviewed one, without what stood in its way`,
    });
    expect(gate("reviewed-plan", { plan: TAKEN, review: reviewOf(TAKEN), reviewed: TAKEN }).verdict).toBe("open");
  });

  test.each<[string, Partial<GateFacts>]>([
    ["something else changes as well", { plan: planWith("prod", 2), review: reviewOf(TAKEN), reviewed: TAKEN }],
    ["something else is in the way", { plan: taken(PROD, "192.0.2.8"), review: reviewOf(TAKEN), reviewed: TAKEN }],
    ["another plan was reviewed", { plan: PROD, review: reviewOf(planWith("prod", 3)), reviewed: TAKEN }],
    ["nobody knows what was reviewed", { plan: PROD, review: reviewOf(TAKEN) }],
  ])("needs one when %s", (_, given) => {
    expect(gate("reviewed-plan", given).verdict).toBe("closed");
  });
});

describe("an approval", () => {
  const refusal = (of: Approval, given: Partial<ReviewFacts> = {}) =>
    judgeApprovals({ ...review, approvals: [of], ...given })[0]?.refusal;

  test("counts when somebody else gave it, for this head, after the plan was there", () => {
    expect(refusal(approval(MARA))).toBeUndefined();
    expect(refusal(approval(MARA, PLAN_STORED))).toBeUndefined();
  });

  test.each<[string, Approval, Partial<ReviewFacts>, string]>([
    ["the author's", approval(SAM), { people: [], pusherId: JO.id }, "is the author of the merge request"],
    [
      "of who made a change that comes with it",
      approval(MARA),
      { people: [], earlier: [{ what: "!4", author: MARA, people: [] }] },
      "had a part in !4, which was never released and comes with this",
    ],
    [
      "of anybody, where nobody can tell who made one",
      approval(MARA),
      { people: [], earlier: [{ what: "!4", author: SAM, people: undefined }] },
      "had a part in !4, which was never released and comes with this",
    ],
    ["the pusher's", approval(MARA), { pusherId: MARA.id }, "pushed this head"],
    ["a bot's", approval(BOT), {}, "is a bot"],
    ["one of an older head", approval(MARA, "2026-11-24T07:59:59.999Z"), {}, "approved an older head"],
    [
      "one of an older head without a plan",
      approval(MARA, "2026-11-24T07:59:59.999Z"),
      { reviewed: undefined },
      "approved an older head",
    ],
    ["one before the plan", approval(MARA, "2026-11-24T08:00:59.999Z"), {}, "approved before the plan was there"],
    ["one at an unknown time", { user: MARA, at: undefined }, {}, "approved at a time that GitLab does not tell"],
    ["one of a head that GitLab never saw", approval(MARA), { headSeenAt: undefined }, "at a time that GitLab does not tell"],
  ])("%s does not count", (_, of, given, reason) => {
    expect(refusal(of, given)).toContain(reason);
  });

  test.each<[string, Partial<CommitPeople>]>([
    ["author by name", { authorName: "Mara Kern" }],
    ["author by username", { authorName: "mara" }],
    ["author by mail", { authorEmail: "mara@example.org" }],
    ["committer by name", { committerName: "Mara Kern" }],
    ["committer by username", { committerName: "mara" }],
    ["committer by mail", { committerEmail: "mara@elsewhere.example" }],
    ["author by GitLab's private mail", { authorEmail: "2-mara@users.noreply.gitlab.example.org" }],
    ["committer by a mail with a suffix", { committerEmail: "mara+work@example.org" }],
    ["author in capitals", { authorName: "MARA KERN" }],
    ["author with other spaces", { authorName: " Mara\u00a0 Kern " }],
    ["author by mail in capitals", { authorEmail: "Mara@example.org" }],
  ])("of the %s of a commit does not count", (_, commit) => {
    expect(refusal(approval(MARA), { people: [commitBy({}), commitBy(commit)] })).toBe("committed a41c2f9 to this branch");
  });

  test.each<[string, Partial<CommitPeople>]>([
    ["a longer name", { authorName: "Mara Kernighan" }],
    ["a longer address", { authorEmail: "mara.kern@example.org" }],
    ["the domain of an address", { authorEmail: "sam@mara" }],
    ["no address", { authorEmail: "" }],
  ])("counts beside %s that only looks like theirs", (_, commit) => {
    expect(refusal(approval(MARA), { people: [commitBy(commit)] })).toBeUndefined();
  });
});

describe("the gate of approvals", () => {
  const stage = planWith("stage", 1);
  const dev = planWith("dev", 1);
  test.each<[string, Partial<GateFacts>, Gate["verdict"], string]>([
    ["opens with as many as the adopted rules ask for", {}, "open", "2 of 2 approvals (Mara Kern ✓, Jo Lind ✓)"],
    [
      "opens with one for stage",
      { plan: stage, review: reviewOf(stage, { approvals: [approval(JO)] }) },
      "open",
      "1 of 1 approval ",
    ],
    ["is closed without any: GitLab calls that approved", { review: { ...review, approvals: [] } }, "closed", "0 of 2 approvals"],
    [
      "is closed with one too few, and says why each does not count",
      { review: { ...review, approvals: [approval(SAM), approval(JO)] } },
      "closed",
      "1 of 2 approvals (Sam Vega ✗ is the author of the merge request, Jo Lind ✓)",
    ],
    ["counts each person once", { review: { ...review, approvals: [approval(JO), approval(JO)] } }, "closed", "1 of 2 approvals"],
    [
      "is closed as long as nobody knows who pushed",
      { review: { ...review, pusherId: undefined } },
      "closed",
      "nobody knows who pushed the head, so no approval counts. Push once more and approve again",
    ],
    [
      "is closed for a push past review",
      { review: undefined },
      "closed",
      "needs 2 approvals, but this commit came without a merge",
    ],
    [
      "is closed for a push past review of stage",
      { plan: stage, review: undefined },
      "closed",
      "needs 1 approval, but this commit came without a merge",
    ],
    ["opens where none is needed", { plan: dev, review: undefined }, "open", "dev needs no approval"],
    [
      "opens where none is needed although nobody knows who pushed",
      { plan: dev, review: reviewOf(dev, { pusherId: undefined, approvals: [] }) },
      "open",
      "dev needs no approval",
    ],
    ["asks for what the rules say of dev too", { plan: dev, rules: rulesWith({}, { dev: 3 }) }, "closed", "2 of 3 approvals"],
    ["is not checked in a terminal", { review: "unchecked" }, "unchecked", "2 approvals"],
    ["does not open by a confirmation", { review: { ...review, approvals: [] }, confirmed: PROD.digest }, "closed", "0 of 2"],
  ])("%s", (_, given, verdict, reason) => {
    const found = gate("approvals", given);
    expect(found.verdict).toBe(verdict);
    expect(found.reason).toContain(reason);
  });

  test("never opens by more approvals of people who took part", () => {
    const people = [SAM, BOT, MARA];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...people)), (users) => {
        const given = { ...review, pusherId: MARA.id, approvals: users.map((user) => approval(user)) };
        expect(gate("approvals", { review: given }).verdict).toBe("closed");
      }),
    );
  });
});

describe("a merge request that claimbot opened", () => {
  const BOT_OPENED = { author: BOT, pusherId: BOT.id, people: [commitBy({ authorName: "claimbot", committerName: "claimbot" })] };
  const opened = (asked: ReviewFacts["asked"], approvals = [approval(MARA), approval(JO)]): Partial<GateFacts> => ({
    review: { ...review, ...BOT_OPENED, asked, approvals },
  });

  test("counts approvals of others than who asked for it", () => {
    expect(gate("approvals", opened({ id: SAM.id }))).toMatchObject({ verdict: "open" });
  });

  test("does not count whoever asked for it, as it would not count an author", () => {
    expect(gate("approvals", opened({ id: MARA.id }))).toEqual({
      gate: "approvals",
      verdict: "closed",
      reason: "1 of 2 approvals (Mara Kern ✗ asked for the merge request, Jo Lind ✓)",
    });
  });

  test("counts nobody where it is not known who asked, and names no approver for the record", () => {
    const given = opened({ id: undefined }, [approval(MARA), approval(JO), approval(SAM)]);
    expect(gate("approvals", given)).toMatchObject({
      verdict: "closed",
      reason: expect.stringContaining("nobody knows who asked for it, so no approval counts") as string,
    });
    expect(judgeApprovals(given.review as ReviewFacts).every(({ refusal }) => refusal !== undefined)).toBe(true);
  });
});

describe("a hold", () => {
  test.each<[string, Partial<GateFacts>, Gate["verdict"], string]>([
    [
      "closes by its label, and says how it is taken off",
      { review: { ...review, labels: ["claimbot::hold"] } },
      "closed",
      "held by the label claimbot::hold; `/claim unhold` takes it off",
    ],
    [
      "closes where somebody took the label off who may not",
      { review: { ...review, holdDefiedBy: "Sam Vega" } },
      "closed",
      "Sam Vega took the label claimbot::hold off, and may not: it holds until somebody says `/claim unhold` who may",
    ],
    [
      "is not opened by the digest of a plan, defied or not",
      { review: { ...review, holdDefiedBy: "Sam Vega" }, confirmed: PROD.digest },
      "closed",
      "Sam Vega took the label",
    ],
    ["does not close by another label", { review: { ...review, labels: ["hold", "claimbot::held"] } }, "open", "nobody holds it"],
    ["does not close where there is no merge request", { review: undefined }, "open", "nobody holds it"],
    [
      "does not open by a confirmation",
      { review: { ...review, labels: ["claimbot::hold"] }, confirmed: PROD.digest },
      "closed",
      "held",
    ],
    ["is not checked in a terminal", { review: "unchecked" }, "unchecked", "a hold"],
  ])("%s", (_, given, verdict, reason) => {
    expect(gate("hold", given)).toEqual({ gate: "hold", verdict, reason: expect.stringContaining(reason) as string });
  });
});

describe("a freeze", () => {
  const yearEnd = {
    key: "year-end",
    types: ["prod" as const],
    from: "2026-12-18T15:00:00Z",
    until: "2027-01-04T06:00:00Z",
    reason: "Closing",
  };
  const audit = { ...yearEnd, key: "audit", types: ["prod" as const, "stage" as const], until: "2027-01-06T06:00:00Z" };
  const rules = rulesWith({ freezes: [yearEnd] });
  test.each<[string, string, Gate["verdict"]]>([
    ["is not there a moment before", "2026-12-18T14:59:59.999Z", "open"],
    ["begins at its first moment", "2026-12-18T15:00:00.000Z", "closed"],
    ["lasts to its last moment", "2027-01-04T05:59:59.999Z", "closed"],
    ["is over at its end", "2027-01-04T06:00:00.000Z", "open"],
  ])("%s", (_, now, verdict) => {
    expect(gate("freeze", { rules, now: new Date(now) }).verdict).toBe(verdict);
  });

  const during = new Date("2026-12-24T12:00:00Z");
  test("says until when, which one and why, and that nobody needs to do anything", () => {
    expect(gate("freeze", { rules, now: during }).reason).toBe(
      "frozen until Monday 2027-01-04 06:00 UTC (year-end: Closing); that is the next open slot, and it goes on by itself then",
    );
  });

  test("that overlaps another says the end of the longer one", () => {
    const both = rulesWith({ freezes: [yearEnd, audit] });
    expect(gate("freeze", { rules: both, now: during }).reason).toContain("frozen until Wednesday 2027-01-06 06:00 UTC (audit");
  });

  test("that repeats holds while one of its windows does", () => {
    const weekend = {
      key: "weekend",
      types: ["prod" as const],
      rrule: "FREQ=WEEKLY;BYDAY=FR;BYHOUR=16",
      timeZone: "Europe/Berlin",
      duration: "63h",
      reason: "nobody is on call",
    };
    const repeating = rulesWith({ freezes: [weekend] });
    expect(gate("freeze", { rules: repeating, now: new Date("2026-11-27T14:59:59Z") }).verdict).toBe("open");
    expect(gate("freeze", { rules: repeating, now: new Date("2026-11-27T15:00:00Z") })).toEqual({
      gate: "freeze",
      verdict: "closed",
      reason:
        "frozen until Monday 2026-11-30 07:00 Europe/Berlin (weekend: nobody is on call); that is the next open slot, and it goes on by itself then",
    });
    expect(gate("freeze", { rules: repeating, now: new Date("2026-11-30T06:00:00Z") }).verdict).toBe("open");
  });

  test("concerns its types only", () => {
    expect(gate("freeze", { rules, now: during, plan: planWith("stage", 1) }).verdict).toBe("open");
    expect(gate("freeze", { rules: rulesWith({ freezes: [audit] }), now: during, plan: planWith("stage", 1) }).verdict).toBe(
      "closed",
    );
  });

  test.each<[string, Partial<GateFacts>]>([
    ["in a terminal", { review: "unchecked" }],
    ["for a confirmed plan", { confirmed: PROD.digest }],
    ["for a removal", { plan: planWith("prod", 0, 1, "remove") }],
  ])("holds %s too", (_, given) => {
    expect(gate("freeze", { rules, now: during, ...given }).verdict).toBe("closed");
  });
});

describe("the blast radius", () => {
  const limits = rulesWith({ limits: { changesPerRelease: 5, deletionsPerRelease: 2 } });
  test.each<[string, Plan, Partial<GateFacts>, Gate["verdict"], string]>([
    ["opens at the limit of changes", planWith("dev", 5), { rules: limits }, "open", "5 changes, 0 of them deletions"],
    ["is closed beyond", planWith("dev", 6), { rules: limits }, "closed", "6 changes at once, more than 5. `/claim apply "],
    ["opens at the limit of deletions", planWith("dev", 0, 2), { rules: limits }, "open", "2 changes, 2 of them deletions"],
    ["is closed beyond, by deletions", planWith("dev", 0, 3), { rules: limits }, "closed", "3 deletions at once, more than 2. "],
    [
      "lets an environment go whole",
      planWith("dev", 0, 3, "remove"),
      { rules: limits },
      "open",
      "3 changes, 3 of them deletions",
    ],
    [
      "is closed for a removal of very many things",
      planWith("dev", 0, 6, "remove"),
      { rules: limits },
      "closed",
      "6 changes at once",
    ],
    ["has its own limits where the rules have none", planWith("dev", 200), {}, "open", "200 changes, 0 of them deletions"],
    ["has its own limit of changes", planWith("dev", 201), {}, "closed", "201 changes at once, more than 200"],
    ["has its own limit of deletions", planWith("dev", 0, 21), {}, "closed", "21 deletions at once, more than 20"],
    ["is checked in a terminal", planWith("dev", 201), { review: "unchecked" }, "closed", "201 changes at once"],
    ["says one change in the singular", planWith("dev", 1), {}, "open", "1 change, 0 of them deletions"],
  ])("%s", (_, plan, given, verdict, reason) => {
    const found = gate("blast-radius", { plan, ...given });
    expect(found.verdict).toBe(verdict);
    expect(found.reason).toContain(reason);
  });

  test("opens for exactly the plan that was confirmed", () => {
    const plan = planWith("dev", 201);
    expect(gate("blast-radius", { plan }).reason).toContain(`\`/claim apply ${plan.digest.slice(0, 12)}\` goes on`);
    expect(gate("blast-radius", { plan, confirmed: plan.digest }).verdict).toBe("open");
    expect(gate("blast-radius", { plan, confirmed: planWith("dev", 202).digest }).verdict).toBe("closed");
  });
});

describe("deletions in prod", () => {
  const loses = planWith("prod", 0, 2);
  const alone = rulesWith({}, { prod: 0 });
  test.each<[string, Partial<GateFacts>, Gate["verdict"], string]>([
    ["need nothing where nothing is deleted", { plan: PROD, rules: alone }, "open", "nothing of prod is deleted"],
    ["need nothing elsewhere", { plan: planWith("stage", 0, 2), rules: alone }, "open", "nothing of prod is deleted"],
    ["are seen by those who approve", { plan: loses }, "open", "2 deletions in prod, seen"],
    [
      "are confirmed by a command where nobody approves",
      { plan: loses, rules: alone },
      "closed",
      `2 deletions in prod. \`/claim apply ${loses.digest.slice(0, 12)}\` confirms them`,
    ],
    [
      "are confirmed by that command",
      { plan: loses, rules: alone, confirmed: loses.digest },
      "open",
      "2 deletions in prod, seen",
    ],
    ["are not confirmed by another", { plan: loses, rules: alone, confirmed: PROD.digest }, "closed", "2 deletions in prod."],
    ["are not checked in a terminal", { plan: loses, review: "unchecked" }, "unchecked", "2 deletions in prod"],
    ["say one in the singular", { plan: planWith("prod", 0, 1) }, "open", "1 deletion in prod, seen"],
  ])("%s", (_, given, verdict, reason) => {
    const found = gate("deletion", given);
    expect(found.verdict).toBe(verdict);
    expect(found.reason).toContain(reason);
  });
});

describe("a way out is named only where it is taken", () => {
  const much = planWith("stage", 6);
  const limits = rulesWith({ limits: { changesPerRelease: 5, deletionsPerRelease: 5 } });
  const why = "`/claim why";
  test.each<[GateName, Partial<GateFacts>, string]>([
    ["blast-radius", { readFrom: "before-merge" }, "After the merge its report says how this very plan is confirmed"],
    ["blast-radius", { readFrom: "elsewhere" }, `${why} ${much.environment}\` on merge request 12 says how it is confirmed`],
    [
      "blast-radius",
      { readFrom: "elsewhere", review: undefined },
      `${why} ${much.environment}\` on a merge request that is merged says how it is confirmed`,
    ],
    ["reviewed-plan", { readFrom: "elsewhere" }, `${why} ${much.environment}\` on merge request 12 says how it is confirmed`],
    ["hold", { readFrom: "before-merge" }, "held by the label claimbot::hold; `/claim unhold` takes it off"],
    [
      "hold",
      { readFrom: "elsewhere" },
      "held by the label claimbot::hold on merge request 12; `/claim unhold` there takes it off",
    ],
    ["approvals", { readFrom: "elsewhere" }, "0 of 1 approval on merge request 12"],
  ])("%s, read %j", (name, given, says) => {
    const held = reviewOf(PROD, { labels: ["claimbot::hold"], approvals: [] });
    const { verdict, reason } = gate(name, { plan: much, rules: limits, review: held, ...given });
    expect({ verdict, reason }).toEqual({ verdict: "closed", reason: expect.stringContaining(says) });
    expect(reason).not.toContain("/claim apply");
  });
});
