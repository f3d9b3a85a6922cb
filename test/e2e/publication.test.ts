/**
 * Publications of one environment, in whatever store the claims lie: ten publishers at once, and one that is cut off at every write. On a
 * directory, on the sandbox's S3 and on the real one of CLAIMBOT_TEST_S3_URL.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { diskFiles } from "../../src/cli/disk-files.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";
import { digestOfBytes } from "../../src/core/json.ts";
import { bundleKey } from "../../src/core/render/bundle.ts";
import { SILENT } from "../../src/core/log.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";
import type { AuditableStore, Registry, Repository } from "../../src/core/ports.ts";
import { LogCache } from "../../src/flows/log-cache.ts";
import { release, type Ground } from "../../src/flows/release.ts";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import type { World } from "../../src/flows/world.ts";
import { STARTER } from "../../src/rehearsal.ts";
import type { FaultKind } from "../../src/sandbox/faults.ts";
import { openAuditLog } from "../../src/targets/claim-store/audit-log.ts";
import { claimStoreTarget, readLog } from "../../src/targets/claim-store/claim-store.ts";
import { fluxTarget } from "../../src/targets/flux/flux.ts";
import { parsePointer } from "../../src/targets/flux/pointer.ts";
import { inOrder } from "../../src/targets/index.ts";
import type { StoreUnderTest } from "../contract/object-store.ts";
import { REAL_S3, startDouble, startReal, type S3UnderTest } from "../contract/s3-servers.ts";

const NAME = "ledger-dev";
const PATH = `environments/dev/${NAME}.yaml`;
const PUBLISHERS = 10;
const { signal } = new AbortController();

async function startDirectory(): Promise<StoreUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-publication-"));
  return {
    store: await openDirectoryStore(directory),
    open: async () => openDirectoryStore(directory),
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }),
  };
}

const starter = diskFiles(STARTER);

/** The history is a line: commit 1, 2, 3, each with another claim. */
function groundAt(number: number): Ground {
  const commit = number.toString(16).padStart(40, "0");
  const files = starter.files.flatMap((file) => {
    if (file.path === "platform.yaml") return [file];
    if (file.path !== PATH || file.bytes === undefined) return [];
    const bytes = Buffer.from(Buffer.from(file.bytes).toString().replace("{replicas: 1}", `{replicas: ${number}}`));
    return [{ ...file, bytes, blob: digestOfBytes(bytes).slice(0, 40) }];
  });
  return {
    files: { ...starter, files },
    commit,
    project: "local",
    reviewFacts: async () => "unchecked",
    headNow: async () => commit,
  };
}

const repository = {
  commit: async (ref: string) => ref,
  isAncestor: async (ancestor: string, descendant: string) => ancestor <= descendant,
} as unknown as Repository;

const registry: Registry = { tags: async () => ["1.2.0", "4.1.0"], digest: async () => `sha256:${"d".repeat(64)}` };

function worldOf(store: AuditableStore): World {
  const bucket = { bucketName: "claims", endpoint: "claims.example.org", secretName: "reader" };
  const now = (): Date => new Date();
  return {
    instance: "test",
    repository,
    store,
    targets: inOrder([claimStoreTarget(store), fluxTarget({ store, bucket, receiver: undefined })]),
    audit: openAuditLog(store, { instance: "test", now, redact: (text) => text }),
    registryOf: () => registry,
    cache: new BlobCache(),
    logs: new LogCache(),
    defaultPolicies: DEFAULT_POLICIES,
    log: SILENT,
    now,
  };
}

/** As a queue does it: what is stale or has to wait comes back, with the ground that there is by then. Gives the reason of a refusal. */
async function publish(world: World, groundNow: () => Promise<Ground | undefined>): Promise<string> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const ground = await groundNow();
    if (ground === undefined) return "nothing is left";
    try {
      const { kind } = await release(world, ground, NAME, {}, signal);
      if (kind === "held") return "held";
      if (kind === "settled" || kind === "unchanged") continue;
    } catch (error) {
      if (error instanceof Stalled) return error.message;
      if (!(error instanceof Stale) && !(error instanceof Waiting)) throw error;
      await breathe();
    }
  }
  throw new Error("the publisher never ends");
}

/** Ends with the first release of this very commit that is told as done. */
function once(ground: Ground, store: AuditableStore): () => Promise<Ground | undefined> {
  return async () => ((await isSettled(store, ground.commit)) ? undefined : ground);
}

async function isSettled(store: AuditableStore, commit: string): Promise<boolean> {
  const log = await readLog(store, NAME, signal);
  const head = log.find(({ source }) => source.commit === commit);
  return (
    head !== undefined && (await store.read(`receipts/${NAME}/${String(head.sequence).padStart(8, "0")}.json`)) !== undefined
  );
}

