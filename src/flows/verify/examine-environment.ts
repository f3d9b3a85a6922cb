/**
 * One environment as the store has it: its receipts, its pointer and its log, read in this order. Each is written after the next, so that
 * whatever is released meanwhile is in the log when it is in one of the others.
 */
import type { StoredReference } from "../../core/audit.ts";
import { digestOfBytes } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { bundleKey, disarmedBundle } from "../../core/render/bundle.ts";
import { objectsIn } from "../../core/render/bundle/yaml.ts";
import type { LogRecord } from "../../core/record.ts";
import { parsePointer, pointerKey, type Pointer } from "../../targets/flux/pointer.ts";
import { inGroups } from "../in-groups.ts";
import { deviation, type Deviation } from "./deviation.ts";
import { examineLog, sequenceIn } from "./examine-log.ts";
import { examinePointer } from "./examine-pointer.ts";
import { examineReceipt } from "./examine-receipt.ts";
import { readText } from "./read-text.ts";

export interface ExaminedEnvironment {
  readonly name: string;
  /** The records that can be read. */
  readonly log: readonly LogRecord[];
  /** Number of a record → the instance that released it, as its receipt says. */
  readonly instances: ReadonlyMap<number, string>;
  /** Entries of the audit log, as its receipts quote them. */
  readonly quoted: readonly StoredReference[];
  readonly deviations: readonly Deviation[];
}

export async function examineEnvironment(store: ObjectStore, name: string, signal: AbortSignal): Promise<ExaminedEnvironment> {
  const ofReceipts = (await store.list(`receipts/${name}/`, signal)).map(({ key }) => key);
  const pointer = await readText(store, pointerKey(name), signal);
  const keys = (await store.list(`claims/${name}/`, signal)).map(({ key }) => key);
  const read = await inGroups(keys, 16, async (key) => readText(store, key, signal));
  const { records, deviations } = examineLog(
    name,
    read.flatMap(({ object }) => (object === undefined ? [] : [object])),
  );
  // Foreign keys may lie behind the records.
  const newest = keys.reduce((highest, key) => Math.max(highest, sequenceIn("claims", name, key) ?? 0), 0);
  const bySequence = new Map(records.map((one) => [one.record.sequence, one]));
  const receipts = await inGroups(ofReceipts, 16, async (key) => {
    const sequence = sequenceIn("receipts", name, key);
    // Other keys are named by verify as foreign.
    if (sequence === undefined) return { found: [], receipt: undefined, sequence: 0 };
    if (sequence > newest) return { found: [deviation("receipt/ahead", key)], receipt: undefined, sequence: 0 };
    const { object, found } = await readText(store, key, signal);
    const examined = object === undefined ? undefined : examineReceipt(object, bySequence.get(sequence));
    return { found: [...found, ...(examined?.deviations ?? [])], receipt: examined?.receipt, sequence };
  });
  const log = records.map(({ record }) => record);
  const told = receipts.flatMap(({ receipt }) => (receipt === undefined ? [] : [receipt]));
  const seen = receipts.findLast(({ sequence }) => bySequence.has(sequence))?.sequence;
  const disarmed = await disarmedDigest(store, pointer.object?.text, signal);
  return {
    name,
    log,
    instances: new Map(told.map(({ sequence, instance }) => [sequence, instance])),
    quoted: told.map(({ audit }) => audit),
    deviations: [
      ...read.flatMap(({ found }) => found),
      ...deviations,
      ...receipts.flatMap(({ found }) => found),
      ...pointer.found,
      ...(pointer.found.length > 0 ? [] : examinePointer(name, pointer.object?.text, { log, newest, seen, disarmed })),
    ],
  };
}

/** While a removal takes the protection off: the digest of what the pointer must point to. Undefined where it cannot be told. */
async function disarmedDigest(store: ObjectStore, text: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  const pointer: Pointer | undefined = text === undefined ? undefined : parsePointer(text);
  if (pointer?.kind !== "release" || pointer.disarms === undefined) return undefined;
  const { digest } = pointer.disarms;
  const { object } = await readText(store, bundleKey(pointer.environment, digest), signal);
  if (object === undefined || digestOfBytes(object.text) !== digest) return undefined;
  return disarmedBundle(objectsIn(object.text)).digest;
}
