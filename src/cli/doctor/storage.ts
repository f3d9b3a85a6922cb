/** Where the data lies: may we write there, whose is it, and does the claim store keep what it promises. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ownDirectory } from "../../adapters/owner-lock.ts";
import type { Config } from "../../config.ts";
import { Stalled } from "../../core/errors.ts";
import type { Check } from "../../core/onboarding/check.ts";
import type { Forge } from "../../core/ports.ts";
import { ownerOf } from "../../core/store-owner.ts";
import { look } from "../../flows/onboarding/look.ts";
import { refuseForeignStore } from "../../flows/store-owner.ts";

const NAME = "data-directory";

/** Makes nothing: a directory that is not there yet is judged by the one that it will be made in. */
export async function checkDataDirectory(directory: string): Promise<Check> {
  const there = await nearest(directory);
  try {
    await access(there, constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "no code";
    const fix = "Let claimbot's user write there, or set CLAIMBOT_DATA_DIR";
    return { name: NAME, verdict: "bad", detail: `${there} cannot be written (${code})`, fix };
  }
  if (there !== directory) return { name: NAME, verdict: "good", detail: `${directory} is not there yet, and can be made` };
  try {
    await using _ = await ownDirectory(directory);
    return { name: NAME, verdict: "good", detail: `${directory} can be written, and no service runs on it` };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { name: NAME, verdict: "good", detail: `a service runs: ${error.message}` };
  }
}

async function nearest(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    const up = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || up === path) return path;
    return nearest(up);
  }
}

/** The start-up proof, a line for each thing that the server must do. A directory store is judged with the data directory. */
export async function checkClaimStore({ s3 }: Config, signal: AbortSignal): Promise<readonly Check[]> {
  const name = "claim-store";
  if (s3 === undefined) {
    return [{ name, verdict: "skipped", detail: "a directory, in the data directory (no CLAIMBOT_S3_ENDPOINT)" }];
  }
  return look(name, async () => {
    const [{ proveS3, PROOF_FIX }, { s3Options }] = await Promise.all([
      import("../../adapters/s3/proof.ts"),
      import("../../app.ts"),
    ]);
    const options = s3Options(s3);
    const proved = await proveS3(options, signal);
    return proved.map(({ check, verdict, detail }): Check => {
      const line = { name: `${name}-${check}`, detail };
      return verdict === "holds" ? { ...line, verdict: "good" } : { ...line, verdict: "bad", fix: PROOF_FIX };
    });
  });
}

/** Two projects on one claim store would take each other's environments for removed ones. */
export async function checkStoreOwner(
  config: Config,
  dataDirectory: string,
  forge: Forge,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const name = "claim-store-owner";
  return look(name, async () => {
    const { openStore } = await import("../../app.ts");
    const owner = ownerOf(await forge.project(signal));
    const store = await openStore(config, dataDirectory);
    const formerProject = config.gitlab?.formerProject;
    await refuseForeignStore({ store, formerProject }, owner, signal);
    return [{ name, verdict: "good", detail: `${store.name} is this project's, or nobody's yet` }];
  });
}
