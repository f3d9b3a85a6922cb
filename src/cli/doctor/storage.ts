/** Where the data lies: may we write there, and whose is it. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ownDirectory } from "../../adapters/owner-lock.ts";
import { Stalled } from "../../core/errors.ts";
import type { Check } from "../../core/onboarding/check.ts";

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
