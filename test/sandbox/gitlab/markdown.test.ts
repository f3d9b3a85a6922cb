import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderMarkdown } from "../../../src/sandbox/gitlab/pages/markdown.ts";

describe("renderMarkdown", () => {
  test.each<[string, string, string]>([
    [
      "folds details, with Markdown inside",
      "<details open><summary><b>x</b></summary>\n\n**y**\n</details>",
      "<details open><summary><b>x</b></summary>\n<p><strong>y</strong></p>\n</details>",
    ],
    ["leaves comments out", "<!-- claimbot:plan -->\ntext", "\n<p>text</p>\n"],
    ["leaves a comment out that never ends", "<!-- claimbot", ""],
    ["shows other tags as text", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
    ["takes attributes away", '<b onclick="x">y</b>', "<p><b>y</b></p>\n"],
    ["shows a link of a script as text", "[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"],
    ["shows no images", "![x](https://example.org/x.png)", '<p>!<a href="https://example.org/x.png">x</a></p>\n'],
    [
      "shows a suggestion as such",
      "```suggestion:-0+0\na: 1\n```",
      '<div class="suggestion"><p>Suggested change</p><pre><span class="line added">+ a: 1</span></pre></div>',
    ],
    ["ticks tasks", "- [x] done\n- [ ] open", '<ul>\n<li class="task">☑ done</li>\n<li class="task">☐ open</li>\n</ul>\n'],
    [
      "draws tables",
      "| a |\n| - |\n| 1 |",
      "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n</tr>\n</tbody>\n</table>\n",
    ],
  ])("%s", (_, text, html) => {
    expect(renderMarkdown(text).trim()).toBe(html.trim());
  });

  test("whatever comes in, only known tags come out, and of attributes only a few", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "</",
      "<details",
      "<img src=x onerror=y>",
      "<!--",
      "-->",
      '"',
      "'",
      "`",
      "```\n",
      "\n\n",
      " open",
      "<b",
      "=",
      "&lt;script&gt;",
      "<a href=x>",
      "| a |\n| - |\n",
      "[x](y)",
      "<summary>",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 6 })), { maxLength: 12 }), (pieces) => {
        const tags = renderMarkdown(pieces.join("")).match(/<[^>]*>?/g) ?? [];
        const known =
          /^<\/?(details|summary|b|strong|i|em|code|kbd|sub|sup|del|ins|s|br|hr|p|div|span|pre|ul|ol|li|table|thead|tbody|tr|th|td|blockquote|h[1-6]|a)( (open|class="[^"<>]*"|href="[^"<>]*"|title="[^"<>]*"|start="\d+"|style="text-align:\w+"))*>$/;
        expect(tags.filter((tag) => !known.test(tag))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
