/** What an auditor reads: the list and the report, in each form, made of one story. */
import { describe, expect, test } from "vitest";
import {
  endAfter,
  entryText,
  nextEntry,
  type AuditEntry,
  type AuditEvent,
  type ChainEnd,
  type DecisionEvent,
} from "../../../src/core/audit.ts";
import { matching, type AuditQuery } from "../../../src/core/audit-query.ts";
import { complianceOf } from "../../../src/core/compliance.ts";
import type { Gate } from "../../../src/core/gates.ts";
import { auditCsv, auditMarkdown, auditText } from "../../../src/core/render/audit-list.ts";
import { complianceCsv, complianceMarkdown, complianceText } from "../../../src/core/render/compliance-report.ts";
import { csv } from "../../../src/core/render/csv.ts";
import { quickActionIn } from "../../../src/core/render/encode.ts";

const gate = (name: Gate["gate"], verdict: Gate["verdict"], reason: string): Gate => ({ gate: name, verdict, reason });
const APPROVED = gate("approvals", "open", "2 of 2 approvals (Mara ✓, Jo ✓)");
const MISSING = gate("approvals", "closed", "0 of 2 approvals");
const PLAN = "3f9a1c22b7e0".padEnd(64, "0");
const GLASS_PLAN = "77d0e4c91a55".padEnd(64, "0");
const HOSTILE = '=HYPERLINK("http://evil")\n/merge @all |</td>';

const prod = (outcome: DecisionEvent["outcome"], of: Partial<DecisionEvent> = {}): DecisionEvent => ({
  kind: "Decision",
  environment: "payments-prod",
  type: "prod",
  planDigest: PLAN,
  outcome,
  gates: [APPROVED],
  commit: "a41c2f9".padEnd(40, "0"),
  mergeRequest: 12,
  author: "sam",
  committers: ["Sam Vega"],
  approvers: ["mara", "jo"],
  mergedAt: "2026-11-24T10:00:00.000Z",
  ...of,
});
const record = (sequence: number) => ({ key: `claims/payments-prod/0000000${sequence}.json`, digest: "d".repeat(64) });

const STORY: readonly (readonly [string, AuditEvent])[] = [
  [
    "2026-11-24T09:58:00.000Z",
    {
      kind: "Command",
      by: { id: 9, username: "sam" },
      mergeRequest: 12,
      note: { id: 401, digest: "e".repeat(64) },
      index: 0,
      line: "/claim apply",
      command: { kind: "apply" },
      environments: ["payments-prod"],
      verdict: "refused",
      reason: "you may not do that here: apply on prod is for maintainers",
    },
  ],
  [
    "2026-11-24T10:00:05.000Z",
    prod("held", { gates: [MISSING, gate("freeze", "closed", "frozen until Monday")], approvers: [] }),
  ],
  ["2026-11-24T10:02:00.000Z", prod("go")],
  [
    "2026-11-24T10:05:12.000Z",
    {
      kind: "Effects",
      environment: "payments-prod",
      planDigest: PLAN,
      record: record(1),
      targets: [
        { target: "claim-store", changes: 1, before: "0", after: "1" },
        { target: "flux", changes: 7, before: "0", after: "1" },
        { target: "waf", missing: "no CLAIMBOT_CLOUDFLARE_TOKEN" },
      ],
      outcome: "settled",
    },
  ],
  [
    "2026-11-24T23:30:00.000Z",
    {
      kind: "Publication",
      by: { account: "ana", host: "desk-7" },
      commit: "b".repeat(40),
      plans: [{ environment: "payments-prod", planDigest: GLASS_PLAN }],
      proof: "break-glass",
      breakGlass: "GitLab is down and the bank is waiting",
    },
  ],
  [
    "2026-11-24T23:30:01.000Z",
    {
      ...prod("go", {
        planDigest: GLASS_PLAN,
        gates: [gate("approvals", "unchecked", "2 approvals")],
        approvers: [],
        breakGlass: "GitLab is down and the bank is waiting",
        committers: [],
      }),
    },
  ],
  [
    "2026-11-24T23:30:09.000Z",
    {
      kind: "Effects",
      environment: "payments-prod",
      planDigest: GLASS_PLAN,
      record: record(2),
      targets: [],
      outcome: "stopped",
      reason: "Cloudflare refuses the rule rate-login",
    },
  ],
  [
    "2026-12-01T08:00:00.000Z",
    {
      kind: "Adoption",
      record: { key: "claims/platform/00000002.json", digest: "f".repeat(64) },
      rulesDigest: "1".repeat(64),
      planDigest: "2".repeat(64),
      commit: "c".repeat(40),
      mergeRequest: 15,
      approvers: ["mara", "jo"],
    },
  ],
  [
    "2026-12-01T09:00:00.000Z",
    {
      kind: "Command",
      by: { id: 66, username: "=cmd" },
      mergeRequest: 16,
      note: { id: 402, digest: "e".repeat(64) },
      index: 0,
      line: `/claim hold ${HOSTILE}`,
      command: { kind: "hold", reason: HOSTILE },
      environments: ["shop-dev"],
      verdict: "failed",
      reason: HOSTILE,
    },
  ],
];

