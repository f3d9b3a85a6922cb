/**
 * Adoption: which rules judge. They have a log of their own, claims/platform/, and change only by a release that the rules before them
 * allow (DESIGN 2), so no merge can loosen what judges it.
 */
import { PLATFORM_NAME, rulesDigest, rulesPlan, type Rules } from "../core/adopted.ts";
import type { StoredReference } from "../core/audit.ts";
import { validateTree } from "../core/claim/validate.ts";
import { ENVIRONMENT_TYPES } from "../core/environment.ts";
import { Stalled, Waiting } from "../core/errors.ts";
import { canonicalJson, digestOfBytes, isObject, parseJson, type Digest } from "../core/json.ts";
import type { Plan } from "../core/plan.ts";
import type { ObjectStore } from "../core/ports.ts";
import { recordKey, type Source } from "../core/record.ts";
import type { StoreOwner } from "../core/store-owner.ts";
import { storePlan } from "../targets/claim-store/log.ts";
import { retention } from "../targets/retention.ts";
import type { ClaimFiles } from "./files.ts";
import type { World } from "./world.ts";

/** @public One entry of the rules' log. */
export interface AdoptionRecord {
  readonly kind: "Adoption";
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly source: Source;
  /** The project's number, and host and port of its GitLab; absent where none was asked. */
  readonly gitlab?: Pick<StoreOwner, "id" | "host">;
  readonly rules: Rules;
  readonly rulesDigest: Digest;
  readonly planDigest?: Digest;
  readonly previous?: Digest;
  /** The reason given with --break-glass, where gates were passed by it. */
  readonly breakGlass?: string;
}

interface Adopted {
  readonly record: AdoptionRecord;
  readonly bytes: Uint8Array;
}

/** The rules that judge; undefined before the first adoption, when the target branch counts as adopted. */
export async function adoptedRules(world: Pick<World, "store">, signal: AbortSignal): Promise<Rules | undefined> {
  return (await newestAdoption(world.store, signal))?.rules;
}

export async function newestAdoption(store: ObjectStore, signal: AbortSignal): Promise<AdoptionRecord | undefined> {
  return (await newest(store, signal))?.record;
}

/** Every adoption, oldest first. Throws Stalled at the first that is not the next one. */
export async function readAdoptions(store: ObjectStore, signal: AbortSignal): Promise<readonly AdoptionRecord[]> {
  return (await adoptions(store, signal)).map(({ record }) => record);
}

async function newest(store: ObjectStore, signal: AbortSignal): Promise<Adopted | undefined> {
  const known = knownOf.get(store) ?? new Map<string, Known>();
  knownOf.set(store, known);
  return (await adoptions(store, signal, known)).at(-1);
}

/** What was read and found to be the next one after `last`; of another ETag it is read again. */
interface Known {
  readonly etag: string;
  readonly last: Adopted | undefined;
  readonly adopted: Adopted;
}

/** Every job asks for the rules several times, and they hardly ever change. */
const knownOf = new WeakMap<ObjectStore, Map<string, Known>>();

/** Without `known` everything is read. */
async function adoptions(store: ObjectStore, signal: AbortSignal, known?: Map<string, Known>): Promise<readonly Adopted[]> {
  const found: Adopted[] = [];
  for (const [index, { key, etag }] of (await store.list(`claims/${PLATFORM_NAME}/`, signal)).entries()) {
    const last = found.at(-1);
    const before = known?.get(key);
    const isKnown = before?.etag === etag && before.last === last;
    const adopted = isKnown ? before.adopted : await readNext(store, key, index + 1, last, signal);
    known?.set(key, { etag, last, adopted });
    found.push(adopted);
  }
  return found;
}

async function readNext(
  store: ObjectStore,
  key: string,
  sequence: number,
  last: Adopted | undefined,
  signal: AbortSignal,
): Promise<Adopted> {
  const object = await store.read(key, signal);
  const record = object && parse(object.body);
  const follows = record?.sequence === sequence && record.previous === (last && digestOfBytes(last.bytes));
  if (object === undefined || record === undefined || !follows || rulesDigest(record.rules) !== record.rulesDigest) {
    throw new Stalled(
      `${store.name}: ${key} is not the next adoption of rules`,
      "Somebody changed or damaged the claim store: find out who wrote it",
    );
  }
  return { record, bytes: object.body };
}

