/** validate: many claims in a process of its own, and again in one that knows them by their blob ids, beside js-yaml and ajv alone. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { filesOnDisk } from "../../src/adapters/git/files-on-disk.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import { validateTree } from "../../src/core/claim/validate.ts";
import { median, scaled, timed, type Bench, type Row } from "./bench.ts";
import { claimFiles, writeFiles } from "./claims.ts";
import { openPeer } from "./peers/js-yaml-ajv.js";
import { DOOR, runNode } from "./run-node.ts";

const PEER = fileURLToPath(new URL("peers/js-yaml-ajv.js", import.meta.url));

export const validate: Bench = async (scale) => {
  const count = scaled(10_000, scale);
  const files = claimFiles(count);
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  await writeFiles(folder.path, files);
  return [cold(folder.path, count), await warm(folder.path, files, count)];
};

function cold(directory: string, count: number): Row {
  const runs = [1, 2, 3].map(() => ({ ours: runNode(DOOR, "validate", directory), beside: runNode(PEER, directory) }));
  const ours = median(runs.map((run) => run.ours));
  return {
    what: `validate ${count} claims, a process of its own`,
    ours,
    beside: median(runs.map((run) => run.beside)),
    unit: "ms",
    peer: "js-yaml + ajv, schema only",
    budget: { text: "< 2 s", holds: ours < 2_000 },
  };
}

/** As the service does it: git's listing names the blobs, and none that is known is read. */
async function warm(directory: string, files: ReadonlyMap<string, string>, count: number): Promise<Row> {
  const cache = new BlobCache();
  const onDisk = filesOnDisk(directory);
  const listed = onDisk.map(({ path, mode, blob }) => ({ path, mode, blob }));
  validateTree({ files: onDisk, rules: undefined, cache });
  const { ms: ours, value } = await timed(() => validateTree({ files: listed, rules: undefined, cache }));
  if (value.diagnostics.length > 0) throw new Error(`the generated claims have mistakes: ${value.diagnostics[0]!.message}`);
  const isValid = openPeer();
  const pass = (): number => [...files].filter(([path, text]) => path !== "platform.yaml" && !isValid(text)).length;
  pass();
  const { ms: beside } = await timed(pass);
  return {
    what: `validate ${count} claims again, by blob id`,
    ours,
    beside,
    unit: "ms",
    peer: "js-yaml + ajv, warm",
    budget: { text: "< 200 ms", holds: ours < 200 },
  };
}
