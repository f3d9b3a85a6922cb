/** Runs Node on some words, as a shell would, and takes the time. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const DOOR: string = fileURLToPath(new URL("../../bin/claimbot.js", import.meta.url));

/** Milliseconds from start to end. Throws when the process does not end well: a benchmark of a failure says nothing. */
export function runNode(...words: readonly string[]): number {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  const ms = performance.now() - start;
  if (status !== 0) throw new Error(`node ${words.join(" ")} ended with ${status}: ${stdout}${stderr}`);
  return ms;
}