const ENTRIES: readonly AuditEntry[] = (() => {
  const entries: AuditEntry[] = [];
  let end: ChainEnd | undefined;
  for (const [at, event] of STORY) {
    for (;;) {
      const { key, entry } = nextEntry(end, event, { at, instance: "claimbot" });
      end = endAfter(key, entry, entryText(entry));
      entries.push(entry);
      if (entry.event === event) break;
    }
  }
  return entries;
})();
const FRAME = { since: undefined, until: "2026-12-31T23:59:59.999Z", head: ENTRIES.at(-1) };
const REPORTS = complianceOf(ENTRIES);

const FORMS: readonly (readonly [string, string])[] = [
  ["audit.txt", auditText(ENTRIES)],
  ["audit.md", auditMarkdown(ENTRIES)],
  ["audit.csv", auditCsv(ENTRIES)],
  ["compliance.txt", complianceText(REPORTS, FRAME)],
  ["compliance.md", complianceMarkdown(REPORTS, FRAME)],
  ["compliance.csv", complianceCsv(REPORTS)],
];

describe("the audit log, as it is read", () => {
  test.each(FORMS)("%s reads as it should", async (name, text) => {
    await expect(text).toMatchFileSnapshot(`../../golden/audit/${name}`);
  });

  test.each(FORMS.filter(([name]) => name.startsWith("audit")))(
    "%s: the first entry opens the log and closes no month",
    (_, text) => {
      const lines = text.split("\n").filter((line) => /the audit log begins|goes on in/.test(line));
      expect(lines.map((line) => [line.includes("opened"), line.includes("closed")])).toEqual([
        [true, false],
        [false, true],
      ]);
    },
  );

  test("no Markdown of it runs, breaks a table, or mentions anybody", () => {
    for (const [name, text] of FORMS.filter(([form]) => form.endsWith(".md"))) {
      expect({ name, action: quickActionIn(text) }).toEqual({ name, action: undefined });
      expect(text).not.toMatch(/(?<!`[^`\n]*)@all/);
      for (const block of text.matchAll(/(?:^\|.*\|\n)+/gm)) {
        const widths = block[0]
          .trim()
          .split("\n")
          .map((line) => [...line.matchAll(/(?<!\\)\|/g)].length);
        expect({ block: block[0], widths: new Set(widths).size }).toEqual({ block: block[0], widths: 1 });
      }
    }
  });
});

describe("CSV", () => {
  test.each([
    ["=1+1", `"'=1+1"`],
    ["+49", `"'+49"`],
    ["-2", `"'-2"`],
    ["@SUM(A1)", `"'@SUM(A1)"`],
    ["＝1", `"'＝1"`],
    [`=cmd|'/c calc'!A0`, `"'=cmd|'/c calc'!A0"`],
    ["\t=1", `"'=1"`],
    ['say "yes", now', `"say ""yes"", now"`],
    ["two\r\nlines", `"two lines"`],
    ["plain", `"plain"`],
    [-2, `"-2"`],
    [undefined, `""`],
  ])("a cell %j becomes %s", (cell, text) => {
    expect(csv(["head"], [[cell]])).toBe(`"head"\r\n${text}\r\n`);
  });
});

describe("which entries", () => {
  test.each<[AuditQuery, readonly number[]]>([
    [{}, ENTRIES.map(({ sequence }) => sequence)],
    [{ environment: "payments-prod" }, [2, 3, 4, 5, 6, 7, 8]],
    [{ environment: "platform" }, [10]],
    [{ user: "sam" }, [2, 3, 4, 7]],
    [{ user: "mara" }, [4, 10]],
    [{ user: "ana" }, [6]],
    [{ since: "2026-12-01T00:00:00.000Z" }, [9, 10, 11]],
    [{ until: "2026-11-24T10:02:00.000Z", environment: "payments-prod" }, [2, 3, 4]],
    [{ environment: "nobody" }, []],
  ])("%j", (query, sequences) => {
    expect(matching(ENTRIES, query).map(({ sequence }) => sequence)).toEqual(sequences);
  });
});

describe("four eyes", () => {
  test.each<[string, Partial<DecisionEvent>, string]>([
    ["two who are not the author", {}, "yes"],
    ["none where none is asked", { gates: [gate("approvals", "open", "dev needs no approval")], approvers: [] }, "not asked"],
    ["no GitLab to ask", { gates: [gate("approvals", "unchecked", "2 approvals")], approvers: [] }, "unchecked"],
    [
      "a broken glass without GitLab",
      { gates: [gate("approvals", "unchecked", "")], breakGlass: "because of it" },
      "passed over",
    ],
    ["a broken glass with GitLab", { gates: [MISSING], approvers: [], breakGlass: "because of it" }, "passed over"],
    ["a closed gate and no reason", { gates: [MISSING], approvers: ["mara"] }, "no"],
    ["the author alone", { approvers: ["sam"] }, "no"],
    ["no such gate at all", { gates: [], approvers: [] }, "no"],
  ])("%s", (_, of, fourEyes) => {
    const [entry] = ENTRIES;
    if (entry === undefined) throw new Error("a story has entries");
    expect(complianceOf([{ ...entry, event: prod("go", of) }])[0]?.releases[0]).toMatchObject({ fourEyes, outcome: "open" });
  });
});
