/** start: how long `claimbot validate` of one file takes, beside Node doing nothing. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median, scaled, type Bench } from "./bench.ts";
import { claimFiles, writeFiles } from "./claims.ts";
import { DOOR, runNode } from "./run-node.ts";

export const start: Bench = async (scale) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  await writeFiles(folder.path, claimFiles(1));
  const claimbot = (): number => runNode(DOOR, "validate", folder.path);
  claimbot(); // fills the compile cache
  const runs = Array.from({ length: scaled(31, scale) }, () => ({ ours: claimbot(), beside: runNode("-e", "0") }));
  const ours = median(runs.map((run) => run.ours));
  const beside = median(runs.map((run) => run.beside));
  const budget = { text: "< 2 ×", holds: ours < 2 * beside };
  return [{ what: "claimbot validate, one claim, second run", ours, beside, unit: "ms", peer: "node -e 0", budget }];
};
