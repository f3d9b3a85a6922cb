/** The service verifies its own store, once a day, and tells whoever watches. */
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, idle, merge, open } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-dev", "search-vectors-sue"]);
  r = await startRehearsal({ seed: seed.directory });
  await idle(r);
});
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

async function gauge(name: string): Promise<number | undefined> {
  const page = await (await fetch(`${r.service.url}/metrics`)).text();
  const value = new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1];
  return value === undefined ? undefined : Number(value);
}

async function verify(): Promise<number | undefined> {
  // As if a day had gone by.
  await r.service.queue.forgetLooks([]);
  await r.service.queue.enqueue({ kind: "verify" });
  await idle(r);
  return gauge("claimbot_store_deviations");
}

test("what was released by merge requests is derived again from git; what somebody changes afterwards is counted", async () => {
  const iid = await open(r, {
    as: "sam",
    branch: "nodes",
    files: await edited(r, "environments/dev/ledger-dev.yaml", "max: 2", "max: 3"),
  });
  await idle(r);
  await merge(r, iid, "mara");
  await idle(r);
  expect((await r.store.list("claims/ledger-dev/")).length).toBe(2);
  expect(await verify()).toBe(0);
  expect(await gauge("claimbot_store_verified_timestamp_seconds")).toBeGreaterThan(Date.now() / 1000 - 60);

  const file = join(r.store.name, "claims/ledger-dev/00000001.json");
  await chmod(file, 0o644);
  await writeFile(file, (await readFile(file, "utf8")).replace('"approvers":[]', '"approvers":["mallory"]'));
  // Its receipt, and the record after it.
  expect(await verify()).toBe(2);
});

test("an environment whose log is broken stands still, says why, and keeps no other from being released", async () => {
  await r.restart();
  const iid = await open(r, {
    as: "sam",
    branch: "others",
    files: await edited(r, "environments/sue/search-vectors-sue.yaml", "description: ", "description: Now "),
  });
  await idle(r);
  await merge(r, iid, "mara");
  await idle(r);
  expect(await r.store.list("claims/search-vectors-sue/")).toHaveLength(2);
  const [last] = await r.service.queue.reports({ key: "env:ledger-dev", limit: 1 });
  expect(last).toMatchObject({ outcome: "stalled", message: expect.stringContaining("claims/ledger-dev/00000002.json") });
});

test("after a restart it is told when the store was verified last, and what was found then", async () => {
  const before = [await gauge("claimbot_store_deviations"), await gauge("claimbot_store_verified_timestamp_seconds")];
  await r.restart();
  expect([await gauge("claimbot_store_deviations"), await gauge("claimbot_store_verified_timestamp_seconds")]).toEqual(before);
  expect(before).toEqual([expect.any(Number), expect.any(Number)]);
});
