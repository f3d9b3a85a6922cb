/** Reads the claim log and the stored plans, and believes neither: every record and plan is checked against its digests. */
import { Stalled } from "../../core/errors.ts";
import { canonicalJson, digestOf, type Digest, isObject, parseJson } from "../../core/json.ts";
import { planDigest, type Plan } from "../../core/plan.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { recordKey, type Log, type LogRecord } from "../../core/record.ts";
import { parseRecord, recordFault } from "./model.ts";

/** The name below `claims/` under which the platform's own rules are adopted; no environment has it. */
const RESERVED = "platform";

/**
 * The claim log of an environment, oldest first. Throws Stalled at a record that is torn, foreign, missing or out of its chain. That there is
 * none is not believed of a listing alone: on MinIO an object `claims/<environment>` hides all that is below it.
 */
export async function readLog(store: ObjectStore, environment: string, signal?: AbortSignal): Promise<Log> {
  const list = async (): ReturnType<ObjectStore["list"]> => store.list(`claims/${environment}/`, signal);
  let keys = await list();
  if (keys.length === 0) {
    if ((await readText(store, recordKey(environment, 1), signal)) === undefined) return [];
    // It may have been written since.
    keys = await list();
    if (keys.length === 0) throw brokenLog(store, recordKey(environment, 1), "it is there, and no listing shows it");
  }
  const texts = await Promise.all(keys.map(async (_, index) => readText(store, recordKey(environment, index + 1), signal)));
  const strange = keys.find(({ key }, index) => key !== recordKey(environment, index + 1));
  if (strange !== undefined) throw brokenLog(store, strange.key, "it is not the next record");
  const log: LogRecord[] = [];
  for (const text of texts) log.push(checkedRecord(store, environment, text, log.at(-1)));
  return log;
}

/** What was added to a log since it was read; mostly nothing. Throws Stalled at a record that is broken. */
export async function readOn(store: ObjectStore, environment: string, log: Log, signal?: AbortSignal): Promise<Log> {
  const { log: grown, broken } = await readAsFarAsSound(store, environment, log, signal);
  if (broken !== undefined) throw broken;
  return grown;
}

/** The same, up to the first record that is broken, and what is wrong with that one. */
export async function readAsFarAsSound(
  store: ObjectStore,
  environment: string,
  log: Log,
  signal?: AbortSignal,
): Promise<{ readonly log: Log; readonly broken: Stalled | undefined }> {
  const grown = [...log];
  for (;;) {
    const text = await readText(store, recordKey(environment, grown.length + 1), signal);
    if (text === undefined) return { log: grown, broken: undefined };
    try {
      grown.push(checkedRecord(store, environment, text, grown.at(-1)));
    } catch (error) {
      if (error instanceof Stalled) return { log: grown, broken: error };
      throw error;
    }
  }
}

/** Names of all environments that were ever published, in byte order. */
export async function environmentsInLog(store: ObjectStore, signal?: AbortSignal): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const { key } of await store.list("claims/", signal)) {
    const name = key.split("/")[1];
    if (name !== undefined && name !== RESERVED) names.add(name);
  }
  return [...names];
}

/** Stores a plan under its digest. The first one stays: what else could be there has the same changes, inputs and rules. */
export async function storePlan(store: ObjectStore, plan: Plan, options: { readonly retainUntil?: Date } = {}): Promise<void> {
  const body = Buffer.from(`${canonicalJson(plan)}\n`);
  if ((await store.putNew(planKey(plan.digest), body, options)) === "exists") await readPlan(store, plan.digest);
}

/** The plan of that digest; undefined when none was stored. Throws Stalled when what is stored is another one (threat S27). */
export async function readPlan(store: ObjectStore, digest: Digest, signal?: AbortSignal): Promise<Plan | undefined> {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new Error(`not a whole digest: ${JSON.stringify(digest)}`);
  const text = await readText(store, planKey(digest), signal);
  if (text === undefined) return undefined;
  const plan = asPlan(text);
  if (plan?.digest === digest && digestOfStored(plan) === digest && hasItsClaim(plan)) return plan;
  throw new Stalled(
    `${store.name}: ${planKey(digest)} does not hold the plan of that digest`,
    "Somebody changed or damaged the claim store: find out who wrote that object, then plan again with /claim plan",
  );
}

export function planKey(digest: Digest): string {
  return `plans/${digest}.json`;
}

/** Undefined for what is torn or foreign: the caller names the key. */
function asPlan(text: string): Plan | undefined {
  const value = parseJson(text);
  return isObject(value) && Array.isArray(value["steps"]) ? (value as unknown as Plan) : undefined;
}

/** Undefined where it has not even the form of a plan. */
function digestOfStored(plan: Plan): Digest | undefined {
  try {
    return planDigest(plan);
  } catch {
    // Whoever wrote it: it is not the plan of that digest, and the caller says so.
    return undefined;
  }
}

/** The plan's digest covers the claim's digest, not the claim. */
function hasItsClaim({ claim, claimDigest }: Plan): boolean {
  return claim === undefined ? claimDigest === undefined : digestOf(claim) === claimDigest;
}

async function readText(store: ObjectStore, key: string, signal?: AbortSignal): Promise<string | undefined> {
  const object = await store.read(key, signal);
  return object && Buffer.from(object.body).toString("utf8");
}

function checkedRecord(
  store: ObjectStore,
  environment: string,
  text: string | undefined,
  previous: LogRecord | undefined,
): LogRecord {
  const fault = text === undefined ? "it is listed but cannot be read" : recordFault(text, environment, previous);
  if (text === undefined || fault !== undefined) {
    throw brokenLog(store, recordKey(environment, (previous?.sequence ?? 0) + 1), fault ?? "");
  }
  return parseRecord(text);
}

function brokenLog(store: ObjectStore, key: string, fault: string): Stalled {
  return new Stalled(
    `${store.name}: the claim log is broken at ${key}: ${fault}`,
    "Nothing is done for this environment until somebody has found out who wrote that object; claimbot verify shows all of them",
  );
}
