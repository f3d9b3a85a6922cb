/** The project hook as claimbot needs it, and what is different about one that is there. Pure. */
import type { ForgeHook, ForgeRelease, HookSecretValues, HookWish } from "../ports.ts";

/** What the intake reads. Emoji is not among them: the bot's own reactions would wake it. */
const EVENTS: Readonly<Record<string, string>> = {
  merge_requests_events: "merge requests",
  note_events: "comments",
  push_events: "pushes",
};

export interface DesiredHook {
  readonly name: string;
  readonly url: string;
}

/** `url` is claimbot's public address, without a trailing slash. */
export function desiredHook(instance: string, url: string): DesiredHook {
  return { name: `claimbot ${instance}`, url: `${url}/webhooks/gitlab` };
}

/** The one that is ours, the best match first, and others that would deliver to us too or carry our name. */
export function ourHooks(
  hooks: readonly ForgeHook[],
  { name, url }: DesiredHook,
): { readonly hook: ForgeHook | undefined; readonly others: readonly ForgeHook[] } {
  const score = (hook: ForgeHook): number => (hook.url === url ? 2 : 0) + (hook.name === name ? 1 : 0);
  const [hook, ...others] = hooks.filter((hook) => score(hook) > 0).toSorted((a, b) => score(b) - score(a) || a.id - b.id);
  return { hook, others };
}

export interface HookDifference {
  /** What the hook does, such as `does not hear comments`. */
  readonly words: string;
  /** Events that we need do not come, or not as they are. */
  readonly losesEvents: boolean;
}

/** Empty when it is as it should be. Secrets are judged apart: GitLab tells none. */
export function hookDifferences(hook: ForgeHook, { name, url }: DesiredHook): readonly HookDifference[] {
  const missing = Object.keys(EVENTS).filter((event) => !hook.events.includes(event));
  const extra = hook.events.filter((event) => !(event in EVENTS));
  return [
    loss(hook.url !== url, `calls ${hook.url}`),
    // Before 17.1 hooks have no names.
    flaw(hook.name !== undefined && hook.name !== name, `is called ${hook.name}`),
    loss(missing.length > 0, `does not hear ${eventWords(missing)}`),
    flaw(extra.length > 0, `also hears ${eventWords(extra)}`),
    loss(hook.branchFilter !== undefined, `hears only of pushes to ${hook.branchFilter}`),
    loss(hook.hasTemplate, "has a template that rewrites what it sends"),
    flaw(!hook.verifiesCertificate && url.startsWith("https:"), "does not check our certificate"),
  ].flat();
}

function loss(is: boolean, words: string): readonly HookDifference[] {
  return is ? [{ words, losesEvents: true }] : [];
}

function flaw(is: boolean, words: string): readonly HookDifference[] {
  return is ? [{ words, losesEvents: false }] : [];
}

export function differenceWords(differences: readonly HookDifference[]): string {
  return differences.map(({ words }) => words).join(", ");
}

/** `merge_requests_events` → `merge requests`. */
export function eventWords(events: readonly string[]): string {
  return events.map((event) => EVENTS[event] ?? event.replace(/_events$/, "").replaceAll("_", " ")).join(", ");
}

export function neededEvents(): readonly string[] {
  return Object.keys(EVENTS);
}

/** Where a secret of the hook comes from: the settings, fresh from the dice, left as it is, or none at all. */
export type Source = "given" | "made" | "kept" | "none";

export interface HookSecrets {
  readonly secret: Source;
  readonly signingToken: Source;
}

/**
 * Given ones are always sent: GitLab does not show what it has, so they cannot be compared. GitLab drops the secret when the address
 * changes (facts of 2026-11-24), so then nothing can be kept.
 */
export function hookSecrets(
  hook: ForgeHook | undefined,
  url: string,
  given: { readonly secret: boolean; readonly signingToken: boolean },
  release: ForgeRelease,
): HookSecrets {
  const fresh = hook?.url !== url;
  const source = (isGiven: boolean, present: boolean | undefined): Source =>
    isGiven ? "given" : fresh || present === false ? "made" : "kept";
  return {
    secret: source(given.secret, hook?.hasSecret),
    signingToken: signsWebhooks(release) ? source(given.signingToken, hook?.hasSigningToken) : "none",
  };
}

/** GitLab 19.0 and newer. */
export function signsWebhooks({ version }: ForgeRelease): boolean {
  return majorOf(version) >= 19;
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** What is sent to GitLab. An event that nobody asked for is switched off. */
export function hookWish({ name, url }: DesiredHook, hook: ForgeHook | undefined, secrets: HookSecretValues): HookWish {
  const off = ["confidential_note_events", ...(hook?.events ?? [])].filter((event) => !(event in EVENTS));
  const events: Record<string, boolean> = {};
  for (const event of off) events[event] = false;
  for (const event of neededEvents()) events[event] = true;
  return { name, url, events, secrets };
}