/** One chain of records with ascending commits, one bundle for each, one pointer to the newest; and nothing that is written once was written twice. */
async function expectWhole(store: AuditableStore): Promise<readonly number[]> {
  const log = await readLog(store, NAME, signal);
  expect(log.map(({ kind, sequence }) => `${sequence} ${kind}`)).toEqual(log.map((_, index) => `${index + 1} Publication`));
  const commits = log.map(({ source }) => Number.parseInt(source.commit, 16));
  expect(commits).toEqual(commits.toSorted((a, b) => a - b));
  expect(new Set(commits).size).toBe(commits.length);
  const head = log.at(-1);
  if (head?.kind !== "Publication") return expect.fail("the log ends in a publication");
  const pointer = await store.read(`current/${NAME}.yaml`);
  expect(parsePointer(Buffer.from(pointer?.body ?? []).toString())).toMatchObject({
    kind: "release",
    sequence: head.sequence,
    digest: head.releaseDigest,
    commit: head.source.commit,
  });
  const versions = (await store.versions("")).filter(({ key }) => !key.startsWith("current/"));
  expect(versions.map(({ key }) => key)).toEqual([...new Set(versions.map(({ key }) => key))]);
  // Who lost a race leaves a bundle that nobody names.
  const bundles = log.map((record) => (record.kind === "Publication" ? bundleKey(NAME, record.releaseDigest) : ""));
  expect(versions.map(({ key }) => key)).toEqual(expect.arrayContaining(bundles));
  expect((await readVerifiedAudit(store, signal)).faults).toEqual([]);
  return commits;
}

describe.each([
  ["a directory", startDirectory, true],
  ["the sandbox's S3", startDouble, true],
  ["a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined],
] as const)("ten publishers at once, in %s", (_, start, runs) => {
  test.skipIf(!runs)(
    "of ten commits, one after the other: exactly ten ordered records, and a pointer to the newest",
    async () => {
      await using under = await start();
      const next = async (store: AuditableStore): Promise<Ground | undefined> => {
        const log = await readLog(store, NAME, signal);
        const head = log.at(-1);
        // The newest is released until it is settled, as the next sweep would.
        if (head !== undefined && !(await isSettled(store, head.source.commit))) return groundAt(log.length);
        return log.length === PUBLISHERS ? undefined : groundAt(log.length + 1);
      };
      const publishers = Array.from({ length: PUBLISHERS }, async () => {
        const store = await under.open();
        return publish(worldOf(store), async () => next(store));
      });
      expect(new Set(await Promise.all(publishers))).toEqual(new Set(["nothing is left"]));
      expect(await expectWhole(under.store)).toEqual(Array.from({ length: PUBLISHERS }, (_, index) => index + 1));
    },
  );

  test.skipIf(!runs)("each of its own commit, the oldest as eager as the newest: none overtakes a newer one", async () => {
    await using under = await start();
    const ends = await Promise.all(
      Array.from({ length: PUBLISHERS }, async (_, index) => {
        const store = await under.open();
        return publish(worldOf(store), once(groundAt(index + 1), store));
      }),
    );
    const commits = await expectWhole(under.store);
    expect(commits.at(-1)).toBe(PUBLISHERS);
    const refused = ends.filter((end) => end.includes("does not come after"));
    expect(ends.at(-1)).toBe("nothing is left");
    expect(refused.length + ends.filter((end) => end === "nothing is left").length).toBe(PUBLISHERS);
    expect(commits.length).toBeGreaterThanOrEqual(PUBLISHERS - refused.length);
  });
});

/** What one publication leaves, and nothing twice. */
async function expectOne(store: AuditableStore): Promise<void> {
  expect(await expectWhole(store)).toEqual([1]);
  for (const folder of ["plans/", "releases/", `claims/${NAME}/`, "current/", "receipts/"])
    expect((await store.versions(folder)).map(({ kind }) => kind)).toEqual(["object"]);
}

/** How the connection dies with the write of that number: from then on nothing gets through, as for a process that was killed. */
const DEATHS = [
  ["before it was carried out", "cut-before"],
  ["after it was carried out", "cut-after"],
] as const;

describe.each([
  ["the sandbox's S3", startDouble, true],
  ["a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined],
] as const)("a publication that is cut off, in %s", (_, start, runs) => {
  test.skipIf(!runs).each(DEATHS)(
    "at any write, %s: the next run ends with one record, one release, one pointer",
    async (_, kind) => {
      let writes = 0;
      for (let cut = 1; ; cut += 1) {
        await using under = await start();
        const { store } = under;
        if (!(await diesAt(under, cut, kind))) {
          writes = cut - 1;
          break;
        }
        await publish(worldOf(await under.open()), once(groundAt(1), store));
        await expectOne(store);
      }
      // Plan, bundle, record, pointer and receipt; and what the audit log says of it.
      expect(writes).toBeGreaterThan(6);
    },
  );

  test.skipIf(!runs).each(DEATHS)(
    "by single writes that are lost, %s, each once: one run ends it, and nobody notices",
    async (_, kind) => {
      await using under = await start();
      for (const folder of ["plans", "releases", "claims", "current", "receipts", "audit"])
        under.faults.add({ method: "PUT", path: new RegExp(`/${folder}/`), fault: { kind } });
      expect((await release(worldOf(under.store), groundAt(1), NAME, {}, signal)).kind).toBe("settled");
      await expectOne(under.store);
    },
  );
});

/** A first run whose connection dies with a write, and stays dead; false when it was settled before. */
async function diesAt({ faults, store }: S3UnderTest, write: number, kind: "cut-before" | "cut-after"): Promise<boolean> {
  let writes = 0;
  const strike = (method: string): FaultKind | undefined => {
    if (writes >= write) return { kind: "cut-before" };
    if (method === "PUT") writes += 1;
    return writes === write && method === "PUT" ? { kind } : undefined;
  };
  const alive = faults.strike.bind(faults);
  faults.strike = strike;
  try {
    const end = await release(worldOf(store), groundAt(1), NAME, {}, signal).catch((error: unknown) => error);
    if (writes < write) expect(end).toMatchObject({ kind: "settled" });
    else expect(end).toMatchObject({ name: "Waiting" });
    return writes === write;
  } finally {
    faults.strike = alive;
  }
}
