/** What a target owns, what is there, and the difference between the two. */
import type { Contested } from "./contested.ts";
import { compareText } from "./diagnostic.ts";
import { sameJson } from "./json.ts";

/**
 * One thing in a target, as plain JSON: only fields that we write, normalised. No ids, ETags, versions, times or status, and nothing
 * that is known only after the merge.
 */
export interface Resource {
  /** Unique within the target and the environment; says what it is to a reader, such as `CNAME pay.stage.example.org`. */
  readonly key: string;
  /** The kind of thing, such as `dns-record`, `rate-limit`, `KubernetesCluster`. */
  readonly kind: string;
}

/** Sorted by key, each key once. */
export type Resources<R extends Resource = Resource> = readonly R[];

export type Change<R extends Resource = Resource> =
  | { readonly verb: "create"; readonly key: string; readonly after: R }
  | { readonly verb: "update"; readonly key: string; readonly before: R; readonly after: R }
  | { readonly verb: "delete"; readonly key: string; readonly before: R };

export interface Observation<R extends Resource = Resource> {
  readonly resources: Resources<R>;
  /** What was asked for but is not there yet, each in a person's words; empty when all is settled. */
  readonly pending: readonly string[];
  /** What stands where ours should be but is not ours (or bears our mark without right): reported, never touched. */
  readonly contested: readonly Contested[];
}

export function sortResources<R extends Resource>(resources: Iterable<R>): Resources<R> {
  const sorted = [...resources].toSorted((a, b) => compareText(a.key, b.key));
  for (const [index, resource] of sorted.entries()) {
    if (sorted[index + 1]?.key === resource.key) throw new Error(`two resources have the key ${resource.key}`);
  }
  return sorted;
}

/** The changes that turn what is into what should be: deletes, then updates, then creates, each by key. */
export function diffResources<R extends Resource>(observed: Resources<R>, desired: Resources<R>): readonly Change<R>[] {
  const is = new Map(observed.map((resource) => [resource.key, resource]));
  const should = new Map(desired.map((resource) => [resource.key, resource]));
  const deletes = observed
    .filter(({ key }) => !should.has(key))
    .map((before): Change<R> => ({ verb: "delete", key: before.key, before }));
  const updates: Change<R>[] = [];
  const creates: Change<R>[] = [];
  for (const after of desired) {
    const before = is.get(after.key);
    if (before === undefined) creates.push({ verb: "create", key: after.key, after });
    else if (!sameJson(before, after)) updates.push({ verb: "update", key: after.key, before, after });
  }
  return [...deletes, ...updates, ...creates];
}
