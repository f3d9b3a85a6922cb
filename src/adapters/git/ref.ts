/** Names of refs come from merge requests: what may be asked for, and where it is kept. */
import { digestOfBytes } from "../../core/json.ts";

/** A full object id, SHA-1 or SHA-256. */
export function isObjectId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/**
 * What git takes for a full ref name (git-check-ref-format): names outside it cannot exist on any remote. Everything else, such as
 * `refs/heads/--upload-pack=x` or `refs/heads/;id`, is a name like any other: no shell ever sees it.
 */
export function isRefName(name: string): boolean {
  return (
    name.startsWith("refs/") &&
    // oxlint-disable-next-line no-control-regex -- control characters are what git forbids
    !/[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$/.test(name) &&
    name.split("/").every((part) => !part.startsWith(".") && !part.endsWith(".lock"))
  );
}

/**
 * Where the mirror keeps a remote's ref: below a digest of its name, so that no name of others becomes a path on our disk, and
 * `a` and `a/b`, or `A` and `a` on some disks, are never in each other's way.
 */
export function localRef(name: string): string {
  return `refs/mirror/${digestOfBytes(name)}`;
}
