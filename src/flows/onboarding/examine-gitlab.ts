/** Everything that can be wrong with GitLab: token, hook, labels, protected branch. Changes nothing, but for a test event where it is asked for. */
import { adviseOnMerges } from "../../core/onboarding/approvals.ts";
import { judgeBranch } from "../../core/onboarding/branch.ts";
import type { Check } from "../../core/onboarding/check.ts";
import * as hookChecks from "../../core/onboarding/hook-checks.ts";
import { majorOf, ourHooks, type DesiredHook } from "../../core/onboarding/hook.ts";
import { LABELS } from "../../core/onboarding/labels.ts";
import { extraHook, laxPattern } from "../../core/onboarding/steps.ts";
import { checkExpiry, checkLevel, checkOwner, checkScopes } from "../../core/onboarding/token.ts";
import type { ForgeHook, ForgeSettings } from "../../core/ports.ts";
import { look } from "./look.ts";
import type { SetUpWorld } from "./set-up.ts";
import { sendTest } from "./send-test.ts";

export interface Examination {
  /** Undefined: nobody told the public address, so the hook is found by its name. */
  readonly url: string | undefined;
  readonly desired: DesiredHook;
  readonly live: { readonly secrets: number; readonly signingTokens: number };
  readonly now: Date;
  /** Revive a hook that is off by a test event. */
  readonly fix: boolean;
  readonly signal: AbortSignal;
}

/** Where GitLab itself does not answer, that is the only check. */
export async function examineGitlab({ settings, forge }: SetUpWorld, examination: Examination): Promise<readonly Check[]> {
  const { now, signal } = examination;
  const reached = await look("gitlab", async () => checkRelease((await settings.release(signal)).version));
  if (reached.some(({ verdict }) => verdict === "bad")) return reached;
  const parts = await Promise.all([
    look("token", async () => {
      const [token, me] = await Promise.all([settings.token(signal), forge.me(signal)]);
      return [checkOwner(token, me), checkScopes(token), checkExpiry(token, now)];
    }),
    look("token-role", async () => checkLevel(await forge.accessLevel((await forge.me(signal)).id, signal))),
    look("hook", async () => examineHook(settings, examination)),
    look("labels", async () => checkLabels(await settings.labels(signal))),
    look("branch", async () => {
      const { defaultBranch } = await forge.project(signal);
      const { wish, now: words, laxPatterns } = judgeBranch(await settings.branchRules(signal), defaultBranch);
      const verdict = wish === undefined ? "good" : "bad";
      const fix = "Run claimbot init";
      const check: Check = { name: "branch", verdict, detail: `${defaultBranch}: ${words}`, ...(wish && { fix }) };
      return [check, ...laxPatterns.map(({ name }) => laxPattern(name, defaultBranch))];
    }),
    look("approvals", async () => adviseOnMerges(await settings.mergeSettings(signal))),
  ]);
  return [...reached, ...parts.flat()];
}

function checkRelease(version: string): Check {
  const name = "gitlab";
  if (majorOf(version) >= 17) return { name, verdict: "good", detail: `GitLab ${version} answers` };
  return {
    name,
    verdict: "warning",
    detail: `GitLab ${version} is older than what claimbot is tried with`,
    fix: "Use 17 or newer",
  };
}

function checkLabels(labels: readonly string[]): Check {
  const missing = LABELS.map(({ name }) => name).filter((name) => !labels.includes(name));
  if (missing.length === 0) return { name: "labels", verdict: "good", detail: LABELS.map(({ name }) => name).join(", ") };
  return { name: "labels", verdict: "warning", detail: `missing: ${missing.join(", ")}`, fix: "Run claimbot init" };
}

const DELIVERIES = 20;

async function examineHook(settings: ForgeSettings, examination: Examination): Promise<readonly Check[]> {
  const { url, desired, live, signal } = examination;
  const { hook, others } = ourHooks(await settings.hooks(signal), desired);
  // An address that nobody told cannot be wrong.
  const expected = url === undefined && hook !== undefined ? { ...desired, url: hook.url } : desired;
  const settled = hookChecks.checkHookSettings(hook, expected);
  if (hook === undefined) return [settled];
  return [
    settled,
    ...others.map(extraHook),
    await revived(settings, hook, examination),
    ...(await look("hook-deliveries", async () =>
      hookChecks.checkDeliveries(await settings.hookDeliveries(hook.id, DELIVERIES, signal), hook.url),
    )),
    hookChecks.checkHookSecrets(hook, live),
  ];
}

async function revived(settings: ForgeSettings, hook: ForgeHook, { fix, signal }: Examination): Promise<Check> {
  const check = hookChecks.checkHookHealth(hook);
  if (check.verdict === "good" || !fix) return check;
  const test = await sendTest(settings, hook, signal);
  switch (test.outcome) {
    case "answered":
      return { ...check, verdict: "good", detail: `hook ${hook.id} was off; a test event was answered, and it is on again` };
    case "refused":
      return { ...check, detail: `${check.detail}; its test event was refused: ${test.detail}` };
    case "no-data":
      return { ...check, detail: `${check.detail}; the project has nothing yet to make a test event of` };
  }
}
