/** The audit log, end to end: what people did and what came of it, who was refused, and that all of it hangs together. The steps follow each other. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { AuditEntry, AuditEvent } from "../../src/core/audit.ts";
import { digestOfBytes } from "../../src/core/json.ts";
import { readReceipt } from "../../src/core/receipt.ts";
import { readVerifiedAudit } from "../../src/flows/verify/audit.ts";
import { startRehearsal, type Rehearsal } from "../../src/rehearsal.ts";
import { claimbot } from "../cli/claimbot.ts";
import { edited, expectClean, logOf, merge, noteOf, propose, report, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;
let iid = 0;

beforeAll(async () => {
  seed = await seedOf(["ledger-stage"]);
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
  iid = await propose(r, { as: "sam", branch: "more", files: await edited(r, STAGE, "min: 2, max: 4", "min: 2, max: 5") });
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

async function entries(): Promise<readonly AuditEntry[]> {
  const { entries: all, faults } = await readVerifiedAudit(r.store, AbortSignal.timeout(10_000));
  expect(faults).toEqual([]);
  return all;
}

async function events<K extends AuditEvent["kind"]>(kind: K): Promise<readonly Extract<AuditEvent, { kind: K }>[]> {
  return (await entries()).flatMap(({ event }) => (event.kind === kind ? [event as Extract<AuditEvent, { kind: K }>] : []));
}

async function sweep(): Promise<void> {
  await r.service.queue.enqueue({ kind: "sweep" });
  await r.settled();
}

test("the first rules are adopted, and the log says by which bytes", async () => {
  const [adoption] = await events("Adoption");
  const stored = await r.store.read("claims/platform/00000001.json");
  expect(adoption?.record).toEqual({ key: "claims/platform/00000001.json", digest: digestOfBytes(stored?.body ?? "") });
});

describe("a command", () => {
  test("that is refused stands in the log with who said it, the raw line and why", async () => {
    const { id } = await say(r, iid, "sam", "/claim applly");
    await say(r, iid, "sam", "/claim apply");
    await say(r, iid, "sam", "/claim hold glpat-abcdefghij0123456789");
    const said = await events("Command");
    expect(said.map(({ by, line, verdict }) => [by.username, line, verdict])).toEqual([
      ["sam", "/claim applly", "refused"],
      ["sam", "/claim apply", "refused"],
      ["sam", "/claim hold [secret]", "allowed"],
    ]);
    expect(said[0]).toMatchObject({ mergeRequest: iid, note: { id, digest: digestOfBytes("/claim applly") } });
    expect(said[0]?.reason).toContain("Did you mean");
    expect(said[1]).toMatchObject({ command: { kind: "apply" }, environments: ["ledger-stage"] });
    expect(said[1]?.reason).toMatch(/you may not do that here|Nothing is applied before the merge/);
    await say(r, iid, "jo", "/claim unhold");
  });
});

describe("a release", () => {
  test("that is held is one entry over many sweeps, with each gate", async () => {
    await r.gitlab.edit(iid, { addLabels: ["claimbot::hold"] }, { as: "jo" });
    await r.gitlab.approve(iid, { as: "mara" });
    await merge(r, iid, "jo");
    for (let round = 0; round < 3; round += 1) await sweep();
    await r.restart();
    await sweep();
    // The first one is the default branch's as it was found: nobody had reviewed it.
    const [found, held, ...more] = await events("Decision");
    expect(more).toEqual([]);
    expect(found).toMatchObject({ environment: "ledger-stage", outcome: "held", approvers: [] });
    expect(held).toMatchObject({ outcome: "held", mergeRequest: iid, author: "sam", approvers: ["mara"] });
    expect(held?.gates.filter(({ verdict }) => verdict !== "open").map(({ gate, reason }) => `${gate}: ${reason}`)).toEqual([
      "hold: held by the label claimbot::hold; `/claim unhold` takes it off",
    ]);
    expect(held?.gates.map(({ gate }) => gate)).toEqual(expect.arrayContaining(["reviewed-plan", "approvals", "freeze"]));
    expect(await events("Effects")).toEqual([]);
  });

  test("that goes has two entries, before and after, and its report quotes the last one", async () => {
    const before = (await entries()).length;
    await r.gitlab.edit(iid, { removeLabels: ["claimbot::hold"] }, { as: "jo" });
    await r.settled();
    const added = (await entries()).slice(before);
    expect(added.map(({ event }) => event.kind)).toEqual(["Decision", "Effects"]);
    const [decision, effects] = added.map(({ event }) => event);
    const [record] = await logOf(r, "ledger-stage");
    expect(decision).toMatchObject({ outcome: "go", approvers: ["mara"], planDigest: record?.planDigest });
    expect(effects).toMatchObject({ outcome: "settled", record: { key: "claims/ledger-stage/00000001.json" } });

    const key = "receipts/ledger-stage/00000001.json";
    const text = Buffer.from((await r.store.read(key))?.body ?? "").toString();
    const receipt = readReceipt(text);
    expect(receipt).toMatchObject({ record, at: added.at(-1)?.at });
    expect(receipt?.observed.map(({ target }) => target)).toEqual(["claim-store", "flux", "waf", "dns", "deployment"]);
    const note = noteOf(r, iid, report("ledger-stage"));
    expect(note).toContain(`| receipt | \`${key}\` | \`${digestOfBytes(text)}\` |`);
    expect(note).toContain(`| audit | \`${receipt?.audit.key}\` | \`${receipt?.audit.digest}\` |`);
  });

  test("that is done again, after a restart too, adds nothing", async () => {
    const before = (await entries()).length;
    await r.restart();
    await sweep();
    await r.service.queue.enqueue({ kind: "release", environment: "ledger-stage" });
    await r.settled();
    expect(await entries()).toHaveLength(before);
  });
});

describe("claimbot audit", () => {
  const run = async (...words: readonly string[]) => claimbot(["audit", "--dir", seed.directory, ...words], { env: r.env });

  test("lists it, by environment and by person", async () => {
    const { status, stdout, stderr } = await run("--env", "ledger-stage");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^\d{8} {2}\S+ \S+ UTC {2}command +refused +ledger-stage +!\d+ +sam .*\/claim apply — /m);
    expect(stdout).toMatch(/decision +held +ledger-stage +!\d+ +sam +[0-9a-f]{12} +.*hold: held by the label/);
    expect(stdout).toMatch(/effects +settled .*claims\/ledger-stage\/00000001\.json; claim-store 1; flux \d+/);
    const byJo = JSON.parse((await run("--user", "jo", "--format", "json")).stdout) as { entries: AuditEntry[] };
    expect(byJo.entries.map(({ event }) => event.kind)).toEqual(["Command"]);
    expect((await run("--until", "2020-01-01")).stdout).toBe("Nothing of that is in the audit log.\n");
  });

  test("reports what an auditor asks: four eyes, time to release, refused commands", async () => {
    const { stdout } = await run("--report", "--format", "markdown");
    expect(stdout).toContain("## ledger-stage (stage)");
    expect(stdout).toContain("- 1 release, 1 settled with");
    expect(stdout).toContain("- Four eyes: yes 1.");
    expect(stdout).toMatch(/\| `sam` \| .* \| `mara` \| yes \|/);
    expect(stdout).toContain("Refused commands:");
  });

  test("refuses what makes no sense", async () => {
    for (const words of [
      ["--report", "--user", "jo"],
      ["--since", "soon"],
      ["--format", "xml"],
    ]) {
      expect((await run(...words)).status).toBe(2);
    }
  });
});
