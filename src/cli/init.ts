/** claimbot init: sets up the claim repository in GitLab, with only a token. Safe to repeat. */
import { parseUrl } from "../config/values.ts";
import type { Secret } from "../core/secret.ts";
import { desiredHook } from "../core/onboarding/hook.ts";
import { oneLine } from "../core/render/encode.ts";
import { setUp } from "../flows/onboarding/set-up.ts";
import { checkLine } from "./check-lines.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openGitlab } from "./gitlab.ts";
import { makeWebhookSecrets, environmentLine } from "./webhook-secrets.ts";
import { readWords } from "./words.ts";

export const init: Run = async (words, terminal) => {
  const { values } = readWords(words, { url: { type: "string" }, "dry-run": { type: "boolean" } }, 0);
  const { config, given, settings, forge } = openGitlab(terminal);
  const url = urlOf(values.url, config.publicUrl);
  const dryRun = values["dry-run"] === true;
  const made: { readonly setting: string; readonly value: Secret }[] = [];
  let isReady = true;

  if (dryRun) terminal.out("Nothing is changed: this is what claimbot init would do.\n\n");
  await setUp(
    { settings, forge },
    {
      desired: {
        hook: desiredHook(config.instance, url),
        given: { secret: given.secret !== undefined, signingToken: given.signingToken !== undefined },
      },
      given,
      make: makeWebhookSecrets,
      dryRun,
      signal: new AbortController().signal,
      tell: (told) => {
        if (told.kind === "line") terminal.out(`${oneLine(told.line, 2000)}\n`);
        else if (told.kind === "made") made.push(told);
        else {
          terminal.out(checkLine(told.check));
          isReady &&= told.check.verdict !== "bad";
        }
      },
    },
  );
  if (made.length > 0) {
    terminal.out("\nNew secrets, shown this once: put them into the environment of claimbot serve.\n\n");
    for (const { setting, value } of made) terminal.out(environmentLine(setting, [value]));
    if (config.publicUrl !== url) terminal.out(`CLAIMBOT_URL=${url}\n`);
  }
  return isReady ? 0 : 3;
};

function urlOf(text: string | undefined, configured: string | undefined): string {
  if (text === undefined) {
    if (configured !== undefined) return withoutPath(configured, "CLAIMBOT_URL");
    throw new WrongUse("init needs --url (or CLAIMBOT_URL): the address under which GitLab reaches claimbot");
  }
  const parsed = parseUrl(text);
  if ("reason" in parsed) throw new WrongUse(`--url ${parsed.reason}. ${parsed.wayOut}.`);
  return withoutPath(parsed.value, "--url");
}

/** Whoever made a hook by hand has its whole address at hand. */
function withoutPath(url: string, from: string): string {
  if (url.endsWith("/webhooks/gitlab"))
    throw new WrongUse(`${from} ends in /webhooks/gitlab. Leave that off: claimbot puts it there itself.`);
  return url;
}
