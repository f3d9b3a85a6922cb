/** Whether git reaches a repository with its token; fetches nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Secret } from "../../core/secret.ts";
import { checkedUrl } from "../http-client.ts";
import { makeBareRepository } from "./bare-repository.ts";
import { bareEnvironment } from "./environment.ts";
import { fetchFailure } from "./failure.ts";
import { git } from "./run.ts";

export interface ReachOptions {
  readonly url: string;
  readonly token: Secret;
  /** GitLab takes any name beside an access token. */
  readonly username?: string;
}

/** The commit of a full ref at the remote; undefined where it has none. Throws Waiting or Stalled. */
export async function remoteCommit(options: ReachOptions, ref: string, signal?: AbortSignal): Promise<string | undefined> {
  const { token, username = "claimbot" } = options;
  const url = checkedUrl(options.url, "the repository's address");
  const directory = await mkdtemp(join(tmpdir(), "claimbot-reach-"));
  try {
    await makeBareRepository(directory);
    const environment = bareEnvironment({ gitDirectory: directory, credentials: { origin: url.origin, username, token } });
    const args = ["ls-remote", "--quiet", "--end-of-options", url.href, ref];
    const { stdout } = await git({ directory, environment }, args, { signal, deadlineMs: 30_000 });
    return /^[0-9a-f]{40,64}/.exec(stdout)?.[0];
  } catch (error) {
    throw fetchFailure(error, url.origin, [token]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
