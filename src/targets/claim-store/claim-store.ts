/** The claim store as a target: what was approved becomes an immutable record before anything else happens. */
import { Stale, Stalled } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { bundleKey, renderBundle } from "../../core/render/bundle.ts";
import { recordKey, type LogRecord } from "../../core/record.ts";
import { diffResources } from "../../core/resource.ts";
import { retainUntil } from "../retention.ts";
import type { Release, Target } from "../target.ts";
import { readOn, storePlan } from "./log.ts";
import { desiredRecord, isSameRecord, observedRecord, publicationOf, recordText, removalOf, type ClaimRecord } from "./model.ts";

export { environmentsInLog, readAsFarAsSound, readLog, readOn, readPlan, storePlan } from "./log.ts";

export function claimStoreTarget(store: ObjectStore): Target<ClaimRecord> {
  return {
    name: "claim-store",
    desired: desiredRecord,
    async observe(environment, signal) {
      const log = await readOn(store, environment.name, environment.log, signal);
      return observedRecord(log, environment.wish !== undefined);
    },
    diff: diffResources,
    async apply(changes, release) {
      if (changes.length === 0) return;
      await (release.environment.wish === undefined ? recordRemoval(store, release) : publish(store, release));
    },
  };
}

/**
 * Plan and release before the record, so that a record never points to nothing: a crash in between leaves at worst objects that nobody
 * names, which the next run finds in place. The record is the lock that orders writers, and nothing follows it.
 */
async function publish(store: ObjectStore, release: Release): Promise<void> {
  const { environment, plan } = release;
  const { yaml, digest } = renderBundle(environment);
  const options = { retainUntil: retainUntil(release) };
  await storePlan(store, plan, options);
  await putSame(store, bundleKey(environment.name, digest), Buffer.from(yaml), options);
  const head = environment.log.at(-1);
  await putRecord(store, release, publicationOf(release, head));
}

/** Called first and last in a removal: a Tombstone after a Publication, Removed after a Tombstone, and nothing after that. */
async function recordRemoval(store: ObjectStore, release: Release): Promise<void> {
  const { environment } = release;
  const log = await readOn(store, environment.name, environment.log);
  const head = log.at(-1);
  if (log.slice(environment.log.length).some(({ kind }) => kind === "Publication")) {
    throw new Stale(`${environment.name} was published again while it was being removed`);
  }
  if (head === undefined || head.kind === "Removed") return;
  await storePlan(store, release.plan, { retainUntil: retainUntil(release) });
  await putRecord(store, release, removalOf(release, head));
}

async function putRecord(store: ObjectStore, release: Release, record: LogRecord): Promise<void> {
  const key = recordKey(record.environment, record.sequence);
  const body = Buffer.from(recordText(record));
  if ((await store.putNew(key, body, { retainUntil: retainUntil(release) })) !== "exists") return;
  const there = (await readOn(store, record.environment, release.environment.log)).at(record.sequence - 1);
  if (there === undefined || !isSameRecord(there, record)) throw new Stale(`somebody else wrote ${key} meanwhile`);
}

/** A content-addressed key that holds something else means that somebody wrote to the store behind our back. */
async function putSame(store: ObjectStore, key: string, body: Buffer, options: { readonly retainUntil: Date }): Promise<void> {
  if ((await store.putNew(key, body, options)) !== "exists") return;
  const there = await store.read(key);
  if (there !== undefined && body.equals(there.body)) return;
  throw new Stalled(
    `${store.name}: ${key} holds something else than its digest says`,
    "Find out who wrote that object; nothing is released from it",
  );
}
