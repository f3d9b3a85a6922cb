/** claimbot hook rotate: new secrets for the webhook, in an order in which nobody is ever locked out. */
import { desiredHook } from "../core/onboarding/hook.ts";
import { oneLine } from "../core/render/encode.ts";
import { switchSecrets } from "../flows/onboarding/switch-secrets.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openGitlab, type GitlabWorld } from "./gitlab.ts";
import type { Terminal } from "./terminal.ts";
import { environmentLine, makeWebhookSecrets } from "./webhook-secrets.ts";
import { readWords } from "./words.ts";

const STEPS = `The order is
  1. claimbot hook rotate --prepare   prints new and old as one list: give it to the service, and restart it
  2. claimbot hook rotate --switch    with that list in the settings: GitLab gets the new ones
  3. take the old ones out of the list, and restart the service`;

export const hook: Run = async (words, terminal) => {
  const options = { prepare: { type: "boolean" }, switch: { type: "boolean" } } as const;
  const { values, positionals } = readWords(words, options, 1);
  if (positionals[0] !== "rotate") throw new WrongUse("hook knows one thing to do: claimbot hook rotate");
  if (values.prepare === values.switch) throw new WrongUse(`hook rotate needs --prepare or --switch.\n${STEPS}`);
  return values.prepare === true ? prepare(terminal) : switchOver(terminal);
};

/** Touches nothing. A kind of secret that the service does not have yet is not begun here: it would demand what GitLab does not send. */
async function prepare(terminal: Terminal): Promise<number> {
  const { secrets, signingTokens } = openGitlab(terminal).config.webhook;
  if (secrets.length + signingTokens.length === 0) {
    throw new WrongUse(
      "the settings hold no secret: run this with those of the service (CLAIMBOT_WEBHOOK_SECRET, CLAIMBOT_WEBHOOK_SIGNING_TOKEN), so that the list keeps the old ones",
    );
  }
  const made = makeWebhookSecrets();
  terminal.out(
    "GitLab has the old ones still. Step 1 of 3: give these lists to the service, new before old, and restart it.\n\n",
  );
  if (secrets.length > 0) terminal.out(environmentLine("CLAIMBOT_WEBHOOK_SECRET", [made.secret, ...secrets]));
  if (signingTokens.length > 0)
    terminal.out(environmentLine("CLAIMBOT_WEBHOOK_SIGNING_TOKEN", [made.signingToken, ...signingTokens]));
  terminal.out("\nThen, with the same lists in the settings here: claimbot hook rotate --switch\n");
  return 0;
}

async function switchOver(terminal: Terminal): Promise<number> {
  const { config, settings }: GitlabWorld = openGitlab(terminal);
  const { secrets, signingTokens } = config.webhook;
  if (secrets.length < 2 && signingTokens.length < 2) {
    throw new WrongUse(
      `there is nothing to switch to: no list in the settings holds a new value before an old one.\n${STEPS}\nTo give GitLab the one that there is: claimbot init`,
    );
  }
  const desired = desiredHook(config.instance, config.publicUrl ?? "");
  const switched = await switchSecrets(settings, desired, config.webhook, new AbortController().signal);
  switch (switched.outcome) {
    case "accepted":
      terminal.out(
        `Hook ${switched.hook.id} has the new secrets, and the service took its test event.\nStep 3 of 3: take the old ones out of the lists, and restart the service.\n`,
      );
      return 0;
    case "untested":
      // Not ready: until it is proven, taking the old ones out may shut the service to every event.
      terminal.err(
        `claimbot: hook ${switched.hook.id} has the new secrets, but no test event proved that the service takes them (${oneLine(switched.why)}).
Leave the old ones in the lists. ${oneLine(switched.again)}: it tries them, and puts the old ones back where the service refuses them.
To take it back at once: write the old ones first in the lists here, and run it again.
`,
      );
      return 3;
    case "put-back":
      terminal.err(
        `claimbot: the test event with the new secrets failed (${oneLine(switched.detail)}), so hook ${switched.hook.id} has the old ones again.\nLook whether the service runs with both in its lists, then run it again.\n`,
      );
      return 3;
  }
}
