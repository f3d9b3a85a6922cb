/** The claim repository as the service will read it: by git, with its token; and what its platform.yaml says. */
import { gitUrl } from "../../app.ts";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config.ts";
import { parsePlatform } from "../../core/claim/parse.ts";
import type { Platform } from "../../core/claim/platform.generated.ts";
import { PLATFORM_PATH } from "../../core/claim/validate.ts";
import type { Check } from "../../core/onboarding/check.ts";
import type { Forge, ForgeSettings } from "../../core/ports.ts";
import { look } from "../../flows/onboarding/look.ts";

/** With the mirror's own credentials and environment. */
export async function checkGit(gitlab: Config["gitlab"], forge: Forge, signal: AbortSignal): Promise<readonly Check[]> {
  return look("git", async () => {
    if (gitlab === undefined) return [];
    const { remoteCommit } = await import("../../adapters/git/reach.ts");
    const { path, defaultBranch } = await forge.project(signal);
    const commit = await remoteCommit({ url: gitUrl(gitlab, path), token: gitlab.token }, `refs/heads/${defaultBranch}`, signal);
    if (commit !== undefined) return { name: "git", verdict: "good", detail: `${defaultBranch} is at ${commit.slice(0, 12)}` };
    return { name: "git", verdict: "bad", detail: `the repository has no branch ${defaultBranch}`, fix: "Push a first commit" };
  });
}

/** platform.yaml as GitLab has it; without a GitLab, as it lies on disk. */
export async function readPlatform(
  gitlab: { readonly settings: ForgeSettings; readonly forge: Forge } | undefined,
  directory: string,
  signal: AbortSignal,
): Promise<{ readonly checks: readonly Check[]; readonly platform: Platform | undefined }> {
  let platform: Platform | undefined;
  const checks = await look("platform", async (): Promise<Check> => {
    const local = join(directory, PLATFORM_PATH);
    const bytes =
      gitlab === undefined
        ? existsSync(local)
          ? readFileSync(local)
          : undefined
        : await gitlab.settings.file(PLATFORM_PATH, (await gitlab.forge.project(signal)).defaultBranch, signal);
    if (bytes === undefined) {
      const fix = "Copy static-environments/ into the claim repository, and write what your platform offers into platform.yaml";
      return { name: "platform", verdict: gitlab === undefined ? "skipped" : "bad", detail: "there is no platform.yaml", fix };
    }
    const parsed = parsePlatform(PLATFORM_PATH, bytes);
    if (parsed.ok) {
      platform = parsed.value;
      return { name: "platform", verdict: "good", detail: `platform.yaml offers ${zonesOf(platform)}` };
    }
    const detail = `platform.yaml has ${parsed.diagnostics.length} mistakes: ${parsed.diagnostics[0]?.message ?? ""}`;
    return { name: "platform", verdict: "bad", detail, fix: "Run claimbot validate in the claim repository" };
  });
  return { checks, platform };
}

function zonesOf({ spec }: Platform): string {
  return spec.zones.map(({ name }) => name).join(", ");
}
