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
  | { readonly outcome: "accepted"; readonly hook: ForgeHook }
  /** GitLab has the new ones, and nobody knows whether the service takes them. `why` may hold foreign text; `again` is when or how to try. */
  | { readonly outcome: "untested"; readonly hook: ForgeHook; readonly why: string; readonly again: string }
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
    case "no-test":
      return { outcome: "untested", hook, why: test.why, again: test.again };
    case "no-data":
      return {
        outcome: "untested",
        hook,
        why: "the project has nothing yet to make one of",
        again: "Push something, or open a merge request, then run it again",
      };
    case "refused":
      await settings.setHookSecrets(hook, nth(lists, 1), signal);
      return { outcome: "put-back", hook, detail: test.detail };
  }
}

interface NoTest {
  readonly outcome: "no-test";
  readonly why: string;
  readonly again: string;
}

/** That GitLab sends no test says nothing about the secrets, and hides nothing of what was done to them. */
async function tried(
  settings: ForgeSettings,
  hook: ForgeHook,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof sendTest>> | NoTest> {
  try {
    return await sendTest(settings, hook, signal);
  } catch (error) {
    if (error instanceof Waiting) {
      const seconds = Math.max(1, Math.ceil(error.retryAfterMs / 1000));
      return { outcome: "no-test", why: error.message, again: `Run it again in ${seconds} s` };
    }
    if (error instanceof Stalled) return { outcome: "no-test", why: error.message, again: `${error.wayOut}, then run it again` };
    throw error;
  }
}

function nth({ secrets, signingTokens }: SecretLists, index: number): HookSecretValues {
  const [secret, signingToken] = [secrets[index], signingTokens[index]];
  return { ...(secret && { secret }), ...(signingToken && { signingToken }) };
}
