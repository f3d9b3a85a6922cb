/** The adopted rules are asked for by every job: what was read once is not read again, unless somebody changed it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import type { ObjectStore } from "../../src/core/ports.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";
import { diskFiles } from "../../src/cli/disk-files.ts";
import { adopt, adoptedRules, readAdoptions, rulesOf } from "../../src/flows/adoption.ts";
import { STARTER } from "../../src/rehearsal.ts";
import { storeAround } from "../store-around.ts";

const { signal } = new AbortController();
const source = { project: "local", commit: "a".repeat(40), path: "platform.yaml", blob: "", approvers: [] };
const KEY = "claims/platform/00000002.json";

test("the rules are read once for each adoption; another writer's are seen at once, and changed bytes are refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-adoption-"));
  try {
    const reads: string[] = [];
    const store = counting(await openDirectoryStore(directory), reads);
    const now = (): Date => new Date("2026-11-24T12:00:00Z");
    const rules = rulesOf({ cache: new BlobCache(), defaultPolicies: DEFAULT_POLICIES }, diskFiles(STARTER));
    if (rules === undefined) return expect.fail("the starter has rules");
    await adopt({ store, now }, rules, { source }, undefined, signal);
    await adoptedRules({ store }, signal);
    // By another process: this one only hears of it by its listing.
    const fewer = { ...rules, policies: [] };
    await adopt({ store: await openDirectoryStore(directory), now }, fewer, { source }, undefined, signal);
    reads.length = 0;
    expect((await adoptedRules({ store }, signal))?.policies).toEqual([]);
    await adoptedRules({ store }, signal);
    expect(reads).toEqual([KEY]);
    // Whoever examines the store believes nothing that was read before.
    expect(await readAdoptions(store, signal)).toHaveLength(2);
    expect(reads).toHaveLength(3);
    await rm(join(directory, KEY));
    await writeFile(join(directory, KEY), "{}\n");
    const again = counting(await openDirectoryStore(directory), reads);
    await expect(adoptedRules({ store: again }, signal)).rejects.toThrow("is not the next adoption of rules");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

function counting(store: ObjectStore, reads: string[]): ObjectStore {
  return storeAround(store, {
    async read(key, given) {
      reads.push(key);
      return store.read(key, given);
    },
  });
}
