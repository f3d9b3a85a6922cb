/** Reads the files of the claim repository at a commit: claims, platform.yaml and policies, by object id, each blob once. */
import type { Policy } from "../core/adopted.ts";
import type { BlobCache } from "../core/claim/blob-cache.ts";
import { PLATFORM_PATH, type TreeFile } from "../core/claim/validate.ts";
import { Stalled } from "../core/errors.ts";
import type { Repository, TreeEntry } from "../core/ports.ts";

export interface ClaimFiles {
  /** Everything below environments/, and platform.yaml. */
  readonly files: readonly TreeFile[];
  readonly policies: readonly Policy[];
}

const POLICY = /^policies\/[^/]+\.cedar$/;

/** Where rules lie; inputs too. */
export const RULE_PATHS = [PLATFORM_PATH, "policies"] as const;

/** `paths`: of all that claims and rules consist of, what is asked for. */
export async function filesAt(
  repository: Repository,
  treeish: string,
  cache: BlobCache,
  paths: readonly string[] = ["environments", ...RULE_PATHS],
): Promise<ClaimFiles> {
  const entries = await repository.tree(treeish, paths);
  const wanted = entries.filter((entry) => isRegular(entry) && !cache.knows(entry.path, entry.blob));
  const blobs = await repository.blobs([...new Set(wanted.map(({ blob }) => blob))]);
  const files = entries.flatMap((entry): TreeFile[] => {
    if (entry.path.startsWith("policies/")) return [];
    const bytes = blobs.get(entry.blob);
    return [{ ...entry, ...(bytes !== undefined && { bytes }) }];
  });
  const policies = entries.filter(isPolicy).map(({ path, blob }) => policyOf(path, blobs.get(blob)));
  return { files, policies };
}

/** Throws Stalled for one that is too large to be read whole: a cut file could have lost a `forbid`. */
export function policyOf(path: string, bytes: Uint8Array | undefined): Policy {
  if (bytes !== undefined && bytes.byteLength <= MAX_POLICY_BYTES) return { path, text: new TextDecoder().decode(bytes) };
  throw new Stalled(`${path} is larger than 256 KiB`, "Split it: every .cedar file below policies/ counts");
}

const MAX_POLICY_BYTES = 256 * 1024;

export function isPolicy(entry: Pick<TreeEntry, "path" | "mode">): boolean {
  return POLICY.test(entry.path) && isRegular(entry);
}

function isRegular({ mode }: Pick<TreeEntry, "mode">): boolean {
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
