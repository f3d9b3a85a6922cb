/**
 * One temporary folder for a whole run of the tests, which goes with it: a process that a test kills cannot clean up, and what it leaves
 * must not pile up on anybody's disk.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Called by vitest before the first test; what it gives is called after the last. The workers inherit TMPDIR, and so do their children. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "claimbot-tests-"));
  // PostgreSQL runs as a user of its own where root runs the tests, and has to pass through.
  await chmod(folder, 0o755);
  process.env["TMPDIR"] = folder;
  return async () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
