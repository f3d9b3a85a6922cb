/** Which files may lie below environments/: claims, and nothing else. */
import type { Diagnostic } from "../diagnostic.ts";
import { ENVIRONMENT_TYPES } from "../environment.ts";

export interface ClaimPath {
  /** The file name without .yaml. */
  readonly name: string;
  /** The folder, which is a type. */
  readonly folder: string;
}

const CLAIM_PATH = new RegExp(`^environments/(${ENVIRONMENT_TYPES.join("|")})/([a-z0-9][a-z0-9-]*)\\.yaml$`);

/** Undefined for a path that is no claim's. */
export function claimPathOf(path: string): ClaimPath | undefined {
  const [, folder, name] = CLAIM_PATH.exec(path) ?? [];
  return folder === undefined || name === undefined ? undefined : { folder, name };
}

/** Where an environment's claim may lie: its type is its folder. */
export function claimPathsOf(name: string): readonly string[] {
  return ENVIRONMENT_TYPES.map((type) => `environments/${type}/${name}.yaml`);
}

interface Entry {
  readonly path: string;
  readonly mode: string;
}

/** What is wrong with a file's kind or place; undefined for claims, for platform.yaml and for what only keeps an empty folder. */
export function unexpectedFile({ path, mode }: Entry, place: ClaimPath | undefined): Diagnostic | undefined {
  if (mode === "120000") return said(path, "tree/symlink", "This is a symbolic link.", "Put the file itself here.");
  if (mode === "160000") return said(path, "tree/submodule", "This is a submodule.", "Put the files themselves here.");
  if (place !== undefined || path === "platform.yaml" || path.endsWith("/.gitkeep")) return undefined;
  const yaml = path.replace(/\.yml$/i, ".yaml");
  if (yaml !== path && claimPathOf(yaml) !== undefined) {
    return said(path, "tree/not-a-claim", "A claim's file ends in .yaml.", `Rename it to ${yaml}.`);
  }
  const hint = `Claims are files environments/<type>/<name>.yaml, where the type is one of ${ENVIRONMENT_TYPES.join(", ")} and the name a DNS label in lower case.`;
  return said(path, "tree/not-a-claim", "This file is not a claim, and nothing else may lie below environments/.", hint);
}

function said(path: string, code: string, message: string, hint: string): Diagnostic {
  return { code, severity: "error", path, line: 1, column: 1, endColumn: 2, message, hint };
}
