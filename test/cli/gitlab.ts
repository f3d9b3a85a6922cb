/** A sandbox GitLab with the starter in it, and claimbot beside it as a process with the settings for it. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startGitlab, type SandboxGitlab } from "../../src/sandbox/gitlab/start-gitlab.ts";
import { claimbot, type Result } from "./claimbot.ts";

const PLATFORM = readFileSync(fileURLToPath(new URL("../../static-environments/platform.yaml", import.meta.url)), "utf8");

/** Must never be seen in what a command prints. */
export const CANARY = "glpat-canary0123456789";
export const URL_OF_CLAIMBOT = "https://claimbot.example.org";

export interface GitlabAndClaimbot extends AsyncDisposable {
  readonly gitlab: SandboxGitlab;
  readonly env: Readonly<Record<string, string>>;
  /** As its user would run it; more settings win. */
  run(words: readonly string[], more?: Readonly<Record<string, string>>): Promise<Result>;
}

/** mara maintains; the token with the canary is a project access token's with the role Maintainer. */
export async function gitlabAndClaimbot(): Promise<GitlabAndClaimbot> {
  const gitlab = await startGitlab({ seed: { "platform.yaml": PLATFORM }, users: [{ username: "mara", level: 40 }] });
  const bot = gitlab.createBot();
  gitlab.revokeToken(bot.token);
  gitlab.world.addToken(bot.user, { value: CANARY, name: "claimbot", expiresOn: "2099-01-31" });
  const env = {
    CLAIMBOT_GITLAB_URL: gitlab.url,
    CLAIMBOT_GITLAB_TOKEN: CANARY,
    CLAIMBOT_GITLAB_PROJECT: gitlab.project.path,
    CLAIMBOT_INSTANCE: "acme",
  };
  return {
    gitlab,
    env,
    run: async (words, more = {}) => claimbot(words, { env: { ...env, ...more } }),
    [Symbol.asyncDispose]: async () => gitlab[Symbol.asyncDispose](),
  };
}

/** `NAME=value` among the lines. */
export function settingIn({ stdout }: Result, name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, "m").exec(stdout)?.[1];
}
