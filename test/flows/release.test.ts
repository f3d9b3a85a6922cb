/** A release between two moments of somebody else's: what was published while it was planned is seen, before any gate judges the plan. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { diskFiles } from "../../src/cli/disk-files.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import { Stale, Waiting } from "../../src/core/errors.ts";
import { SILENT } from "../../src/core/log.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";
import type { Audit, ObjectStore, Registry, Repository } from "../../src/core/ports.ts";
import { LogCache } from "../../src/flows/log-cache.ts";
import { considerRelease, release, type Ground, type Outcome } from "../../src/flows/release.ts";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import type { World } from "../../src/flows/world.ts";
import { STARTER } from "../../src/rehearsal.ts";
import { openAuditLog } from "../../src/targets/claim-store/audit-log.ts";
import { claimStoreTarget } from "../../src/targets/claim-store/claim-store.ts";
import { fluxTarget } from "../../src/targets/flux/flux.ts";
import { inOrder, type Targets } from "../../src/targets/index.ts";

const NAME = "ledger-dev";
const { signal } = new AbortController();
const ground: Ground = {
  files: diskFiles(STARTER),
  commit: "a".repeat(40),
  project: "local",
  reviewFacts: async () => "unchecked",
  headNow: async () => "a".repeat(40),
};

test("another writer's record that came while it was planned makes it stale: it is not held for a plan of half a world", async () => {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-release-"));
  try {
    const store = await openDirectoryStore(directory);
    // The other one gets as far as its record.
    const other = worldOf(
      store,
      inOrder([claimStoreTarget(store)]),
      registryThat(async () => {}),
    );
    let isFirst = true;
    const registry = registryThat(async () => {
      if (isFirst) {
        isFirst = false;
        await release(other, ground, NAME, {}, signal);
      }
    });
    const world = worldOf(store, inOrder([claimStoreTarget(store), flux(store)]), registry);
    await expect(considerRelease(world, ground, NAME, { confirmed: "0".repeat(64) }, signal)).rejects.toThrow(Stale);
    expect(isFirst).toBe(false);
    // Planned again, it knows the record.
    expect((await considerRelease(world, ground, NAME, {}, signal)).kind).toBe("gated");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

describe("an audit log that cannot be written", () => {
  const noAudit: Audit = {
    append: async () => Promise.reject(new Waiting("the audit log cannot be reached", 30_000)),
    head: async () => undefined,
  };

  test("keeps a release from beginning: it waits, and nothing is recorded", async () => {
    const directory = await mkdtemp(join(tmpdir(), "claimbot-release-"));
    try {
      const store = await openDirectoryStore(directory);
      const world = worldOf(
        store,
        inOrder([claimStoreTarget(store)]),
        registryThat(async () => {}),
      );
      await expect(release({ ...world, audit: noAudit }, ground, NAME, {}, signal)).rejects.toThrow(Waiting);
      expect(await store.list("claims/")).toEqual([]);
      expect(await store.list("releases/")).toEqual([]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  test("at the end keeps it from being told: it comes back, and is told then, by one entry and one receipt", async () => {
    const directory = await mkdtemp(join(tmpdir(), "claimbot-release-"));
    try {
      const store = await openDirectoryStore(directory);
      const world = worldOf(
        store,
        inOrder([claimStoreTarget(store)]),
        registryThat(async () => {}),
      );
      const told: string[] = [];
      const tell = async (outcome: Outcome): Promise<void> => void told.push(outcome.kind);
      const cut: Audit = {
        ...noAudit,
        append: async (event) => (event.kind === "Effects" ? noAudit.append(event) : world.audit.append(event)),
      };
      await expect(release({ ...world, audit: cut }, ground, NAME, { tell }, signal)).rejects.toThrow(Waiting);
      expect({ told, receipts: await store.list("receipts/") }).toEqual({ told: [], receipts: [] });
      expect(await release(world, ground, NAME, { tell }, signal)).toMatchObject({ kind: "settled" });
      expect(told).toEqual(["settled"]);
      const { entries, faults } = await readVerifiedAudit(store, signal);
      expect(faults).toEqual([]);
      expect(entries.map(({ event }) => event.kind)).toEqual(["MonthClosed", "Decision", "Effects"]);
      expect(await store.list("receipts/")).toHaveLength(1);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

function flux(store: ObjectStore): ReturnType<typeof fluxTarget> {
  const bucket = { bucketName: "claims", endpoint: "claims.example.org", secretName: "reader" };
  return fluxTarget({ store, bucket, receiver: undefined });
}

/** Has one version of everything; `act` happens whenever it is asked. */
function registryThat(act: () => Promise<void>): Registry {
  return {
    async tags() {
      await act();
      return ["1.2.0", "4.1.0"];
    },
    digest: async () => `sha256:${"d".repeat(64)}`,
  };
}

function worldOf(store: ObjectStore, targets: Targets, registry: Registry): World {
  return {
    instance: "test",
    repository: {} as Repository,
    store,
    targets,
    audit: openAuditLog(store, { instance: "test", now: () => new Date("2026-11-24T12:00:00Z"), redact: (text) => text }),
    registryOf: () => registry,
    cache: new BlobCache(),
    logs: new LogCache(),
    defaultPolicies: DEFAULT_POLICIES,
    log: SILENT,
    now: () => new Date("2026-11-24T12:00:00Z"),
  };
}
