/** The files of a claim repository as they lie on disk, untracked ones included. */
import { filesOnDisk } from "../adapters/git/files-on-disk.ts";
import { isPolicy, policyOf, type ClaimFiles } from "../flows/files.ts";

export function diskFiles(root: string): ClaimFiles {
  const files = filesOnDisk(root);
  return {
    files: files.filter(({ path }) => !path.startsWith("policies/")),
    policies: files.filter(isPolicy).map(({ path, bytes }) => policyOf(path, bytes)),
  };
}
