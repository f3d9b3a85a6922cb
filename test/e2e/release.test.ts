/** Release, end to end: what the gates let through after the merge, and what they hold. One rehearsal; the steps follow each other. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { startRehearsal, STARTER, type Rehearsal } from "../../src/rehearsal.ts";
import { edited, expectClean, logOf, merge, noteOf, open, PLAN, propose, report, say } from "./actions.ts";
import { seedOf, type Seed } from "./seed.ts";

const STAGE = "environments/stage/ledger-stage.yaml";
const PROD = "environments/prod/ledger-prod.yaml";
const NAME = "ledger.stage.example.org";
vi.setConfig({ testTimeout: 60_000 });

let seed: Seed;
let r: Rehearsal;

beforeAll(async () => {
  seed = await seedOf(["ledger-stage", "ledger-prod"], (text) => text.replace('from: "2026-12-18', 'from: "2026-01-01'));
  r = await startRehearsal({ seed: seed.directory });
  await r.settled();
  r.gitlab.project.settings.authorMayApprove = true;
});
afterEach(() => expectClean(r));
afterAll(async () => {
  await r[Symbol.asyncDispose]();
  await seed[Symbol.asyncDispose]();
});

/** Sam changes the most nodes of a pool of ledger-stage. */
async function proposeMax(branch: string, from: number, to: number, labels: readonly string[] = []): Promise<number> {
  return propose(r, { as: "sam", branch, files: await edited(r, STAGE, `min: 2, max: ${from}`, `min: 2, max: ${to}`), labels });
}

const records = (): readonly { readonly name: string; readonly type: string; readonly proxied?: boolean | undefined }[] =>
  r.cloudflare.records("example.org");

describe("approvals", () => {
  test("none: it is held, the report says what is missing, and nothing was done", async () => {
    const iid = await proposeMax("none", 4, 5);
    await merge(r, iid);
    const note = noteOf(r, iid, report("ledger-stage"));
    expect(note).toContain("🟠 ledger-stage is held");
    expect(note).toContain("Nothing was done.");
    expect(note).toContain("0 of 1 approval");
    expect(await logOf(r, "ledger-stage")).toEqual([]);
    expect(records().filter(({ name }) => name === NAME)).toEqual([]);
  });

  test("withdrawn between two calls: refused as stale, and held", async () => {
    const iid = await proposeMax("withdrawn", 5, 8);
    await r.gitlab.approve(iid, { as: "mara" });
    const path = new RegExp(`merge_requests/${iid}/approvals`);
    // The first read stands for the decision; the second is the last look before the first effect.
    r.gitlab.faults.add({ path, fault: { kind: "meanwhile", act: () => {} } });
    r.gitlab.faults.add({ path, fault: { kind: "meanwhile", act: async () => r.gitlab.unapprove(iid, { as: "mara" }) } });
    await merge(r, iid, "jo");
    expect(await r.service.queue.reports({ key: "env:ledger-stage" })).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ outcome: "stale", message: expect.stringContaining("before the first effect") as unknown }),
      ]),
    );
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("0 of 1 approval");
    expect(await logOf(r, "ledger-stage")).toEqual([]);
  });

  test("a good one: recorded, built, protected, exposed, told; the report names who approved", async () => {
    const iid = await proposeMax("good", 8, 4);
    await r.gitlab.approve(iid, { as: "mara" });
    await merge(r, iid, "jo");
    const note = noteOf(r, iid, report("ledger-stage"));
    expect(note).toContain("🟢 ledger-stage is live");
    expect(note).toContain("approved by `mara`");
    const log = await logOf(r, "ledger-stage");
    expect(log).toMatchObject([{ kind: "Publication", source: { mergeRequest: iid, author: "sam", approvers: ["mara"] } }]);
    expect(records().find(({ name }) => name === NAME)?.proxied).toBe(true);
    const rules = r.cloudflare.ruleset("example.org", "http_request_firewall_custom")?.rules ?? [];
    expect(rules.some(({ expression }) => expression.includes(`"${NAME}"`))).toBe(true);
    expect(r.flux.objects().some(({ kind, metadata }) => kind === "KubernetesCluster" && metadata.name === "ledger-stage")).toBe(
      true,
    );
    expect(r.gitlab.environment("ledger-stage")).toMatchObject({ state: "available", tier: "staging" });
    expect(r.gitlab.deployments("ledger-stage")).toHaveLength(1);
  });
});

