import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expressionFault, tokenise } from "../../../src/core/claim/expression.ts";

describe("an expression", () => {
  test.each([
    'http.request.uri.path contains ".."',
    'starts_with(http.request.uri.path, "/admin") and not ip.src in {203.0.113.0/24 2001:db8::/32}',
    'lower(http.user_agent) contains "sqlmap" or cf.threat_score > 10',
    'http.request.method in {"TRACE" "TRACK"}',
    'http.request.uri.path matches "^/a[0-9]+$"',
    'http.request.uri.path matches r#"^/a["\']"#',
    'any(http.request.headers["x-a"][*] eq "b")',
    "ip.src in $office and tcp.dstport in {8000..8009}",
    'http.host eq "a\\"b" && !ssl',
    'http.request.uri.path eq r#"a"b"#',
    "true",
  ])("takes %s", (expression) => {
    expect(expressionFault(expression)).toBeUndefined();
  });

  test.each([
    ["true) or (true", 4, "A ) closes nothing."],
    ["(true", 0, "A ( is not closed."],
    ["{1]", 2, "A ] closes a {."],
    ['http.host eq "a', 13, "A string is not ended."],
    ['http.host eq "a\\"', 13, "A string is not ended."],
    ['http.host eq r#"a"', 13, "A string is not ended."],
    ['a eq "x\ny"', 5, "A string is not ended."],
    ["true # comment", 5, "# means nothing here."],
    ["true // comment", 5, "/ means nothing here."],
    ["true /* comment */", 5, "/ means nothing here."],
    ["true;", 4, "; means nothing here."],
    ["a\0b", 1, "U+0000 means nothing here."],
    ["héllo", 1, "U+00E9 means nothing here."],
    ["", 0, "The expression is empty."],
    [" \n ", 0, "The expression is empty."],
    // Where two readers would part the text differently, none of them is trusted.
    ['a eqr"\\"', 5, "A string follows a word without a space."],
    ['a matches "[" or x[0] eq " or true) or (true or b eq "', 10, "Where this regular expression ends is not clear."],
    ['a ~ "[\\"" or b eq "]"', 4, "Where this regular expression ends is not clear."],
  ])("refuses %j", (expression, offset, message) => {
    expect(expressionFault(expression)).toMatchObject({ offset, message });
  });

  test("stays in its parentheses whatever it is made of", () => {
    const piece = fc.constantFrom(
      ...'( ) [ ] { } " \\ r" r#" "# # // /* */ and or true matches ~ \0 \n [^"] , . eq'.split(" "),
      " ",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const expression = pieces.join("");
        if (!tokenise(expression).ok) return;
        const whole = tokenise(`(http.host eq "x") and (${expression})`);
        if (!whole.ok) throw new Error(`${expression} is good alone, but not within its guard`);
        // The last parenthesis is ours, and it closes the one that we opened: no other comes down to its depth before.
        const opened = 6;
        let depth = 0;
        for (const [index, token] of whole.tokens.entries()) {
          if (token.kind === "open") depth += 1;
          if (token.kind === "close") depth -= 1;
          if (index >= opened && index < whole.tokens.length - 1) expect(depth).toBeGreaterThan(0);
        }
        expect(depth).toBe(0);
      }),
      { numRuns: 5_000 },
    );
  });
});
