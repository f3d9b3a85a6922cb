/** The service's own verify: part by part, and whatever ends a run, the next one goes on. */
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import { openCheckout, type Checkout } from "../../../src/adapters/git/checkout.ts";
import { BlobCache } from "../../../src/core/claim/blob-cache.ts";
import { SILENT } from "../../../src/core/log.ts";
import type { AuditableStore, Job } from "../../../src/core/ports.ts";
import { isVerifyDue, REST, type LookedAt } from "../../../src/flows/verify/looks.ts";
import { verifyDaily } from "../../../src/flows/verify/verify-daily.ts";
import type { ServiceWorld } from "../../../src/flows/world.ts";
import { ClaimRepository, FEW } from "../../cli/claimbot.ts";
import { lookMemory } from "../look-memory.ts";

const HOUR_MS = 3_600_000;
const NAMES = FEW.toSorted();
const { signal } = new AbortController();

let repository: ClaimRepository;
let checkout: Checkout;
let folder: string;

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: FEW });
  folder = await mkdtemp(join(tmpdir(), "claimbot-daily-"));
  await repository.claimbot("apply", "--yes");
  checkout = await openCheckout(repository.path);
}, 60_000);
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Bench {
  readonly world: ServiceWorld;
  store: AuditableStore;
  now: Date;
  /** What was enqueued, logged as an error, told and fetched. */
  readonly jobs: Job[];
  readonly errors: object[];
  readonly told: LookedAt[];
  fetches: number;
}

async function bench(): Promise<Bench> {
  const directory = await mkdtemp(join(folder, "store-"));
  await cp(join(repository.path, ".claimbot/store"), directory, { recursive: true, preserveTimestamps: true });
  const made = { now: new Date(), jobs: [], errors: [], told: [], fetches: 0 } as Omit<Bench, "world" | "store">;
  const store = await openDirectoryStore(directory);
  const world = {
    get store() {
      return found.store;
    },
    repository: { ...checkout, fetch: async () => ((found.fetches += 1), []) },
    forge: { project: async () => ({ defaultBranch: "main" }) },
    cache: new BlobCache(),
    instance: "claimbot",
    memory: lookMemory(),
    jobs: { enqueue: async (job: Job) => void found.jobs.push(job) },
    log: { ...SILENT, error: (fields: object, message: string) => void found.errors.push({ ...fields, message }) },
    verified: (what: LookedAt) => void found.told.push(what),
    now: () => found.now,
  } as unknown as ServiceWorld;
  const found: Bench = Object.assign(made, { world, store });
  return found;
}

async function ended({ world }: Bench): Promise<readonly string[]> {
  const looks = await world.memory.looks();
  return looks.filter(({ endedAt, begunAt }) => endedAt !== undefined && endedAt >= begunAt).map(({ part }) => part);
}

/** A store in which reading keys of an environment ends in this way. */
function withReads(
  store: AuditableStore,
  environment: string,
  read: (signal: AbortSignal | undefined) => Promise<never>,
): AuditableStore {
  return {
    name: store.name,
    locks: store.locks,
    putNew: async () => Promise.reject(new Error("verify writes nothing")),
    replace: async () => Promise.reject(new Error("verify writes nothing")),
    read: async (key, limit) => (key.startsWith(`claims/${environment}/`) ? read(limit) : store.read(key, limit)),
    list: async (prefix, limit) => store.list(prefix, limit),
    versions: async (prefix, limit) => store.versions(prefix, limit),
    facts: async (key, versionId, limit) => store.facts(key, versionId, limit),
  };
}

test("every environment is looked at, then the rest: what deviates is logged, counted and told with the time", async () => {
  const one = await bench();
  const record = join(one.store.name, "claims/ledger-dev/00000001.json");
  await chmod(record, 0o644);
  await writeFile(record, (await readFile(record, "utf8")).replace('"approvers":[]', '"approvers":["mallory"]'));
  await verifyDaily(one.world, signal);
  expect(await ended(one)).toEqual([...NAMES, REST]);
  expect(one.told).toEqual([{ deviations: 1, since: one.now.toISOString() }]);
  expect(one.errors).toEqual([expect.objectContaining({ deviation: "receipt/record", message: "the claim store deviates" })]);
  expect(one.jobs).toEqual([]);
  expect(one.fetches).toBe(3);
  // Not again until a day later, and nothing was released meanwhile: one look at the default branch is enough.
  await verifyDaily(one.world, signal);
  expect(one.errors).toHaveLength(1);
  one.now = new Date(one.now.getTime() + 24 * HOUR_MS);
  await verifyDaily(one.world, signal);
  expect(one.told.at(-1)).toEqual({ deviations: 1, since: one.now.toISOString() });
  expect(one.errors).toHaveLength(2);
  expect(one.fetches).toBe(4);
});

