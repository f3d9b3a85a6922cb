/** Makes a project what claimbot needs of it: looks, says what is to change, changes it. Safe to repeat, and to cut off anywhere. */
import { adviseOnMerges } from "../../core/onboarding/approvals.ts";
import type { Check } from "../../core/onboarding/check.ts";
import { differenceWords, hookDifferences, hookWish, type Source } from "../../core/onboarding/hook.ts";
import {
  adviceOn,
  settledLines,
  stepLine,
  stepsTo,
  UNSIGNED,
  type Desired,
  type Observed,
  type Step,
} from "../../core/onboarding/steps.ts";
import { roleOf } from "../../core/onboarding/token.ts";
import { Stalled } from "../../core/errors.ts";
import type { Forge, ForgeSettings, HookSecretValues } from "../../core/ports.ts";
import type { Secret } from "../../core/secret.ts";

export interface SetUpWorld {
  readonly settings: ForgeSettings;
  readonly forge: Pick<Forge, "me" | "project" | "accessLevel">;
}

export interface SetUpOptions {
  readonly desired: Desired;
  readonly given: HookSecretValues;
  /** Fresh secrets, where they are needed. */
  readonly make: () => Required<HookSecretValues>;
  readonly dryRun: boolean;
  /** Told of each thing when it is done. */
  readonly tell: (told: Told) => void;
  readonly signal: AbortSignal;
}

export type Told =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "advice"; readonly check: Check }
  /** Made here and known nowhere else: to be shown once. */
  | { readonly kind: "made"; readonly setting: string; readonly value: Secret };

/** Throws Stalled when the token may not set up anything. */
export async function setUp({ settings, forge }: SetUpWorld, options: SetUpOptions): Promise<void> {
  const { desired, dryRun, tell, signal } = options;
  const [release, project, me] = await Promise.all([settings.release(signal), forge.project(signal), forge.me(signal)]);
  const level = await forge.accessLevel(me.id, signal);
  tell({ kind: "line", line: `${project.webUrl} (GitLab ${release.version}), as @${me.username}` });
  if (level < 40) {
    throw new Stalled(
      `the token is ${roleOf(level)} in ${project.path}: hooks and protected branches need a Maintainer`,
      "Give CLAIMBOT_GITLAB_TOKEN the role Maintainer",
    );
  }
  const [hooks, labels, branchRules, merges] = await Promise.all([
    settings.hooks(signal),
    settings.labels(signal),
    settings.branchRules(signal),
    settings.mergeSettings(signal),
  ]);
  const observed: Observed = { release, defaultBranch: project.defaultBranch, hooks, labels, branchRules };
  const steps = stepsTo(desired, observed);
  for (const line of settledLines(steps, observed)) tell({ kind: "line", line });
  for (const step of steps) {
    const after = dryRun ? [] : await take(settings, step, options);
    tell({ kind: "line", line: stepLine(step) });
    for (const told of after) tell(told);
  }
  const advice = [...adviceOn(desired, observed), ...adviseOnMerges(merges).filter(({ verdict }) => verdict !== "good")];
  for (const check of advice) tell({ kind: "advice", check });
}

/** One step, and what there is to say of how it went. */
async function take(settings: ForgeSettings, step: Step, options: SetUpOptions): Promise<readonly Told[]> {
  switch (step.kind) {
    case "label":
      await settings.createLabel(step.label, options.signal);
      return [];
    case "branch": {
      const rule = await settings.protectBranch(step.wish, options.signal);
      if (rule.push.every(({ level: one }) => one === step.wish.push) && !rule.forcePush) return [];
      const detail = `GitLab keeps another rule for ${rule.name} than it was asked for: somebody may still push`;
      return [advice({ name: "branch", verdict: "bad", detail, fix: "Protect it by hand at Settings > Repository" })];
    }
    case "hook":
      return takeHook(settings, step, options);
  }
}

async function takeHook(
  settings: ForgeSettings,
  { hook, desired, secrets }: Extract<Step, { kind: "hook" }>,
  { given, make, signal }: SetUpOptions,
): Promise<readonly Told[]> {
  const fresh = make();
  const value = (source: Source, name: keyof HookSecretValues): Secret | undefined =>
    source === "given" ? given[name] : source === "made" ? fresh[name] : undefined;
  const [secret, signingToken] = [value(secrets.secret, "secret"), value(secrets.signingToken, "signingToken")];
  const wish = hookWish(desired, hook, { ...(secret && { secret }), ...(signingToken && { signingToken }) });
  const made = await (hook === undefined ? settings.createHook(wish, signal) : settings.editHook(hook.id, wish, signal));

  const told: Told[] = [];
  if (secrets.secret === "made") told.push({ kind: "made", setting: "CLAIMBOT_WEBHOOK_SECRET", value: fresh.secret });
  if (made.hasSigningToken === true) {
    if (secrets.signingToken === "made")
      told.push({ kind: "made", setting: "CLAIMBOT_WEBHOOK_SIGNING_TOKEN", value: fresh.signingToken });
  } else if (secrets.signingToken === "given") {
    told.push(advice(UNSIGNED));
  } else if (secrets.signingToken === "made") {
    const detail = "this GitLab did not take the signing token: the secret alone guards the webhook";
    told.push(advice({ name: "webhook-secret", verdict: "warning", detail }));
  }
  const left = hookDifferences(made, desired);
  if (left.length > 0) {
    const fix = "Change it by hand at Settings > Webhooks";
    told.push(advice({ name: "hook", verdict: "bad", detail: `GitLab took the hook, but it ${differenceWords(left)}`, fix }));
  }
  return told;
}

function advice(check: Check): Told {
  return { kind: "advice", check };
}
