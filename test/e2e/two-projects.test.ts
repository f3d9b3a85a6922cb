/** Two services on one claim store, which no deployment should have: neither takes the other's environments for removed ones. */
import { expect, test, vi } from "vitest";
import { adopt, newestAdoption } from "../../src/flows/adoption.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { startDouble } from "../contract/s3-servers.ts";
import { edited, expectClean, idle, logOf, merge, open } from "./actions.ts";
import { s3Settings } from "./s3-settings.ts";
import { seedOf } from "./seed.ts";

vi.setConfig({ testTimeout: 240_000 });

const DEV = "environments/dev/ledger-dev.yaml";
const { signal } = new AbortController();

test("a project of the same path and number and another history removes nothing; its own go on", async () => {
  await using s3 = await startDouble();
  const claims = { store: s3.store, env: s3Settings(s3) };
  await using theirs = await seedOf(["ledger-dev"]);
  await using first = await startRehearsal({ seed: theirs.directory, claims });
  await idle(first);
  expect((await logOf(first, "ledger-dev")).map(({ kind }) => kind)).toEqual(["Publication"]);

  await using ours = await seedOf(["identity-dev"]);
  await using second = await startRehearsal({ seed: ours.directory, claims });
  await idle(second);
  expect((await logOf(second, "identity-dev")).map(({ kind }) => kind)).toEqual(["Publication"]);
  expect((await logOf(second, "ledger-dev")).map(({ kind }) => kind)).toEqual(["Publication"]);
  expect(await lastError(second, "env:ledger-dev")).toContain("which is published");
});

test("a store that another project owns is left alone, until somebody says that it moved", async () => {
  await using s3 = await startDouble();
  const env = s3Settings(s3);
  await using seed = await seedOf(["ledger-dev"]);
  await using r = await startRehearsal({ seed: seed.directory, claims: { store: s3.store, env } });
  await idle(r);
  const newest = await newestAdoption(s3.store, signal);
  expect(newest?.gitlab).toEqual({ id: expect.any(Number), host: new URL(r.gitlab.url).host });

  const source = { ...newest!.source, project: "group/other" };
  const world = { store: s3.store, now: () => new Date() };
  await adopt(
    world,
    newest!.rules,
    { source, owner: { id: 4711, path: "group/other", host: "git.example.org" } },
    undefined,
    signal,
  );
  const iid = await open(r, { as: "sam", branch: "more", files: await edited(r, DEV, "max: 2", "max: 3") });
  await merge(r, iid);
  await r.restart();
  await idle(r);
  expect(await logOf(r, "ledger-dev")).toHaveLength(1);
  expect(await lastError(r, "sweep")).toContain("belongs to group/other (number 4711 at git.example.org)");

  await using moved = await startRehearsal({
    seed: seed.directory,
    claims: { store: s3.store, env: { ...env, CLAIMBOT_GITLAB_FORMER_PROJECT: "group/other" } },
  });
  await idle(moved);
  expect(await lastError(moved, "sweep")).toBeUndefined();
  expectClean(moved);
});

/** Of the newest run; undefined where that went well. */
async function lastError({ service }: Rehearsal, key: string): Promise<string | undefined> {
  const [report] = await service.queue.reports({ key, limit: 1 });
  if (report === undefined) throw new Error(`${key} never ran`);
  return report.outcome === "done" ? undefined : report.message;
}
