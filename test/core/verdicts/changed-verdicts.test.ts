import MarkdownIt from "markdown-it";
import { describe, expect, test } from "vitest";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { NOW, PLANNED, propose, swap, type Edit } from "./starter-rules.ts";

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