describe("a world that moved since the review", () => {
  test("is shown and held; /claim apply with the new digest goes on, and heals it", async () => {
    const iid = await proposeMax("moved", 4, 5);
    await r.gitlab.approve(iid, { as: "mara" });
    const own = r.cloudflare.records("example.org").find(({ name }) => name === NAME);
    r.cloudflare.editRecord("example.org", own?.id ?? "", { proxied: false });
    await merge(r, iid, "jo");
    const held = noteOf(r, iid, report("ledger-stage"));
    expect(held).toContain("🟠 ledger-stage is held");
    expect(held).toContain("the world moved since the review");
    expect(held).toMatch(/\| dns \| .*ledger\.stage\.example\.org/);
    expect(await logOf(r, "ledger-stage")).toHaveLength(1);

    const digest = /\/claim apply ([0-9a-f]{12})/.exec(held)?.[1] ?? "";
    const shown = await say(r, iid, "kim", "/claim diff ledger-stage");
    expect(shown.reaction).toBe("white_check_mark");
    expect(shown.answer).toContain(`now it is \`${digest}\``);
    expect(shown.answer).toMatch(/\| dns \| .*ledger\.stage\.example\.org.*\| nothing \|/);
    expect(shown.answer).toContain("| ~ | `CNAME ledger.stage.example.org` | `proxied` | `false` | `true` |");
    const wrong = await say(r, iid, "jo", `/claim apply ${"0".repeat(12)}`);
    expect(wrong.answer).toContain("is not the current plan");
    expect(wrong.reaction).toBe("x");
    expect(await logOf(r, "ledger-stage")).toHaveLength(1);

    const { answer, reaction } = await say(r, iid, "jo", `/claim apply ${digest}`);
    expect(answer).toContain(`\`ledger-stage\` is done: \`claims/ledger-stage/00000002.json\`, plan \`${digest}\``);
    expect(reaction).toBe("white_check_mark");
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
    const late = await say(r, iid, "jo", `/claim apply ${"0".repeat(12)}`);
    expect(late.answer).toContain("Refused as stale: `000000000000` is not the current plan of `ledger-stage`");
    expect(late.reaction).toBe("x");
    expect(await logOf(r, "ledger-stage")).toHaveLength(2);
    expect(records().find(({ name }) => name === NAME)?.proxied).toBe(true);
  });
});

