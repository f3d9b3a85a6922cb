/** From what a project is to what claimbot needs of it: the steps between, each of them in words. Pure. */
import type { BranchRule, BranchWish, ForgeHook, ForgeRelease } from "../ports.ts";
import { judgeBranch, wishWords } from "./branch.ts";
import type { Check } from "./check.ts";
import {
  differenceWords,
  eventWords,
  hookDifferences,
  hookSecrets,
  neededEvents,
  ourHooks,
  signsWebhooks,
  type DesiredHook,
  type HookDifference,
  type HookSecrets,
  type Source,
} from "./hook.ts";
import { LABELS } from "./labels.ts";

export interface Observed {
  readonly release: ForgeRelease;
  readonly defaultBranch: string;
  readonly hooks: readonly ForgeHook[];
  readonly labels: readonly string[];
  readonly branchRules: readonly BranchRule[];
}

export interface Desired {
  readonly hook: DesiredHook;
  /** Which secrets the settings hold. */
  readonly given: { readonly secret: boolean; readonly signingToken: boolean };
}

export type Step =
  | { readonly kind: "label"; readonly label: (typeof LABELS)[number] }
  | { readonly kind: "branch"; readonly wish: BranchWish; readonly now: string }
  | {
      readonly kind: "hook";
      /** Undefined: it is to be made. */
      readonly hook: ForgeHook | undefined;
      readonly desired: DesiredHook;
      readonly differences: readonly HookDifference[];
      readonly secrets: HookSecrets;
    };

/** In the order in which they are taken: the hook last, because from then on GitLab calls. */
export function stepsTo(desired: Desired, observed: Observed): readonly Step[] {
  const { wish, now } = judgeBranch(observed.branchRules, observed.defaultBranch);
  return [
    ...LABELS.filter(({ name }) => !observed.labels.includes(name)).map((label): Step => ({ kind: "label", label })),
    ...(wish === undefined ? [] : [{ kind: "branch", wish, now } as const]),
    ...hookSteps(desired, observed),
  ];
}

function hookSteps(desired: Desired, { hooks, release }: Observed): readonly Step[] {
  const { hook } = ourHooks(hooks, desired.hook);
  const differences = hook === undefined ? [] : hookDifferences(hook, desired.hook);
  const secrets = hookSecrets(hook, desired.hook.url, desired.given, release);
  const sends = [secrets.secret, secrets.signingToken].some((source) => source === "given" || source === "made");
  return hook === undefined || differences.length > 0 || sends
    ? [{ kind: "hook", hook, desired: desired.hook, differences, secrets }]
    : [];
}

/** One line: `+` comes into being, `~` changes. */
export function stepLine(step: Step): string {
  switch (step.kind) {
    case "label":
      return `+ label ${step.label.name}`;
    case "branch":
      return `~ branch ${step.wish.name}: ${wishWords(step.wish)} (before: ${step.now})`;
    case "hook": {
      const { hook, desired, differences, secrets } = step;
      const words = `${desired.name}, to ${desired.url}`;
      if (hook === undefined) return `+ hook ${words}: ${eventWords(neededEvents())}; ${secretWords(secrets)}`;
      const before = differences.length === 0 ? "" : ` (before: it ${differenceWords(differences)})`;
      return `~ hook ${hook.id}, ${words}; ${secretWords(secrets)}${before}`;
    }
  }
}

const SOURCES: Readonly<Record<Source, string>> = {
  given: "from the settings",
  made: "a new one",
  kept: "as it was",
  none: "none, this GitLab is older than 19.0",
};

function secretWords({ secret, signingToken }: HookSecrets): string {
  return `secret: ${SOURCES[secret]}, signing token: ${SOURCES[signingToken]}`;
}

/** What is as it should be already. */
export function settledLines(steps: readonly Step[], observed: Observed): readonly string[] {
  const open = new Set(steps.map((step) => (step.kind === "label" ? step.label.name : step.kind)));
  return [
    ...LABELS.filter(({ name }) => !open.has(name)).map(({ name }) => `= label ${name}`),
    ...(open.has("branch") ? [] : [`= branch ${observed.defaultBranch}: nobody may push`]),
    ...(open.has("hook")
      ? []
      : ["= hook: as it should be, with secrets that were set before (claimbot hook rotate changes them)"]),
  ];
}

/** What only a person can decide. */
export function adviceOn(desired: Desired, { release, hooks, branchRules, defaultBranch }: Observed): readonly Check[] {
  const { others } = ourHooks(hooks, desired.hook);
  const { laxPatterns } = judgeBranch(branchRules, defaultBranch);
  return [
    ...(desired.given.signingToken && !signsWebhooks(release) ? [UNSIGNED] : []),
    ...others.map(extraHook),
    ...laxPatterns.map(({ name }) => laxPattern(name, defaultBranch)),
  ];
}

export const UNSIGNED: Check = {
  name: "webhook-secret",
  verdict: "bad",
  detail: "GitLab signs nothing, but CLAIMBOT_WEBHOOK_SIGNING_TOKEN is set: the service would refuse every event",
  fix: "Unset CLAIMBOT_WEBHOOK_SIGNING_TOKEN, and keep CLAIMBOT_WEBHOOK_SECRET",
};

export function extraHook({ id, url, name }: ForgeHook): Check {
  return {
    name: "hook-others",
    verdict: "warning",
    detail: `hook ${id}${name === undefined ? "" : ` (${name})`} also calls ${url}: every event would come twice`,
    fix: `Look whose it is at Settings > Webhooks, and delete it there if nobody needs it`,
  };
}

export function laxPattern(pattern: string, branch: string): Check {
  return {
    name: "branch",
    verdict: "warning",
    detail: `the rule for ${pattern} lets somebody push to ${branch} all the same: the laxest rule counts`,
    fix: "Change that rule at Settings > Repository > Protected branches",
  };
}