/** Undefined for what is torn or foreign, and for rules without the types that whoever asks them stands on: the caller names the key. */
function parse(bytes: Uint8Array): AdoptionRecord | undefined {
  const value = parseJson(new TextDecoder().decode(bytes));
  if (!isObject(value) || value["kind"] !== "Adoption" || !isObject(value["source"]) || typeof value["at"] !== "string")
    return undefined;
  return isRules(value["rules"]) ? (value as unknown as AdoptionRecord) : undefined;
}

function isRules(value: unknown): boolean {
  if (!isObject(value) || !isObject(value["platform"]) || !Array.isArray(value["policies"])) return false;
  const { spec } = value["platform"];
  const types = isObject(spec) ? spec["types"] : undefined;
  const isWhole = value["policies"].every((policy) => isObject(policy) && typeof policy["path"] === "string");
  return isWhole && isObject(types) && ENVIRONMENT_TYPES.every((type) => isObject(types[type]));
}

/** Its key, and the digest of its bytes. */
export function adoptionReference(record: AdoptionRecord): StoredReference {
  return { key: recordKey(PLATFORM_NAME, record.sequence), digest: digestOfBytes(adoptionText(record)) };
}

function adoptionText(record: AdoptionRecord): string {
  return `${canonicalJson(record)}\n`;
}

/** @public Whose rules are adopted, and how. */
export interface AdoptedBy {
  readonly source: Source;
  /** Absent where no GitLab is asked. */
  readonly owner?: StoreOwner | undefined;
  readonly breakGlass?: string | undefined;
  /** The number of the adoption whose rules let it through, 0 for none; without, whatever is the newest. */
  readonly after?: number;
}

/** Writes the next adoption. Throws Waiting when somebody else wrote it first: the next run reads what they wrote, and is judged by it. */
export async function adopt(
  world: Pick<World, "store" | "now">,
  rules: Rules,
  { source, owner, breakGlass, after }: AdoptedBy,
  plan: Plan | undefined,
  signal: AbortSignal,
): Promise<AdoptionRecord> {
  const last = await newest(world.store, signal);
  const newestNumber = last?.record.sequence ?? 0;
  if (after !== undefined && after !== newestNumber) throw adoptedMeanwhile();
  const record: AdoptionRecord = {
    kind: "Adoption",
    sequence: newestNumber + 1,
    at: world.now().toISOString(),
    source,
    ...(owner && { gitlab: { id: owner.id, host: owner.host } }),
    rules,
    rulesDigest: rulesDigest(rules),
    ...(plan && { planDigest: plan.digest }),
    ...(last && { previous: digestOfBytes(last.bytes) }),
    ...(breakGlass !== undefined && { breakGlass }),
  };
  const key = recordKey(PLATFORM_NAME, record.sequence);
  const options = { retainUntil: retention("prod", rules.platform, new Date(record.at)) };
  // It was stored by the rules before, and earlier: it must outlive the record that names it.
  if (plan !== undefined) await storePlan(world.store, plan, options);
  const written = await world.store.putNew(key, Buffer.from(adoptionText(record)), options);
  if (written === "exists") throw adoptedMeanwhile();
  return record;
}

function adoptedMeanwhile(): Waiting {
  return new Waiting("somebody else adopted rules at the same moment", 1_000);
}

/** The rules that a tree brings; undefined where its platform.yaml is missing or wrong. */
export function rulesOf(world: Pick<World, "cache" | "defaultPolicies">, { files, policies }: ClaimFiles): Rules | undefined {
  const { platform } = validateTree({
    files: files.filter(({ path }) => path === "platform.yaml"),
    rules: undefined,
    cache: world.cache,
  });
  return platform && { platform, policies: policies.length > 0 ? policies : world.defaultPolicies };
}

/** The plan of adopting what a tree proposes; none where nothing is adopted yet, or nothing differs. */
export function rulesPlans(adopted: Rules | undefined, proposed: Rules | undefined): readonly Plan[] {
  if (adopted === undefined || proposed === undefined || rulesDigest(adopted) === rulesDigest(proposed)) return [];
  return [rulesPlan(adopted, proposed)];
}
