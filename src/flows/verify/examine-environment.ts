/** One environment as the store has it: its log, and the plans, releases, receipts and pointer that the log speaks of. */
import type { StoredReference } from "../../core/audit.ts";
import { Stalled } from "../../core/errors.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { Plan } from "../../core/plan.ts";
import type { AuditableStore } from "../../core/ports.ts";
import { bundleKey } from "../../core/render/bundle.ts";
import type { Log } from "../../core/record.ts";
import { planKey, readPlan } from "../../targets/claim-store/log.ts";
import type { AdoptionRecord } from "../adoption.ts";
import { inGroups } from "../in-groups.ts";
import { receiptKey } from "../receipt.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { examineLog, type ExaminedRecord, type StoredText } from "./examine-log.ts";
import { examinePointer } from "./examine-pointer.ts";
import { examineReceipt } from "./examine-receipt.ts";
import { reproduce, type Reproducible } from "./reproduce.ts";

export interface ExaminedEnvironment {
  /** The records that can be read. */
  readonly log: Log;
  readonly derived: number;
  /** Entries of the audit log, as its receipts quote them. */
  readonly quoted: readonly StoredReference[];
  readonly deviations: readonly Deviation[];
}

export async function examineEnvironment(
  world: Reproducible & { readonly store: AuditableStore },
  adoptions: readonly AdoptionRecord[],
  name: string,
  since: string,
  signal: AbortSignal,
): Promise<ExaminedEnvironment> {
  const { store } = world;
  const keys = (await store.list(`claims/${name}/`, signal)).map(({ key }) => key);
  const read = await inGroups(keys, 16, async (key) => readTextOf(store, key, signal));
  const { records, deviations } = examineLog(
    name,
    read.flatMap(({ object }) => (object === undefined ? [] : [object])),
  );
  const recent = records.filter(({ record }) => record.at >= since);
  const ofRecords = await inGroups(recent, 4, async (one) => examineRelease(world, adoptions, one, signal));
  const receipts = await inGroups(records, 16, async ({ record, text }) => {
    const { object, found } = await readTextOf(store, receiptKey(name, record.sequence), signal);
    const examined = object === undefined ? { deviations: [], quoted: [] } : examineReceipt(object, record, text);
    return { found: [...found, ...examined.deviations], quoted: examined.quoted, seen: object !== undefined };
  });
  const lastSeen = receipts.at(-1)?.seen === true;
  const pointer = await readTextOf(store, `current/${name}.yaml`, signal);
  return {
    log: records.map(({ record }) => record),
    quoted: receipts.flatMap(({ quoted }) => quoted),
    derived: recent.filter(({ record }) => record.kind === "Publication").length,
    deviations: [
      ...read.flatMap(({ found }) => found),
      ...deviations,
      ...ofRecords.flat(),
      ...receipts.flatMap(({ found }) => found),
      ...pointer.found,
      ...examinePointer(name, pointer.object?.text, records.at(-1)?.record, lastSeen),
    ],
  };
}

async function examineRelease(
  world: Reproducible & { readonly store: AuditableStore },
  adoptions: readonly AdoptionRecord[],
  { record }: ExaminedRecord,
  signal: AbortSignal,
): Promise<readonly Deviation[]> {
  const { plan, found: ofPlan } = await planOf(world.store, record.planDigest, signal);
  if (record.kind !== "Publication") return ofPlan;
  const key = bundleKey(record.environment, record.releaseDigest);
  const { object, found } = await readTextOf(world.store, key, signal);
  const ofBundle = [...found];
  if (object === undefined && found.length === 0) ofBundle.push(deviation("release/missing", key));
  const isWhole = object !== undefined && digestOfBytes(object.text) === record.releaseDigest;
  if (object !== undefined && !isWhole) ofBundle.push(deviation("release/altered", key));
  // What is not the bundle of its digest is named already; it need not be the derived one too.
  const derived = await reproduce(world, adoptions, record, plan, isWhole ? object.text : undefined);
  return [...ofPlan, ...ofBundle, ...derived];
}

async function planOf(
  store: AuditableStore,
  digest: string,
  signal: AbortSignal,
): Promise<{ readonly plan: Plan | undefined; readonly found: readonly Deviation[] }> {
  if (!/^[0-9a-f]{64}$/.test(digest))
    return { plan: undefined, found: [deviation("plan/missing", `plans/${digest.slice(0, 64)}.json`)] };
  try {
    const plan = await readPlan(store, digest, signal);
    return { plan, found: plan === undefined ? [deviation("plan/missing", planKey(digest))] : [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { plan: undefined, found: [deviation("plan/altered", planKey(digest), error.message)] };
  }
}

/** An object that the store refuses to give, because its checksum is another, is a deviation like any other. */
async function readTextOf(
  store: AuditableStore,
  key: string,
  signal: AbortSignal,
): Promise<{ readonly object: StoredText | undefined; readonly found: readonly Deviation[] }> {
  try {
    const object = await store.read(key, signal);
    return { object: object && { key, text: Buffer.from(object.body).toString("utf8") }, found: [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { object: undefined, found: [deviation("object/unreadable", key, error.message)] };
  }
}
