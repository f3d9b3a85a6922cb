import MarkdownIt from "markdown-it";
import { describe, expect, test } from "vitest";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { renderPlanNote, type PlanNote } from "../../../src/core/render/plan-note.ts";
import type { ChangedVerdicts } from "../../../src/core/verdicts/changed-verdicts.ts";
import { paymentsProd } from "../render/plans.ts";
import { PLANNED, propose, swap, type Edit } from "./starter-rules.ts";

const FREEZE = `  freezes:
    - key: audit
      types: [prod, stage]
      from: "2026-12-01T00:00:00Z"
      until: "2026-12-05T00:00:00Z"
      reason: The auditors are here
`;

const EDITS: Readonly<Record<string, Edit>> = {
  "policy-loosened": {
    policies: swap('"prod" && principal.ownerAccessLevel >= 40', '"prod" && principal.ownerAccessLevel >= 30'),
  },
  "policy-tightened": {
    policies: swap("principal.ownerAccessLevel >= 30 || principal.accessLevel >= 40", "principal.ownerAccessLevel >= 40"),
  },
  "approvals-fewer": { platform: swap("approvals: 2", "approvals: 1") },
  "freeze-added": { platform: swap("  freezes:\n", FREEZE) },
  "owner-removed": { platform: swap("    - commerce/shop\n", "") },
  "nothing-changes": { platform: swap("the books", "all books"), policies: (text) => `// Read with care.\n${text}` },
  "all-at-once": {
    platform: (text) =>
      ["approvals: 2|approvals: 0", "    - commerce/shop\n|", "2555|30", "ttl: 24h|ttl: 6h", "Release: 200|Release: 5"]
        .map((pair) => pair.split("|") as [string, string])
        .reduce((left, [from, to]) => swap(from, to)(left), text),
    policies: swap("when { context.fork };", 'when { context.fork && resource.name != "shop-prod" };'),
  },
};

describe("the note on a change of rules", () => {
  test.each(Object.entries(EDITS))("%s reads as it should", async (name, edit) => {
    const { note } = await propose(edit, PLANNED);
    await expect(note).toMatchFileSnapshot(`../../golden/notes/verdicts-${name}.md`);
    expect(quickActionIn(note)).toBeUndefined();
    // Each fold opens and closes, and each table is one.
    const tokens = new MarkdownIt({ html: true }).parse(note, {});
    const html = tokens.filter(({ type }) => type === "html_block").map(({ content }) => content.trim());
    expect(html.filter((text) => text.startsWith("<details>"))).toHaveLength(html.filter((text) => text === "</details>").length);
    expect(tokens.filter(({ type }) => type === "table_open").length).toBe((note.match(/^\| --- /gm) ?? []).length);
  });
});

const NOTE: PlanNote = { plans: [paymentsProd], diagnostics: [], conflicts: [], rules: undefined, remarks: [] };
const HOSTILE = ["`</details>`", "@all | !12 #3", "/merge\n/approve", "<img src=x> ![x](http://x)", "```\n| a |"];

/** As many of everything as somebody with bad intentions could write. */
function flood(count: number): ChangedVerdicts {
  const text = (n: number): string => `${HOSTILE[n % HOSTILE.length]}${n}`;
  const many = Array.from({ length: count }, (_, n) => n);
  return {
    demands: many.map((n) => ({
      rule: "freeze",
      type: n % 2 === 0 ? "prod" : "dev",
      before: "no freeze",
      after: text(n),
      turn: n % 3 === 0 ? "looser" : "stricter",
      environments: many.map(text),
      mergeRequests: many,
    })),
    permissions: [],
    claims: many.map((n) => ({
      path: `environments/dev/${text(n)}`,
      mergeRequest: n % 2 === 0 ? n : undefined,
      verdict: n % 5 === 0 ? "accepted" : "refused",
      mistakes: many.map((line) => ({
        code: "claim/owner-unknown",
        severity: "error",
        path: text(n),
        line,
        column: 1,
        endColumn: 2,
        message: text(line),
        hint: text(line),
      })),
    })),
    named: many.map(text),
    unseen: { environments: count, mergeRequests: count },
  };
}

test.each([1, 7, 60])(
  "whatever stands in rules and claims, and however much (%i), the note keeps its shape and its size",
  (count) => {
    const limit = 30_000;
    const note = renderPlanNote({ ...NOTE, verdicts: flood(count) }, limit);
    expect(note.length).toBeLessThan(limit);
    expect(quickActionIn(note)).toBeUndefined();
    const tokens = new MarkdownIt({ html: true }).parse(note, {});
    const html = tokens.filter(({ type }) => type === "html_block").map(({ content }) => content.trim());
    expect(html.filter((text) => text.startsWith("<details>"))).toHaveLength(html.filter((text) => text === "</details>").length);
    expect(tokens.filter(({ type }) => type === "table_open")).toHaveLength((note.match(/^\| --- /gm) ?? []).length);
    const inline = tokens.flatMap(({ children }) => children ?? []);
    expect(inline.filter(({ type }) => type === "image" || type === "link_open")).toEqual([]);
    // What is left of a mention or a reference outside of code is taken apart.
    expect(note.replaceAll(/`[^\n]*?`|<code>.*?<\/code>/g, "")).not.toMatch(/@all|!12/);
  },
);
