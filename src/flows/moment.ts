/** Reads what an environment was at a record of its log, from the claim store alone. */
import { rulePart } from "../core/adopted.ts";
import { Stalled } from "../core/errors.ts";
import { digestOfBytes } from "../core/json.ts";
import { publishedAt, recordFor, type Moment, type Which } from "../core/moment.ts";
import type { ObjectStore } from "../core/ports.ts";
import { bundleKey } from "../core/render/bundle.ts";
import { objectsIn } from "../core/render/bundle/yaml.ts";
import type { KubernetesObject } from "../core/render/bundle/kubernetes-object.ts";
import { lastPublication, type Log, type LogRecord, type Publication } from "../core/record.ts";
import { readPlan } from "../targets/claim-store/claim-store.ts";
import { readAdoptions } from "./adoption.ts";

/** Undefined where the log has no such record. Throws Stalled where the store holds something else than its records say. */
export async function readMoment(store: ObjectStore, log: Log, which: Which, signal: AbortSignal): Promise<Moment | undefined> {
  const record = recordFor(log, which);
  if (record === undefined) return undefined;
  const publication = publishedAt(log, record);
  const [rules, objects] = await Promise.all([
    rulesOfRecord(store, log, record, signal),
    publication === undefined ? [] : objectsOf(store, publication, signal),
  ]);
  return { record, publication, rules, objects };
}

async function rulesOfRecord(store: ObjectStore, log: Log, record: LogRecord, signal: AbortSignal): Promise<Moment["rules"]> {
  const type = lastPublication(log.slice(0, log.indexOf(record) + 1))?.claim.spec.type;
  const [plan, adoptions] = await Promise.all([readPlan(store, record.planDigest, signal), readAdoptions(store, signal)]);
  // The same rules may have been adopted, dropped and adopted again.
  const ofPlan = adoptions.filter(({ rulesDigest }) => rulesDigest === plan?.rulesDigest);
  const adoption = ofPlan.findLast(({ at }) => at <= record.at) ?? ofPlan[0];
  if (type === undefined || adoption === undefined) return undefined;
  return { digest: adoption.rulesDigest, adoptedAt: adoption.at, of: rulePart(adoption.rules.platform).types[type] };
}

async function objectsOf(
  store: ObjectStore,
  publication: Publication,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const key = bundleKey(publication.environment, publication.releaseDigest);
  const object = await store.read(key, signal);
  if (object !== undefined && digestOfBytes(object.body) === publication.releaseDigest)
    return objectsIn(Buffer.from(object.body).toString("utf8"));
  throw new Stalled(
    `${store.name}: ${key} ${object === undefined ? "is missing" : "holds something else than its digest says"}`,
    "claimbot verify shows what else deviates",
  );
}
