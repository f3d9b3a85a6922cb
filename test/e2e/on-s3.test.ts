/** A life with the claims in a bucket, on the sandbox's S3 and on the real one: reviewed, approved, released, changed, removed, and true to the end. */
import { describe, expect, test, vi } from "vitest";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { REAL_S3, startDouble, startReal } from "../contract/s3-servers.ts";
import { edited, expectClean, idle, logOf, merge, open } from "./actions.ts";
import { s3Settings } from "./s3-settings.ts";
import { seedOf } from "./seed.ts";

vi.setConfig({ testTimeout: 120_000 });

const STAGE = "environments/stage/ledger-stage.yaml";
const DEV = "environments/dev/ledger-dev.yaml";

describe.each([
  ["the sandbox's S3", startDouble, true],
  ["a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined],
] as const)("with the claims in %s", (_, start, isThere) => {
  test.skipIf(!isThere)("what merge requests ask for is recorded once, locked, applied, and derived again from git", async () => {
    await using s3 = await start();
    await using seed = await seedOf(["ledger-dev", "ledger-stage"]);
    await using r = await startRehearsal({ seed: seed.directory, claims: { store: s3.store, env: s3Settings(s3) } });
    await idle(r);

    const iid = await open(r, {
      as: "sam",
      branch: "nodes",
      files: { ...(await edited(r, STAGE, "max: 4", "max: 5")), ...(await edited(r, DEV, "max: 2", "max: 3")) },
    });
    await idle(r);
    await r.gitlab.approve(iid, { as: "mara" });
    await merge(r, iid);
    await idle(r);
    await r.restart();
    await r.gitlab.push({ branch: "gone", files: { [DEV]: null }, as: "sam", message: "Not needed any more" });
    const removal = await r.gitlab.openMergeRequest({ as: "sam", source: "gone", title: "Not needed any more" });
    await idle(r);
    await merge(r, removal);
    await idle(r);

    expect((await logOf(r, "ledger-stage")).map(({ kind, source }) => [kind, source.approvers])).toEqual([
      ["Publication", ["mara"]],
    ]);
    expect((await logOf(r, "ledger-dev")).map(({ kind }) => kind)).toEqual([
      "Publication",
      "Publication",
      "Tombstone",
      "Removed",
    ]);
    expectClean(r);
    expect(await deviations(r)).toBe(0);
  });
});

/** As the service itself counts them, also what is not locked. */
async function deviations(r: Rehearsal): Promise<number> {
  // As if a day had gone by.
  await r.service.queue.forgetLooks([]);
  await r.service.queue.enqueue({ kind: "verify" });
  await idle(r);
  const page = await (await fetch(`${r.service.url}/metrics`)).text();
  return Number(/^claimbot_store_deviations (\S+)$/m.exec(page)?.[1]);
}
