/**
 * One receipt, checked with what is at hand: with itself, with the git repository (claim and bundle derived again, byte for byte), and with
 * a claim store, which it does not need. Reads only.
 */
import { Stalled, Waiting } from "../../core/errors.ts";
import type { Plan } from "../../core/plan.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { checkReceipt, receiptKey, type Receipt, type ReceiptCheck } from "../../core/receipt.ts";
import { readPlan } from "../../targets/claim-store/claim-store.ts";
import { readAdoptions, type AdoptionRecord } from "../adoption.ts";
import type { World } from "../world.ts";
import { wholeReceipt } from "./examine-receipt.ts";
import { reproduce, sourceAt } from "./reproduce.ts";

export interface CheckedReceipt {
  readonly receipt: Receipt;
  readonly checks: readonly ReceiptCheck[];
}

/** Undefined where the text is no receipt, or one of the first, which held no record. */
export async function verifyReceipt(
  world: Pick<World, "repository" | "cache" | "store">,
  text: string,
  signal: AbortSignal,
): Promise<CheckedReceipt | undefined> {
  const receipt = wholeReceipt(text);
  if (receipt === undefined) return undefined;
  const [plan, stored, adoptions] = await Promise.all([
    planOf(world.store, receipt, signal),
    storedOf(world.store, receipt, signal),
    ifReached(async () => readAdoptions(world.store, signal)),
  ]);
  const checks = checkReceipt(receipt, text, { plan: plan === "altered" ? undefined : plan, stored });
  return {
    receipt,
    checks: [
      ...(plan === "altered" ? checks.map((check) => (check.check === "plan" ? ALTERED : check)) : checks),
      ...(await derivedAgain(world, receipt, plan === "altered" ? undefined : plan, adoptions ?? [])),
    ],
  };
}

const ALTERED: ReceiptCheck = { check: "plan", verdict: "fails", detail: "the claim store has another plan under that digest" };

async function derivedAgain(
  world: Pick<World, "repository" | "cache">,
  { record, instance }: Receipt,
  plan: Plan | undefined,
  adoptions: readonly AdoptionRecord[],
): Promise<readonly ReceiptCheck[]> {
  if (record.kind !== "Publication") return [];
  const at = `commit ${record.source.commit.slice(0, 12)}`;
  const { commit, path } = record.source;
  const read = await ifReached(async () => ({ source: await sourceAt(world, commit, [path]) }));
  if (read === undefined) return [{ check: "source", verdict: "unknown", detail: "there is no git repository at hand" }];
  const [deviation] = reproduce(read.source, record, { adoptions, plan, bundle: undefined, instances: [instance] });
  if (deviation === undefined) {
    return [
      { check: "source", verdict: "holds", detail: `${record.source.path} of ${at} is the record's claim` },
      { check: "release", verdict: "holds", detail: `derived again from ${at}, it has the same bytes` },
    ];
  }
  const { name, detail } = deviation;
  if (name === "release/commit-unknown") return [{ check: "source", verdict: "unknown", detail }];
  return [{ check: name === "record/source" ? "source" : "release", verdict: "fails", detail }];
}

async function planOf(store: ObjectStore, { planDigest }: Receipt, signal: AbortSignal): Promise<Plan | "altered" | undefined> {
  if (!/^[0-9a-f]{64}$/.test(planDigest)) return undefined;
  try {
    return await readPlan(store, planDigest, signal);
  } catch (error) {
    if (error instanceof Stalled) return "altered";
    if (error instanceof Waiting) return undefined;
    throw error;
  }
}

/** Every claim store has it from its first release on: with it, what is not there is missing, and not merely elsewhere. */
const OPENING = "audit/0000-00/00000001.json";

async function storedOf(
  store: ObjectStore,
  { recordKey, environment, sequence, audit }: Receipt,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string | undefined> | undefined> {
  const keys = [recordKey, receiptKey(environment, sequence), audit.key];
  const found = await ifReached(async () =>
    Promise.all(
      [...keys, OPENING].map(async (key) => {
        // Whoever wrote the receipt may have written any key: what is none of the store's is not there.
        const object = WRITTEN_ONCE.test(key) ? await store.read(key, signal) : undefined;
        return [key, object && Buffer.from(object.body).toString("utf8")] as const;
      }),
    ),
  );
  if (found === undefined) return undefined;
  const isStore = found.some(([key, text]) => key === OPENING && text !== undefined);
  return new Map(found.filter(([key, text]) => keys.includes(key) && (isStore || text !== undefined)));
}

const WRITTEN_ONCE = /^(claims|receipts|audit)\/[a-z0-9-]+\/\d{8,}\.json$/;

/** A receipt is checked wherever it is opened: what cannot be reached there is not at hand. */
async function ifReached<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Stalled || error instanceof Waiting) return undefined;
    throw error;
  }
}
