/** Which tag a service's constraint stands for. The plan asks once; the answer is locked in the release. */
import semver, { type Range, type SemVer } from "semver";
import { compareText } from "./diagnostic.ts";

/** What a constraint comes to, with what a reader wants to know beside it. */
export type Resolution =
  | {
      readonly kind: "resolved";
      readonly tag: string;
      /** The newest release that the constraint keeps out, where there is a newer one than `tag`. */
      readonly newer: string | undefined;
    }
  | { readonly kind: "constraint-invalid" }
  /** No tag is a version at all. */
  | { readonly kind: "no-versions" }
  /** There are versions, but the constraint allows none; `newest` is the newest release, else the newest prerelease. */
  | { readonly kind: "none-allowed"; readonly newest: string };

interface Candidate {
  readonly tag: string;
  readonly version: SemVer;
}

/** The newest tag that the constraint allows; undefined when there is none or the constraint is not one. */
export function newestAllowed(constraint: string, tags: readonly string[]): string | undefined {
  const resolution = resolveConstraint(constraint, tags);
  return resolution.kind === "resolved" ? resolution.tag : undefined;
}

/**
 * The same with the reason. Tags are `2.4.0` or `v2.4.0`; others (`latest`, `2.4`) are no versions. A prerelease counts only
 * where the constraint names one of the same version. Pure: the order of the tags does not matter.
 */
export function resolveConstraint(constraint: string, tags: readonly string[]): Resolution {
  const range = rangeOf(constraint);
  if (range === undefined) return { kind: "constraint-invalid" };
  const newestFirst = tags.flatMap((tag) => candidateOf(tag) ?? []).toSorted(newerFirst);
  const release = newestFirst.find(({ version }) => version.prerelease.length === 0);
  const newest = release ?? newestFirst[0];
  if (newest === undefined) return { kind: "no-versions" };
  const allowed = newestFirst.find(({ version }) => range.test(version));
  if (allowed === undefined) return { kind: "none-allowed", newest: newest.tag };
  const newer = release !== undefined && release.version.compare(allowed.version) > 0 ? release.tag : undefined;
  return { kind: "resolved", tag: allowed.tag, newer };
}

/** Why it is this tag, in a reader's words, such as "newest that `^2.3.0` allows". */
export function reasonOf(constraint: string, resolution: Resolution): string {
  switch (resolution.kind) {
    case "resolved":
      return `newest that \`${constraint}\` allows${resolution.newer === undefined ? "" : `; ${resolution.newer} is newer`}`;
    case "constraint-invalid":
      return `\`${constraint}\` is not a semver constraint`;
    case "no-versions":
      return "no tag is a version";
    case "none-allowed":
      return `\`${constraint}\` allows none of the tags; the newest is ${resolution.newest}`;
  }
}

function rangeOf(constraint: string): Range | undefined {
  try {
    return new semver.Range(constraint);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // semver's way to say that it is none
    throw error;
  }
}

/** A tag may not hold `+`; build metadata is written with `_` there, as Helm does. */
function candidateOf(tag: string): Candidate | undefined {
  if (!/^v?\d+\.\d+\.\d+([-_+]|$)/.test(tag)) return undefined;
  const version = semver.parse(tag.replace(/^v/, "").replace("_", "+"));
  return version === null ? undefined : { tag, version };
}

/** Equal versions: the greater build, then without `v`, then by text, so that the choice never depends on the registry's order. */
function newerFirst(a: Candidate, b: Candidate): number {
  return semver.compareBuild(b.version, a.version) || compareV(a.tag, b.tag) || compareText(a.tag, b.tag);
}

function compareV(a: string, b: string): number {
  return Number(a.startsWith("v")) - Number(b.startsWith("v"));
}
