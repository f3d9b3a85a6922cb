/** GitLab alone, for the commands that look after its settings: no claim repository, no data directory. */
import { openForge } from "../adapters/gitlab/forge.ts";
import { openForgeSettings } from "../adapters/gitlab/settings.ts";
import { mistakeLines, readConfig, type Config } from "../config.ts";
import type { HookSecretValues } from "../core/ports.ts";
import type { SetUpWorld } from "../flows/onboarding/set-up.ts";
import { WrongUse } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

export interface GitlabWorld extends SetUpWorld {
  readonly config: Config;
  /** The newest of each list in the settings. */
  readonly given: HookSecretValues;
}

/** Throws WrongUse where the settings have mistakes, or do not name a GitLab. */
export function openGitlab(terminal: Terminal): GitlabWorld {
  const read = readConfig("command-line", terminal.env);
  if (!read.ok) throw new WrongUse(`the settings have mistakes:\n${mistakeLines(read.mistakes)}`);
  const { config } = read;
  if (config.gitlab === undefined)
    throw new WrongUse("this needs CLAIMBOT_GITLAB_URL, CLAIMBOT_GITLAB_TOKEN and CLAIMBOT_GITLAB_PROJECT");
  const [secret] = config.webhook.secrets;
  const [signingToken] = config.webhook.signingTokens;
  return {
    config,
    given: { ...(secret && { secret }), ...(signingToken && { signingToken }) },
    settings: openForgeSettings(config.gitlab),
    forge: openForge(config.gitlab),
  };
}