describe("a name that somebody else holds", () => {
  const second = "ledger-two.stage.example.org";
  const third = "ledger-three.stage.example.org";
  const at = (name: string) => r.cloudflare.records("example.org").filter((record) => record.name === name);
  const takes = (name: string) =>
    r.cloudflare.addForeignRecord("example.org", { type: "A", name, content: "192.0.2.7", comment: "by hand" });
  /** All that a release would have changed before it came to the name. */
  const effects = async () => ({
    claims: (await r.store.list("claims/ledger-")).map(({ key }) => key),
    built: r.flux.objects().length,
    pointer: (await r.store.read("current/ledger-stage.yaml"))?.etag,
    rules: JSON.stringify(r.cloudflare.ruleset("example.org", "http_request_firewall_custom")),
  });
  const sweep = async (): Promise<void> => {
    await r.service.queue.enqueue({ kind: "sweep" });
    await r.settled();
  };

  test("since the review: held before the first effect, by no command released, and by itself when it is gone", async () => {
    const files = await edited(r, STAGE, `[${NAME}]`, `[${NAME}, ${second}]`);
    const iid = await propose(r, { as: "sam", branch: "taken", files });
    await r.gitlab.approve(iid, { as: "mara" });
    const before = await effects();
    const foreign = takes(second);
    await merge(r, iid, "jo");
    const held = noteOf(r, iid, report("ledger-stage"));
    expect(held).toContain("🟠 ledger-stage is held: the world moved since the review\n\nNothing was done.");
    expect(held).toMatch(
      /\n\| dns \| `CNAME ledger-two\.stage\.example\.org` \| free \| \*\*A ledger-two\.stage\.example\.org → 192\.0\.2\.7 is not ours \(by hand, made \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\*\* \|\n/,
    );
    expect(held).toContain("Delete it at Cloudflare");
    expect(held).not.toContain("/claim apply");
    expect(await effects()).toEqual(before);

    expect((await say(r, iid, "kim", "/claim diff ledger-stage")).answer).not.toContain("/claim apply");
    const digest = /Plan `([0-9a-f]{12})`/.exec(held)?.[1] ?? "";
    const { answer, reaction } = await say(r, iid, "jo", `/claim apply ${digest}`);
    expect(reaction).toBe("x");
    expect(answer).toContain("no command goes past that");
    await sweep();
    expect(await effects()).toEqual(before);
    expect(at(second)).toEqual([foreign]);

    r.cloudflare.removeRecord("example.org", foreign.id);
    await sweep();
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
    expect(at(second)).toMatchObject([{ type: "CNAME", proxied: true }]);
    expect(await logOf(r, "ledger-stage")).toHaveLength(3);
  });

  test("at the review already: its note says so first; held, and released without another review when it is gone", async () => {
    const foreign = takes(third);
    const files = await edited(r, STAGE, `${second}]`, `${second}, ${third}]`);
    const iid = await propose(r, { as: "sam", branch: "taken-before", files });
    expect(noteOf(r, iid, PLAN)).toMatch(
      /\n### ⛔ .*1 thing in the way.*\n\n\*\*In the way\.\*\* .*\n\n- ⛔ \*\*ledger-stage\*\* dns: A /,
    );
    await r.gitlab.approve(iid, { as: "mara" });
    const before = await effects();
    await merge(r, iid, "jo");
    const held = noteOf(r, iid, report("ledger-stage"));
    expect(held).toContain("🟠 ledger-stage is held: something that is not ours stands in its way\n\nNothing was done.");
    expect(await effects()).toEqual(before);

    r.cloudflare.removeRecord("example.org", foreign.id);
    await sweep();
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
    expect(await logOf(r, "ledger-stage")).toHaveLength(4);
  });

  test("holds dev too, which needs no review; given to claimbot by its comment, it becomes what the claim asks for", async () => {
    const name = "ledger.dev.example.org";
    const path = "environments/dev/ledger-dev.yaml";
    const foreign = takes(name);
    const iid = await propose(r, { as: "sam", branch: "dev", files: { [path]: await readFile(join(STARTER, path), "utf8") } });
    await merge(r, iid, "jo");
    const held = noteOf(r, iid, report("ledger-dev"));
    expect(held).toContain("🟠 ledger-dev is held: something that is not ours stands in its way");
    expect(await logOf(r, "ledger-dev")).toEqual([]);

    const [, comment = ""] = /set its comment to `([^`]+)`/.exec(held) ?? [];
    r.cloudflare.editRecord("example.org", foreign.id, { comment });
    await sweep();
    expect(noteOf(r, iid, report("ledger-dev"))).toContain("🟢 ledger-dev is live");
    expect(at(name)).toMatchObject([{ type: "CNAME", proxied: false, comment }]);
  });

  test("beside one that is ours already: reported, not touched, and in nobody's way", async () => {
    const iid = await proposeMax("beside", 5, 4);
    await r.gitlab.approve(iid, { as: "mara" });
    const beside = r.cloudflare.addForeignRecord("example.org", {
      type: "TXT",
      name: NAME,
      content: '"heritage=external-dns,external-dns/owner=x"',
    });
    await merge(r, iid, "jo");
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
    expect(at(NAME).filter(({ type }) => type === "TXT")).toEqual([beside]);
    r.cloudflare.removeRecord("example.org", beside.id);
  });
});

describe("other gates", () => {
  test("a label holds it, and taking the label off lets it go on by itself", async () => {
    const iid = await proposeMax("hold", 4, 6, ["claimbot::hold"]);
    await r.gitlab.approve(iid, { as: "mara" });
    const before = (await logOf(r, "ledger-stage")).length;
    await merge(r, iid, "jo");
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("held by the label claimbot::hold");
    expect(await logOf(r, "ledger-stage")).toHaveLength(before);
    await r.gitlab.edit(iid, { removeLabels: ["claimbot::hold"] }, { as: "jo" });
    await r.settled();
    expect(noteOf(r, iid, report("ledger-stage"))).toContain("🟢 ledger-stage is live");
    expect(await logOf(r, "ledger-stage")).toHaveLength(before + 1);
  });

  test("a freeze holds prod, however well it is approved", async () => {
    const iid = await open(r, { as: "sam", branch: "frozen", files: await edited(r, PROD, "min: 3, max: 8", "min: 3, max: 9") });
    await r.settled();
    for (const as of ["mara", "jo"]) await r.gitlab.approve(iid, { as });
    await merge(r, iid);
    const note = noteOf(r, iid, report("ledger-prod"));
    expect(note).toMatch(/\*\*freeze\*\*: frozen until Monday 2027-01-04 06:00 UTC/);
    expect(note).not.toContain("**approvals**");
    expect(await logOf(r, "ledger-prod")).toEqual([]);
  });
});

// Last: whoever had a part in this one is no second pair of eyes for what comes after it.
describe("approvals that do not count", () => {
  test("of an older head, by the author, by who committed and by who pushed: none counts, and each is told why", async () => {
    const iid = await proposeMax("own", 6, 7);
    const before = (await logOf(r, "ledger-stage")).length;
    await r.gitlab.approve(iid, { as: "ana" });
    await r.gitlab.push({
      branch: "own",
      as: "jo",
      files: { "README.md": "From Jo\n" },
      author: { name: "Jo", email: "jo@example.org" },
    });
    await r.gitlab.push({
      branch: "own",
      as: "mara",
      files: { "README.md": "From somebody\n" },
      author: { name: "Nobody", email: "nobody@example.org" },
    });
    await r.settled();
    for (const as of ["sam", "jo", "mara"]) await r.gitlab.approve(iid, { as });
    await merge(r, iid);
    const note = noteOf(r, iid, report("ledger-stage"));
    expect(note).toContain("0 of 1 approval");
    expect(note).toMatch(/Ana ✗ approved an older head/);
    expect(note).toMatch(/Sam ✗ .*author of the merge request/);
    expect(note).toMatch(/Jo ✗ committed/);
    expect(note).toMatch(/Mara ✗ pushed this head/);
    expect(await logOf(r, "ledger-stage")).toHaveLength(before);
  });
});
