/** The same as killed.test.ts with the claims on S3: kill -9 at every kind of write, and nothing is there twice. */
import { expect, test, vi } from "vitest";
import { openS3Store } from "../../src/adapters/s3/store.ts";
import { Secret } from "../../src/core/secret.ts";
import { startServers } from "../../src/rehearsal.ts";
import { startS3 } from "../../src/sandbox/s3/s3.ts";
import { botNotes, edited, expectClean, logOf, report } from "./actions.ts";
import { Crew, type Moment } from "./crew.ts";
import { seedOf } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 180_000 });

const FOLDERS = ["plans", "audit", "releases", "claims/ledger-stage", "current", "receipts"];

test("a release, killed at every kind of write to S3: one record, one release, one pointer, all of it locked", async () => {
  const key = { accessKeyId: "claimbot", secretAccessKey: "secret-of-the-test" };
  await using s3 = await startS3({ keys: [{ ...key, rights: "publish" }] });
  const store = await openS3Store({
    endpoint: s3.url,
    bucket: s3.bucket,
    region: "us-east-1",
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: new Secret(key.secretAccessKey) },
  });
  const env = {
    CLAIMBOT_S3_ENDPOINT: s3.url,
    CLAIMBOT_S3_BUCKET: s3.bucket,
    CLAIMBOT_S3_ACCESS_KEY_ID: key.accessKeyId,
    CLAIMBOT_S3_SECRET_ACCESS_KEY: key.secretAccessKey,
  };
  await using seed = await seedOf(["ledger-stage"]);
  await using servers = await startServers({ seed: seed.directory, claims: { store, env } });
  await using crew = new Crew(servers);
  await crew.keepAlive();

  const iid = await crew.reviewed({ branch: "first", files: await edited(servers, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
  const moments = FOLDERS.map((folder): Moment => [folder, () => s3, { method: "PUT", path: new RegExp(`/${folder}/`) }]);
  const kills = crew.killAt(moments);
  await servers.gitlab.merge(iid, { as: "jo" });
  await crew.until(() => s3.newest("current/ledger-stage.yaml") !== undefined, "the pointer is there");
  await crew.until(() => botNotes(servers, iid, report("ledger-stage")).some((note) => note.includes("is live")), "it is live");
  await crew.until(() => kills.length === FOLDERS.length, "it was killed at every kind of write");
  await crew.settled();

  expect(kills.toSorted()).toEqual(FOLDERS.toSorted());
  expect((await logOf(servers, "ledger-stage")).map(({ kind }) => kind)).toEqual(["Publication"]);
  const versions = await store.versions("");
  const immutable = versions.filter(({ key }) => !/^(current|proof)\//.test(key));
  expect(immutable.map(({ key }) => key)).toEqual([...new Set(immutable.map(({ key }) => key))]);
  const facts = await Promise.all(immutable.map(async ({ key }) => store.facts(key)));
  expect(facts.map((of) => of?.lock?.mode)).toEqual(immutable.map(() => "COMPLIANCE"));
  const count = (folder: string): number => versions.filter(({ key }) => key.startsWith(folder)).length;
  expect(["releases/ledger-stage/", "current/", "receipts/ledger-stage/"].map(count)).toEqual([1, 1, 1]);
  // However often it was started again, the server was proved once that day.
  const proofs = new Set(versions.flatMap(({ key }) => (key.startsWith("proof/") ? [key.split("/")[1]] : [])));
  expect(proofs.size).toBe(1);
  expectClean(servers);
});
