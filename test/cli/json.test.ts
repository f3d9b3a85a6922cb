/** docs/json.md against what the commands print: every member that is printed is in its tables, and every one of them is printed. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLog } from "../../src/adapters/log.ts";
import { openQueue } from "../../src/adapters/queue.ts";
import type { Job } from "../../src/core/ports.ts";
import { claimbot, ClaimRepository, FEW, type Result } from "./claimbot.ts";

/** Left out of what these tests make, for a reason that stands beside it. */
const NOT_SEEN_HERE: ReadonlySet<string> = new Set([
  "validate diagnostics[].suggestion", // only some rules know the mend
  "plan plans[].gone", // a plan of the disk names what was removed only while it lives
  "history records[].source.mergeRequest", // only where GitLab is
  "history records[].source.author",
  "history records[].source.approvers[]",
  "apply diagnostics[].suggestion",
  "status environments[].reason", // no log is broken
  "audit faults[]", // nobody tampered with it
  "verify environments[].deviations[]", // nor with the claim store
  "verify others[]",
  "plan diagnostics[].suggestion",
  "plan plans[].steps[].pending[]", // nothing is pending without a cluster
  ...["key", "content", "remark", "blocks.key", "blocks.wayOut"].map((member) => `plan plans[].steps[].contested[].${member}`), // nor contested without Cloudflare
]);

let repository: ClaimRepository;
const printed = new Map<string, unknown[]>();

/** A life: mistakes, a first release, a change under a reason, a removal. Every document that was printed is kept. */
beforeAll(async () => {
  repository = await ClaimRepository.make({ only: FEW });
  await repository.edit("environments/dev/ledger-dev.yaml", "ledger.dev.example.org", "ledger.dev.exmaple.org");
  await run("validate");
  await run("plan");
  await repository.commit("A mistake");
  await run("apply", "--yes");
  await repository.git("reset", "--quiet", "--hard", "HEAD~1");
  await run("plan");
  await run("apply", "--yes");
  await run("apply", "--yes");
  await repository.edit("environments/stage/ledger-stage.yaml", "max: 4", "max: 5");
  await repository.git("rm", "--quiet", "environments/dev/ledger-dev.yaml");
  await repository.commit("A change and a removal");
  await run("plan");
  await run("apply", "--yes", "--break-glass", "so that history has a reason to show");
  await run("status");
  await run("status", "never-published");
  for (const name of ["ledger-stage", "ledger-dev"]) await run("history", name);
  await run("audit");
  for (const name of ["ledger-stage", "ledger-dev"]) await run("show", name);
  await run("diff", "ledger-stage", "1");
  await run("diff", "ledger-dev", "1");
  await run("verify", "--all");
  const manifests = join(repository.path, ".claimbot/backup/backups");
  await mkdir(manifests, { recursive: true });
  await writeFile(join(manifests, "20261123t120000000z.json"), "torn");
  await run("backup", "--to", ".claimbot/backup");
  await run("doctor");
  await takeEvents();
  await run("events");
}, 60_000);
afterAll(async () => repository[Symbol.asyncDispose]());

/** As a service takes them: one of each kind of job, and one that asks for nothing. */
async function takeEvents(): Promise<void> {
  const job = {
    project: 301,
    mergeRequest: 12,
    note: 7,
    discussion: "0f".repeat(20),
    intendedSha: "ab".repeat(20),
    said: "cd".repeat(32),
  };
  const kinds: readonly (readonly Job[])[] = [
    [],
    [{ kind: "review", mergeRequest: 12 }],
    [{ kind: "command", ...job }],
    [{ kind: "release", environment: "ledger-dev" }, { kind: "fan-out" }],
  ];
  const log = openLog({ level: "error", secrets: [] });
  await using queue = await openQueue({ dataDirectory: join(repository.path, ".claimbot"), log });
  for (const [index, jobs] of kinds.entries()) {
    const receivedAt = `2026-11-24T0${index}:00:00.000Z`;
    await queue.accept({ id: `${index}`, source: "gitlab", event: "Note Hook", receivedAt, decision: "because", jobs });
  }
}

