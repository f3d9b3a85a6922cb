/** Reads the files of the claim repository at a commit: claims, platform.yaml and policies, by object id, each blob once. */
import type { Policy } from "../core/adopted.ts";
import type { BlobCache } from "../core/claim/blob-cache.ts";
import { PLATFORM_PATH, type TreeFile } from "../core/claim/validate.ts";
import type { Repository, TreeEntry } from "../core/ports.ts";

export interface ClaimFiles {
  /** Everything below environments/, and platform.yaml. */
  readonly files: readonly TreeFile[];
  readonly policies: readonly Policy[];
}

const POLICY = /^policies\/[^/]+\.cedar$/;

export async function filesAt(repository: Repository, treeish: string, cache: BlobCache): Promise<ClaimFiles> {
  const entries = await repository.tree(treeish, ["environments", PLATFORM_PATH, "policies"]);
  const wanted = entries.filter((entry) => isRegular(entry) && !cache.knows(entry.path, entry.blob));
  const blobs = await repository.blobs([...new Set(wanted.map(({ blob }) => blob))]);
  const files = entries.flatMap((entry): TreeFile[] => {
    if (entry.path.startsWith("policies/")) return [];
    const bytes = blobs.get(entry.blob);
    return [{ ...entry, ...(bytes !== undefined && { bytes }) }];
  });
  const policies = entries
    .filter((entry) => POLICY.test(entry.path) && isRegular(entry))
    .map(({ path, blob }): Policy => ({ path, text: new TextDecoder().decode(blobs.get(blob)) }));
  return { files, policies };
}

function isRegular({ mode }: TreeEntry): boolean {
  return mode === "100644" || mode === "100755";
}

/** Paths that differ between two trees: claims and platform.yaml. */
export function touchedPaths(before: ClaimFiles, after: ClaimFiles): ReadonlySet<string> {
  const [was, is] = [blobsByPath(before), blobsByPath(after)];
  return new Set([...was.keys(), ...is.keys()].filter((path) => was.get(path) !== is.get(path)));
}

/** Path → mode and blob: two trees with equal maps ask for the same. */
export function blobsByPath({ files }: ClaimFiles): ReadonlyMap<string, string> {
  return new Map(files.map(({ path, mode, blob }) => [path, `${mode} ${blob}`]));
}
