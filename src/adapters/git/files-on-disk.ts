/** The files of a claim repository as they lie on disk, untracked ones included, named by the ids that git would give them. */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, type Stats } from "node:fs";
import { join } from "node:path";
import { compareText } from "../../core/diagnostic.ts";
import type { TreeEntry } from "../../core/ports.ts";
import { blobId, MAX_BLOB_BYTES } from "./blob.ts";

export interface FileOnDisk extends TreeEntry {
  /** Cut like a blob of the repository: see MAX_BLOB_BYTES. Of a symlink: where it points. */
  readonly bytes: Uint8Array;
}

/** What claimbot reads of a claim repository; everything else is nothing to it. */
const CLAIM_REPOSITORY_PATHS = ["environments", "platform.yaml", "policies"] as const;

/**
 * By path, in byte order. Symlinks are not followed, a repository within is a submodule, sockets and pipes are no files to git either.
 * Synchronous on purpose: ten thousand small files take a third of the time.
 */
export function filesOnDisk(root: string, paths: readonly string[] = CLAIM_REPOSITORY_PATHS): readonly FileOnDisk[] {
  return paths.flatMap((path) => below(root, path)).toSorted((a, b) => compareText(a.path, b.path));
}

function below(root: string, path: string): readonly FileOnDisk[] {
  const full = join(root, path);
  const stats = lstatSync(full, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (stats.isDirectory()) {
    const names = readdirSync(full);
    if (names.includes(".git")) return [{ path, mode: "160000", blob: "0".repeat(40), bytes: new Uint8Array() }];
    return names.flatMap((name) => below(root, `${path}/${name}`));
  }
  if (stats.isSymbolicLink()) return [entry(path, "120000", readlinkSync(full, { encoding: "buffer" }))];
  if (!stats.isFile()) return [];
  const mode = (stats.mode & 0o100) === 0 ? "100644" : "100755";
  return [stats.size > MAX_BLOB_BYTES ? longEntry(path, mode, full, stats) : entry(path, mode, readFileSync(full))];
}

function entry(path: string, mode: string, bytes: Uint8Array): FileOnDisk {
  return { path, mode, blob: blobId(bytes), bytes };
}

/** Reads in pieces: a file may be larger than memory. */
function longEntry(path: string, mode: string, full: string, stats: Stats): FileOnDisk {
  const hash = createHash("sha1").update(`blob ${stats.size}\0`);
  const bytes = Buffer.alloc(MAX_BLOB_BYTES + 1);
  const file = openSync(full, "r");
  try {
    readSync(file, bytes, 0, bytes.byteLength, 0);
    const piece = Buffer.alloc(1024 * 1024);
    for (;;) {
      const length = readSync(file, piece);
      if (length === 0) break;
      hash.update(piece.subarray(0, length));
    }
  } finally {
    closeSync(file);
  }
  return { path, mode, blob: hash.digest("hex"), bytes };
}