async function run(command: string, ...words: readonly string[]): Promise<Result> {
  const result = await claimbot([command, ...words, "--format", "json"], { cwd: repository.path });
  printed.set(command, [...(printed.get(command) ?? []), JSON.parse(result.stdout)]);
  return result;
}

interface Documented {
  /** Such as `plans[].steps[].target`. */
  readonly path: string;
  readonly optional: boolean;
  readonly open: boolean;
}

/** The tables of docs/json.md, by command; a diagnostic's members are put below each `diagnostics[]`. */
function tables(): ReadonlyMap<string, readonly Documented[]> {
  const sections = readFileSync("docs/json.md", "utf8").split(/^## /m).slice(1);
  const byTitle = new Map(
    sections.map((section) => [
      section.slice(0, section.indexOf("\n")),
      [...section.matchAll(/^\| `([^`]+)`( \*\*[^*]+\*\*)? \|/gm)].map(([, path = "", marks = ""]): Documented => ({
        path,
        optional: marks.includes("?"),
        open: marks.includes("open"),
      })),
    ]),
  );
  const diagnostic = byTitle.get("A diagnostic") ?? [];
  return new Map(
    [...byTitle].flatMap(([title, rows]) => {
      if (!title.startsWith("claimbot ")) return [];
      const whole = rows.flatMap((row) =>
        row.path === "diagnostics[]" ? diagnostic.map((inner) => ({ ...inner, path: `diagnostics[].${inner.path}` })) : [row],
      );
      return [[title.slice("claimbot ".length), whole] as const];
    }),
  );
}

/** Paths of all leaves; an open member is a leaf whatever it holds. An empty array is its own path. */
function leaves(value: unknown, open: ReadonlySet<string>, path = ""): readonly string[] {
  if (open.has(path)) return [path];
  if (Array.isArray(value)) return value.flatMap((item: unknown) => leaves(item, open, `${path}[]`));
  if (value === null || typeof value !== "object") return [path];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, open, path === "" ? name : `${path}.${name}`));
}

test.each(["validate", "plan", "apply", "status", "history", "audit", "show", "diff", "verify", "backup", "doctor", "events"])(
  "claimbot %s prints what is documented, no more and no less",
  (command) => {
    const rows = tables().get(command) ?? [];
    expect(rows.length).toBeGreaterThan(0);
    const open = new Set(rows.filter((row) => row.open).map(({ path }) => path));
    const documents = printed.get(command) ?? [];
    const seen = new Set(documents.flatMap((document) => leaves(document, open)));
    const known = new Set(rows.map(({ path }) => path));
    expect([...seen].filter((path) => !known.has(path))).toEqual([]);
    const expected = rows.map(({ path }) => path).filter((path) => !NOT_SEEN_HERE.has(`${command} ${path}`));
    expect(expected.filter((path) => !seen.has(path))).toEqual([]);
  },
);

test("the top members are there in every document, whatever happened", () => {
  const members = (command: string): readonly string[] => [
    ...new Set(
      (printed.get(command) ?? []).map((document) =>
        Object.keys(document as object)
          .toSorted()
          .join(" "),
      ),
    ),
  ];
  expect(members("validate")).toEqual(["checked diagnostics good"]);
  expect(members("plan")).toEqual(["diagnostics plans"]);
  expect(members("apply")).toEqual(["diagnostics results"]);
  expect(members("status")).toEqual(["environments"]);
  expect(members("history")).toEqual(["environment records"]);
  expect(members("audit")).toEqual(["entries faults"]);
  expect(members("verify")).toEqual(["environments good objects others records unchecked"]);
  expect(members("diff")).toEqual(["differences environment from to"]);
  expect(members("doctor")).toEqual(["checks ready"]);
  expect(members("events")).toEqual(["events"]);
});

test("members that are not optional are in every item", () => {
  const rows = (tables().get("plan") ?? []).filter(({ path, optional }) => !optional && /^plans\[\]\.\w+$/.test(path));
  for (const document of (printed.get("plan") ?? []) as { plans: object[] }[])
    for (const plan of document.plans)
      expect(Object.keys(plan)).toEqual(expect.arrayContaining(rows.map(({ path }) => path.slice("plans[].".length))));
});
