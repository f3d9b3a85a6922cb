import * as fc from "fast-check";
import MarkdownIt from "markdown-it";
import { describe, expect, test } from "vitest";
import { assertNoQuickAction } from "../../../src/adapters/gitlab/quick-action-guard.ts";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import { LINE_MARKER, lineMarker, renderLineThread } from "../../../src/core/render/line-thread.ts";
import { extractQuickActions } from "../../../src/sandbox/gitlab/quick-actions.ts";

const MISTAKE: Diagnostic = {
  code: "claim/hostname-outside-zone",
  severity: "error",
  path: "environments/stage/pay.yaml",
  line: 18,
  column: 17,
  endColumn: 39,
  message: "pay.stage.exmaple.org is outside the zones of stage (stage.example.org).",
  hint: "Did you mean pay.stage.example.org?",
  suggestion: "    hostnames: [pay.stage.example.org]",
};

const markdown = new MarkdownIt({ html: true });
/** What GitLab would offer to apply. */
const suggestions = (body: string): readonly string[] =>
  markdown
    .parse(body, {})
    .filter(({ type, info }) => type === "fence" && info === "suggestion:-0+0")
    .map(({ content }) => content.replace(/\n$/, ""));

test("says what is wrong, the way out, the mended line and the rule", () => {
  expect(renderLineThread(MISTAKE)).toBe(
    [
      lineMarker(MISTAKE),
      "❌ pay.stage.exmaple.org is outside the zones of stage (stage.example.org). Did you mean pay.stage.example.org?",
      "",
      "```suggestion:-0+0",
      "    hostnames: [pay.stage.example.org]",
      "```",
      "",
      "`claim/hostname-outside-zone`",
      "",
    ].join("\n"),
  );
});

test("a warning says that it is one; without a mended line there is no block", () => {
  const { suggestion: _, ...rest } = MISTAKE;
  const body = renderLineThread({ ...rest, severity: "warning" });
  expect(body).toContain("⚠️ **Warning:** pay.stage.exmaple.org is outside");
  expect(suggestions(body)).toEqual([]);
});

describe("the marker", () => {
  test("is the same on another line, with another hint and another mend", () => {
    expect(lineMarker({ ...MISTAKE, line: 3, column: 1, hint: "x", suggestion: "y", severity: "warning" })).toBe(
      lineMarker(MISTAKE),
    );
  });

  test.each([{ path: "environments/stage/other.yaml" }, { code: "claim/hostname-syntax" }, { message: "Another." }])(
    "is another one with %j",
    (other) => {
      expect(lineMarker({ ...MISTAKE, ...other })).not.toBe(lineMarker(MISTAKE));
    },
  );
});

describe("the mended line", () => {
  test.each([
    ["with a fence in it", "  - a: ```` # ```"],
    ["that is a fence", "```"],
    ["that ends with spaces", "  name: shop  "],
    ["with quotes and pipes", `  expression: "a | b"  # 'c' \\| d`],
    ["with words of other languages", "  description: Zahlungen für Zürich — 決済"],
  ])("%s is offered exactly as it is", (_, suggestion) => {
    expect(suggestions(renderLineThread({ ...MISTAKE, suggestion }))).toEqual([suggestion]);
  });

  test.each([
    ["nothing: GitLab would delete the line", ""],
    ["only spaces: GitLab would delete the line", "   "],
    ["a quick action", "/merge"],
    ["a quick action after spaces", "  /approve now"],
    ["two lines", "a: 1\nb: 2"],
    ["a carriage return", "a: 1\rb: 2"],
    ["text that turns itself around", "a: \u202E1"],
    ["text that cannot be seen", "a: \u200B1"],
    ["one of our marks", "a: 1 # <!-- claimbot:plan -->"],
  ])("is not offered when it is %s", (_, suggestion) => {
    const body = renderLineThread({ ...MISTAKE, suggestion });
    expect(suggestions(body)).toEqual([]);
    expect(body).not.toContain("suggestion:");
  });
});

test("whatever a claim holds, a thread is nothing but a thread", () => {
  const nasty = fc.oneof(
    fc.constantFrom(
      "/merge",
      "\n/approve\n",
      "```",
      "~~~~",
      "</details>",
      "<!-- claimbot:plan -->",
      "@all",
      ">>>",
      "\r\n/close",
      "`",
    ),
    fc.string({ unit: "binary" }),
  );
  const text = fc.array(nasty, { maxLength: 5 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, text, text, (message, hint, suggestion) => {
      const body = renderLineThread({ ...MISTAKE, message, hint, suggestion });
      assertNoQuickAction(body);
      expect(extractQuickActions(body).actions).toEqual([]);
      expect(body.startsWith(LINE_MARKER)).toBe(true);
      const html = markdown.parse(body, {}).flatMap((token) => [token, ...(token.children ?? [])]);
      expect(html.filter(({ type }) => type.startsWith("html")).map(({ content }) => content.trim())).toEqual([
        lineMarker({ ...MISTAKE, message }),
      ]);
      const offered = suggestions(body);
      if (offered.length > 0) expect(offered).toEqual([suggestion]);
      expect(markdown.render(body)).toContain("<code>claim/hostname-outside-zone</code></p>\n");
    }),
    { numRuns: 500 },
  );
});
