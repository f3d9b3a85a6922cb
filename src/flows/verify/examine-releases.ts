/** What records stand on: their plans and releases, by their digests, and each release derived again from git. */
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import type { LogRecord } from "../../core/record.ts";
import { bundleKey } from "../../core/render/bundle.ts";
import type { AdoptionRecord } from "../adoption.ts";
import { inGroups } from "../in-groups.ts";
import type { World } from "../world.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { planOf } from "./plan-of.ts";
import { readText } from "./read-text.ts";
import { reproduce, sourceAt, type CommitSource } from "./reproduce.ts";

type ReleaseWorld = Pick<World, "repository" | "cache"> & { readonly store: ObjectStore };

export interface ReleaseToExamine {
  readonly record: LogRecord;
  /** Those that may have rendered it, the likeliest first. */
  readonly instances: readonly string[];
}

/** Commit by commit, as one merge releases many environments: a commit is read once, and let go. Record → what deviates. */
export async function examineReleases(
  world: ReleaseWorld,
  adoptions: readonly AdoptionRecord[],
  releases: readonly ReleaseToExamine[],
  signal: AbortSignal,
): Promise<ReadonlyMap<LogRecord, readonly Deviation[]>> {
  const ofCommits = [...Map.groupBy(releases, ({ record }) => sourceOf(record)?.commit)];
  const found = await inGroups(ofCommits, 8, async ([commit, ofCommit]) => {
    signal.throwIfAborted();
    const paths = ofCommit.flatMap(({ record }) => sourceOf(record)?.path ?? []);
    const source = commit === undefined ? undefined : await sourceAt(world, commit, paths);
    return inGroups(
      ofCommit,
      4,
      async (one) => [one.record, await examineRelease(world.store, adoptions, one, source, signal)] as const,
    );
  });
  return new Map(found.flat());
}

/** What is not published has no release, and so nothing to derive it from. */
function sourceOf(record: LogRecord): { readonly commit: string; readonly path: string } | undefined {
  return record.kind === "Publication" ? record.source : undefined;
}

async function examineRelease(
  store: ObjectStore,
  adoptions: readonly AdoptionRecord[],
  { record, instances }: ReleaseToExamine,
  source: CommitSource | undefined,
  signal: AbortSignal,
): Promise<readonly Deviation[]> {
  const { plan, found: ofPlan } = await planOf(store, record.planDigest, signal);
  if (record.kind !== "Publication") return ofPlan;
  const key = bundleKey(record.environment, record.releaseDigest);
  const { object, found } = await readText(store, key, signal);
  const ofBundle = [...found];
  if (object === undefined && found.length === 0) ofBundle.push(deviation("release/missing", key));
  const isWhole = object !== undefined && digestOfBytes(object.text) === record.releaseDigest;
  if (object !== undefined && !isWhole) ofBundle.push(deviation("release/altered", key));
  // What is not the bundle of its digest is named already; it need not be the derived one too.
  const bundle = isWhole ? object.text : undefined;
  return [...ofPlan, ...ofBundle, ...reproduce(source, record, { adoptions, plan, bundle, instances })];
}
