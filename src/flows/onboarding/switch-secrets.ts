/**
 * Gives GitLab the newest secrets, of which the service already accepts old and new, and tries them with a test event. Where that is refused,
 * the ones before are put back: nobody is locked out.
 */
import { Stalled, Waiting } from "../../core/errors.ts";
import { ourHooks, type DesiredHook } from "../../core/onboarding/hook.ts";
import type { ForgeHook, ForgeSettings, HookSecretValues } from "../../core/ports.ts";
import type { Secret } from "../../core/secret.ts";
import { sendTest } from "./send-test.ts";

/** Newest first, as in the settings. */
export interface SecretLists {
  readonly secrets: readonly Secret[];
  readonly signingTokens: readonly Secret[];
}

export type Switched =
  | { readonly outcome: "accepted" | "untested"; readonly hook: ForgeHook }
  | { readonly outcome: "put-back"; readonly hook: ForgeHook; readonly detail: string };

/** Throws Stalled where there is no hook of ours. */
export async function switchSecrets(
  settings: ForgeSettings,
  desired: DesiredHook,
  lists: SecretLists,
  signal: AbortSignal,
): Promise<Switched> {
  const { hook } = ourHooks(await settings.hooks(signal), desired);
  if (hook === undefined) throw new Stalled(`the project has no hook ${desired.name}`, "Run claimbot init");
  await settings.setHookSecrets(hook, nth(lists, 0), signal);
  const test = await tried(settings, hook, signal);
  switch (test.outcome) {
    case "answered":
      return { outcome: "accepted", hook };
    case "no-answer":
    case "no-data":
      return { outcome: "untested", hook };
    case "refused":
      await settings.setHookSecrets(hook, nth(lists, 1), signal);
      return { outcome: "put-back", hook, detail: test.detail };
  }
}

/** GitLab has no time for a test: it says nothing about the secrets. */
async function tried(
  settings: ForgeSettings,
  hook: ForgeHook,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof sendTest>> | { readonly outcome: "no-answer" }> {
  try {
    return await sendTest(settings, hook, signal);
  } catch (error) {
    if (error instanceof Waiting) return { outcome: "no-answer" };
    throw error;
  }
}

function nth({ secrets, signingTokens }: SecretLists, index: number): HookSecretValues {
  const [secret, signingToken] = [secrets[index], signingTokens[index]];
  return { ...(secret && { secret }), ...(signingToken && { signingToken }) };
}