test("a run that has had its time goes on as another job, until all is looked at; only then is a time told", async () => {
  const one = await bench();
  const seen: (readonly string[])[] = [];
  do {
    one.jobs.length = 0;
    await verifyDaily(one.world, signal, { sliceMs: 0, partMs: 60_000 });
    seen.push(await ended(one));
  } while (one.jobs.length > 0);
  expect(seen).toEqual([1, 2, 3, 4].map((count) => [...NAMES, REST].slice(0, count)));
  expect(one.told.map(({ since }) => since)).toEqual([undefined, undefined, undefined, one.now.toISOString()]);
  expect(one.jobs).toEqual([]);
});

test("a part that does not end in its time is logged and keeps no other from being looked at; it has its turn later", async () => {
  const one = await bench();
  const { store } = one;
  await verifyDaily(one.world, signal);
  const before = one.now.toISOString();
  one.now = new Date(one.now.getTime() + 25 * HOUR_MS);
  one.store = withReads(store, "ledger-dev", async (limit) => {
    await new Promise((_, fail) => limit?.addEventListener("abort", () => fail(limit.reason as Error), { once: true }));
    throw new Error("it never ends");
  });
  await verifyDaily(one.world, signal, { sliceMs: 60_000, partMs: 200 });
  expect(await ended(one)).toEqual(["ledger-stage", "search-vectors-sue"]);
  expect(one.errors.map((error) => ({ ...error, err: undefined }))).toEqual([
    { part: "ledger-dev", partMs: 200, message: "a part of the claim store could not be verified in its time" },
    { part: "what is of no environment", partMs: 200, message: "a part of the claim store could not be verified in its time" },
  ]);
  expect(one.told.at(-1)).toEqual({ deviations: 0, since: before });
  // Nobody could look for days: that is said, too.
  one.now = new Date(one.now.getTime() + 60 * HOUR_MS);
  one.store = store;
  expect(isVerifyDue(await one.world.memory.looks(), one.now)).toBe(true);
  await verifyDaily(one.world, signal);
  expect(one.errors.slice(2)).toEqual([
    {
      parts: 2,
      first: ["ledger-dev", "what is of no environment"],
      verifiedAt: before,
      message: "parts of the claim store were not verified for days",
    },
  ]);
  expect(one.told.at(-1)).toEqual({ deviations: 0, since: one.now.toISOString() });
});

test("after a run that was cut off in one part the next one goes on with the others", async () => {
  const one = await bench();
  const { store } = one;
  one.store = withReads(store, "ledger-dev", async () => Promise.reject(new Error("the process ended")));
  await expect(verifyDaily(one.world, signal)).rejects.toThrow("the process ended");
  expect(await ended(one)).toEqual([]);
  one.store = store;
  await verifyDaily(one.world, signal);
  expect(await ended(one)).toEqual(["ledger-stage", "search-vectors-sue", REST]);
  expect(one.told.at(-1)?.since).toBeUndefined();
  one.now = new Date(one.now.getTime() + 3 * HOUR_MS);
  expect(isVerifyDue(await one.world.memory.looks(), one.now)).toBe(true);
  await verifyDaily(one.world, signal);
  expect(one.told.at(-1)?.since).toBeDefined();
});

test("an environment of which nothing is left is not waited for", async () => {
  const one = await bench();
  await one.world.memory.rememberLook({
    part: "gone-dev",
    begunAt: "2026-11-01T12:00:00.000Z",
    endedAt: undefined,
    deviations: 0,
  });
  await verifyDaily(one.world, signal);
  expect(one.told).toEqual([{ deviations: 0, since: one.now.toISOString() }]);
});
