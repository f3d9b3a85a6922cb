/** claimbot doctor: looks at everything that the service stands on, and says what to do. Changes nothing, but for a test event with --fix. */
import { resolve } from "node:path";
import { openForge } from "../adapters/gitlab/forge.ts";
import { openForgeSettings } from "../adapters/gitlab/settings.ts";
import { readConfig, type Config } from "../config.ts";
import { isReady, type Check } from "../core/onboarding/check.ts";
import { desiredHook } from "../core/onboarding/hook.ts";
import { redact } from "../core/secret.ts";
import { examineGitlab } from "../flows/onboarding/examine-gitlab.ts";
import { look } from "../flows/onboarding/look.ts";
import { checkTable } from "./check-lines.ts";
import type { Run } from "./run.ts";
import { checkGit, readPlatform } from "./doctor/repository.ts";
import { checkClaimStore, checkDataDirectory, checkStoreOwner } from "./doctor/storage.ts";
import * as systems from "./doctor/systems.ts";
import type { Terminal } from "./terminal.ts";
import { oneOf, readWords } from "./words.ts";

export const doctor: Run = async (words, terminal) => {
  const options = { fix: { type: "boolean" }, dir: { type: "string" }, format: { type: "string" } } as const;
  const { values } = readWords(words, options, 0);
  const format = oneOf("format", values.format, ["text", "json"]);
  const { settings, config } = readSettings(terminal);
  const checks = [
    ...settings,
    ...(config === undefined ? [] : await examine(config, terminal.path(values.dir ?? "."), values.fix === true)),
  ];
  const ready = isReady(checks);
  // Others' words may hold anything; ours are blanked by value.
  const text = format === "json" ? `${JSON.stringify({ ready, checks }, null, 2)}\n` : checkTable(checks);
  terminal.out(redact(text, config?.secrets ?? []));
  return ready ? 0 : 3;
};

/** The settings of the service. Where only something is missing for it, the rest is still looked at. */
function readSettings({ env }: Terminal): { readonly settings: readonly Check[]; readonly config: Config | undefined } {
  const serve = readConfig("serve", env);
  if (serve.ok) {
    return { settings: [{ name: "settings", verdict: "good", detail: "complete, and each in its form" }], config: serve.config };
  }
  const settings = serve.mistakes.map(({ setting, reason, wayOut }): Check => ({
    name: "settings",
    verdict: "bad",
    detail: `${setting} ${reason}`,
    fix: wayOut,
  }));
  const rest = readConfig("command-line", env);
  return rest.ok ? { settings, config: rest.config } : { settings: [...settings, NOTHING_ELSE], config: undefined };
}

const NOTHING_ELSE: Check = {
  name: "everything-else",
  verdict: "skipped",
  detail: "nothing else is looked at before every setting has its form",
};

async function examine(config: Config, directory: string, fix: boolean): Promise<readonly Check[]> {
  const { signal } = new AbortController();
  const gitlab = config.gitlab && { settings: openForgeSettings(config.gitlab), forge: openForge(config.gitlab) };
  const url = config.publicUrl;
  const atGitlab =
    gitlab === undefined
      ? [{ name: "gitlab", verdict: "skipped", detail: "no CLAIMBOT_GITLAB_URL" } as const]
      : await examineGitlab(gitlab, {
          url,
          desired: desiredHook(config.instance, url ?? ""),
          live: { secrets: config.webhook.secrets.length, signingTokens: config.webhook.signingTokens.length },
          now: new Date(),
          fix,
          signal,
        });
  const unreachable = atGitlab.length === 1 && atGitlab[0]?.verdict !== "good";
  const git = gitlab === undefined || unreachable ? [] : await checkGit(config.gitlab, gitlab.forge, signal);
  const platform = unreachable ? { checks: [], platform: undefined } : await readPlatform(gitlab, directory, signal);
  const dataDirectory = resolve(directory, config.dataDirectory);
  const others = await Promise.all([
    checkClaimStore(config, signal),
    unreachable || gitlab === undefined ? [] : checkStoreOwner(config, dataDirectory, gitlab.forge, signal),
    systems.checkDatabase(config),
    systems.checkCloudflare(config, platform.platform, signal),
    systems.checkRegistry(config, signal),
    systems.checkKubernetes(config, signal),
  ]);
  const data = await look("data-directory", async () => checkDataDirectory(dataDirectory));
  return [...atGitlab, ...git, ...platform.checks, ...data, ...others.flat(), ...systems.checkFlux(config)];
}
