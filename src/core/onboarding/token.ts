/** Whose token it is, what it may and until when; names what it may too much (threat S30). Pure. */
import type { ForgeToken, User } from "../ports.ts";
import type { Check } from "./check.ts";

const NEEDED = "api";
/** Lets it be renewed by itself, and nothing else. */
const HARMLESS = new Set([NEEDED, "self_rotate"]);
const WARN_DAYS = 14;
const DAY_MS = 86_400_000;

const WAY_OUT =
  "Make a project access token with the role Maintainer and the scope api alone, at Settings > Access tokens of the claim repository, and set CLAIMBOT_GITLAB_TOKEN";

export function checkOwner(token: ForgeToken, me: User): Check {
  const name = "token-owner";
  if (!me.bot) {
    return {
      name,
      verdict: "warning",
      detail: `the token ${token.name} is the person @${me.username}: claimbot would speak in their name, and reach all that they reach`,
      fix: WAY_OUT,
    };
  }
  if (/^group_\d+_bot/i.test(me.username)) {
    return {
      name,
      verdict: "warning",
      detail: `the token ${token.name} belongs to a whole group (@${me.username}): every project of it is more than is needed`,
      fix: WAY_OUT,
    };
  }
  return { name, verdict: "good", detail: `the token ${token.name} is @${me.username}` };
}

export function checkScopes({ scopes }: ForgeToken): Check {
  const name = "token-scopes";
  const extra = scopes.filter((scope) => !HARMLESS.has(scope));
  if (!scopes.includes(NEEDED)) {
    return { name, verdict: "bad", detail: `the token has ${scopes.join(", ") || "no scope"}, and not ${NEEDED}`, fix: WAY_OUT };
  }
  if (extra.length === 0) return { name, verdict: "good", detail: `${NEEDED}, and nothing beyond it` };
  return { name, verdict: "warning", detail: `more than is needed: ${extra.join(", ")}`, fix: WAY_OUT };
}

/** An expired token does not get here: GitLab refuses it. */
export function checkExpiry({ expiresOn }: ForgeToken, now: Date): Check {
  const name = "token-expiry";
  if (expiresOn === undefined) {
    return { name, verdict: "warning", detail: "the token never expires", fix: "Give it a date, and renew it before" };
  }
  const days = Math.ceil((Date.parse(expiresOn) - now.getTime()) / DAY_MS);
  if (days > WARN_DAYS) return { name, verdict: "good", detail: `the token is good until ${expiresOn}, for ${days} days` };
  return {
    name,
    verdict: "warning",
    detail: `the token dies on ${expiresOn}, in ${Math.max(0, days)} days`,
    fix: "Rotate it in GitLab with a new date (the old value dies at once), and set CLAIMBOT_GITLAB_TOKEN",
  };
}

/** `level` in the project, inherited ones included. */
export function checkLevel(level: number): Check {
  const name = "token-role";
  if (level < 30) return { name, verdict: "bad", detail: `${roleOf(level)} cannot set a commit's status`, fix: WAY_OUT };
  if (level < 40) {
    return {
      name,
      verdict: "warning",
      detail: `${roleOf(level)} is enough for the service, but not to look after its hook and the protected branch`,
      fix: WAY_OUT,
    };
  }
  if (level > 40)
    return { name, verdict: "warning", detail: `${roleOf(level)} is more than is needed: Maintainer`, fix: WAY_OUT };
  return { name, verdict: "good", detail: "Maintainer in the project" };
}

export function roleOf(level: number): string {
  return ROLES.get(level) ?? `a role of level ${level}`;
}

const ROLES: ReadonlyMap<number, string> = new Map([
  [0, "No role"],
  [10, "Guest"],
  [15, "Planner"],
  [20, "Reporter"],
  [25, "Security Manager"],
  [30, "Developer"],
  [40, "Maintainer"],
  [50, "Owner"],
]);
