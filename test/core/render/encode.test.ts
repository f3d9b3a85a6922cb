import * as fc from "fast-check";
import MarkdownIt, { type Token } from "markdown-it";
import { describe, expect, test } from "vitest";
import { code, html, oneLine, plain, quickActionIn } from "../../../src/core/render/encode.ts";
import { extractQuickActions } from "../../../src/sandbox/gitlab/quick-actions.ts";

const WORD_JOINER = "\u2060";

/** Markdown as GitLab reads it, as far as it goes: CommonMark with tables, strikethrough (also of one ~), math, HTML and addresses. */
const gitlab = new MarkdownIt({ html: true, linkify: true });
gitlab.linkify.set({ fuzzyLink: false });
gitlab.inline.ruler.before("strikethrough", "one_tilde", (state, silent) => {
  if (state.src[state.pos] !== "~") return false;
  const before = state.src[state.pos - 1] ?? " ";
  const after = state.src[state.pos + 1] ?? " ";
  const closes = /\S/.test(before) && (!/\p{P}|\p{S}/u.test(before) || /\s|\p{P}|\p{S}/u.test(after));
  if (!closes) return false;
  if (!silent) state.push("strikethrough_close", "", 0);
  state.pos += 1;
  return true;
});
gitlab.inline.ruler.before("escape", "math", (state, silent) => {
  const found = /^\$(?:`[^`]*`|[^\s$](?:[^$]*[^\s$])?)\$/.exec(state.src.slice(state.pos));
  if (found === null) return false;
  if (!silent) state.push("math", "", 0);
  state.pos += found[0].length;
  return true;
});

/** What GitLab looks for in the text that is left, outside of code (GitLab docs, user/markdown; lib/banzai, read 2026-11-24). */
const REFERENCES: Readonly<Record<string, RegExp>> = {
  mention: /@[\w.-]/,
  mail: /[\w.+-]@[\w-]/,
  issue: /#\d|GL#/,
  "merge request": /!\d/,
  label: /~["\w?.&-]/,
  milestone: /%["\w]/,
  placeholder: /%\{/,
  epic: /&\d/,
  snippet: /\$\d/,
  emoji: /:[\w+-]+:/,
  address: /[a-z][a-z0-9+.-]*:\/\/|\bwww\./i,
  "named reference": /\[(?:issue|epic|work_item|vulnerability|feature_flag|contact|cadence)\w*:/i,
  iteration: /\*iteration:/,
  contents: /\[\[_TOC_\]\]|\[TOC\]/,
  "inline diff": /[{[]\+.*\+[}\]]|[{[]-.*-[}\]]/,
};

const NASTY = [
  "",
  " ",
  "`",
  "``",
  "```",
  "````sh",
  "~~~",
  "~~",
  "~x~",
  "a~",
  "(~2.3.0, ~2.4.0)",
  "~bug",
  '~"needs work"',
  "|",
  "||",
  "| |",
  "\\|",
  "\\\\|",
  "| --- |",
  "|---|",
  ":-:",
  "\\",
  "a\\",
  "\\`",
  "`\\",
  "*",
  "**",
  "***",
  "_",
  "__",
  "___",
  "_x_",
  "a_b",
  "a _b_ c",
  "[x](y)",
  "[x]",
  "[x]: http://e.org",
  "![x](y)",
  "[ ] ",
  "[[_TOC_]]",
  "[TOC]",
  "[[page]]",
  "[issue:1]",
  "[^1]",
  "]",
  ")](",
  "{+ a +}",
  "[- a -]",
  "<img src=x onerror=alert(1)>",
  "<b>",
  "</details>",
  "</summary>",
  "</code>",
  "</td>",
  "<!--",
  "-->",
  "<!-- claimbot:plan -->",
  "<?",
  "<![CDATA[",
  "<",
  "<3",
  "<https://e.org>",
  "<a@b.co>",
  "&lt;",
  "&#35;1",
  "&amp;",
  "&",
  "&1",
  "&&",
  "@all",
  "@x",
  "a@b.co",
  "#1",
  "g/p#1",
  "#",
  "# x",
  "## ",
  "#".repeat(7),
  "!1",
  "!",
  "%1",
  '%"x"',
  "%{project_path}",
  "100%",
  "$1",
  "$x$",
  "$`x`$",
  "$",
  "${yes}",
  ":smile:",
  ":",
  ": x",
  "::include{file=x}",
  "a:b:c",
  "https://e.org",
  "HTTP://e.org",
  "ftp://e.org",
  "irc://e.org",
  "mailto:a@b.co",
  "www.e.org",
  "//e.org",
  "*iteration:1",
  "-",
  "- x",
  "---",
  "- - -",
  "+",
  "+ x",
  "=",
  "===",
  ">",
  "> x",
  ">>>",
  "1.",
  "1) x",
  "2.3.1",
  "/",
  "/merge",
  "/approve",
  "\n/merge",
  "\r\n/merge\r\n",
  "\n\n/merge\n",
  "\u2028/merge",
  "\u0085/merge",
  "\n\n# x\n\n",
  "\n    x",
  "\n---\n",
  "\t",
  "a  \nb",
  "\0",
  "\u0007\u001b[31m",
  "\u202eabc\u202c",
  "\u200b",
  "\u2060",
  "\u00ad",
  "\u3164",
  "\u{e0041}",
  "\ud800",
  "👩‍💻",
  "⚠️",
  "é",
  "x",
  " x ",
  "payments-prod",
  "^2.3.0",
  '"',
  "'",
  "(",
  ")",
  "{",
  "}",
  ".",
];

/** Anything, mostly made of what hurts. */
const nasty: fc.Arbitrary<string> = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NASTY) }, fc.string({ unit: "binary", maxLength: 6 })), {
    maxLength: 6,
  })
  .map((parts) => parts.join(""));

/** Every place in which a note puts foreign text. */
const PLACES: Readonly<Record<string, (x: string, y: string) => string>> = {
  "a heading": (x, y) => `### 🔴 ${x} stopped — ${y}\n\ntext\n`,
  "the whole of a heading": (x) => `### ${x}\n\ntext\n`,
  "a list item": (x, y) => `- ❌ ${x} ${y}\n- ${x}\n`,
  "a list item in a fold": (x, y) => `<details><summary>a</summary>\n\n- ${x} ${y}\n\n</details>\n\ntext\n`,
  "a table cell": (x, y) => `| a | b |\n| --- | --- |\n| ${x} | ${y} |\n| ${y} | **${x}** |\n\ntext\n`,
  "a table in a fold": (x, y) =>
    `<details><summary>a</summary>\n\n| a | b |\n| --- | --- |\n| ${x} | ${y} |\n</details>\n\ntext\n`,
  "a paragraph": (x, y) => `Waiting: ${x}. It looks again, ${y}.\n\ntext\n`,
  "the beginning of a line": (x, y) => `text\n${x}\n${y} and so on\n\n${x}\n\n${y}\n`,
};

/** The shape of a document: every token but text and code spans, with the number of lines. */
function shapeOf(body: string): readonly string[] {
  const tokens = gitlab.parse(body, {}).flatMap((token) => [token, ...(token.children ?? [])]);
  const shape = tokens
    .filter((token) => !isText(token))
    .map(({ type, tag, content, info }) =>
      type === "html_block" || type === "html_inline" ? `${type} ${content}` : `${type} ${tag} ${info}`,
    );
  return [...shape, `${body.split("\n").length} lines`];
}

function isText({ type, content }: Token): boolean {
  return ["text", "text_special", "code_inline"].includes(type) || (type === "html_inline" && /^<\/?code>$/.test(content));
}

/** The texts of a document that GitLab looks through, without what stands in code. */
function proseOf(body: string): readonly string[] {
  return gitlab.parse(body, {}).flatMap(({ children }) => {
    let inCode = false;
    let text = "";
    for (const { type, content } of children ?? []) {
      if (type === "html_inline") inCode = content === "<code>";
      else if (type === "code_inline") text += "\u0001";
      else if (!inCode) text += type === "softbreak" ? "\n" : content;
    }
    return text === "" ? [] : [text];
  });
}

/** What a reader sees. */
function seen(markdown: string): string {
  const tokens = gitlab.parseInline(markdown, {}).flatMap(({ children }) => children ?? []);
  return tokens
    .filter(({ type }) => type !== "html_inline")
    .map(({ content }) => content)
    .join("")
    .replaceAll(WORD_JOINER, "");
}

function referencesIn(body: string): readonly string[] {
  return Object.entries(REFERENCES).flatMap(([name, pattern]) =>
    proseOf(body).some((text) => pattern.test(text)) ? [name] : [],
  );
}

const ENCODERS = { code, plain } as const;
const CASES = Object.keys(PLACES).flatMap((place) => Object.keys(ENCODERS).map((encoder) => [encoder, place] as const));

describe("foreign text in a note", () => {
  test.each(CASES)("through %s() in %s changes nothing around it and means nothing", (encoder, place) => {
    const encode = ENCODERS[encoder as keyof typeof ENCODERS];
    const body = PLACES[place]!;
    const harmless = body(encode("word"), encode("word"));
    const check = (x: string, y: string): void => {
      const note = body(encode(x), encode(y));
      expect(shapeOf(note)).toEqual(shapeOf(harmless));
      expect(referencesIn(note)).toEqual([]);
      expect(extractQuickActions(note).actions).toEqual([]);
      expect(quickActionIn(note)).toBeUndefined();
    };
    for (const text of NASTY.filter((text) => text.trim() !== "")) check(text, text);
    const visible = nasty.filter((text) => encode(text).trim() !== "");
    fc.assert(fc.property(visible, visible, check), { numRuns: 300 });
  });

  test("is in a fold's headline what it is", () => {
    const summary = (text: string) => `<details><summary><b>${html(text)}</b> changed</summary>\n\ntext\n\n</details>\n`;
    const tags = (body: string) => body.match(/<[^>]*>|^\n/gm);
    fc.assert(
      fc.property(nasty, (text) => {
        const note = summary(text);
        expect(tags(note)).toEqual(tags(summary("word")));
        const inner = note.slice(note.indexOf("<b>") + 3, note.indexOf("</b>"));
        const unescaped = inner
          .replaceAll("&lt;", "<")
          .replaceAll("&gt;", ">")
          .replaceAll("&quot;", '"')
          .replaceAll("&amp;", "&");
        for (const pattern of Object.values(REFERENCES)) expect(unescaped).not.toMatch(pattern);
        expect(unescaped.replaceAll(WORD_JOINER, "")).toBe(oneLine(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe("a reader sees", () => {
  test("the very text, on one line", () => {
    fc.assert(
      fc.property(
        nasty.filter((text) => oneLine(text) !== ""),
        (text) => {
          expect(seen(code(text))).toBe(oneLine(text));
          // Backticks that quote are not seen in running text.
          expect(seen(plain(text)).replaceAll("`", "")).toBe(oneLine(text).replaceAll("`", ""));
        },
      ),
    );
  });

  test.each([
    ["max 2 is below min 3. Make it 3 or more.", "max 2 is below min 3. Make it 3 or more."],
    ["outside the zones of stage (stage.example.org).", "outside the zones of stage (stage.example.org)."],
    ["a circle: {name: ledger, optional: true}", "a circle: {name: ledger, optional: true}"],
    ["^2.3.0, 2.3.1 or >=2.3.0 <3.0.0", "^2.3.0, 2.3.1 or >=2.3.0 <3.0.0"],
    ["ledger → payments → ledger", "ledger → payments → ledger"],
    ['allow_countries and base-dotfiles; it\'s "so"', 'allow_countries and base-dotfiles; it\'s "so"'],
    ["A == B && C != 1!", "A == B && C != 1!"],
    ["100 % at 14:02:10", "100 % at 14:\u206002:10"],
    ["1.33 is not offered", "1.33 is not offered"],
    ["Add `expiry: {ttl: 24h}` here.", "Add `expiry: {ttl: 24h}` here."],
    ["~2.3.0", "\\~\u20602.3.0"],
    ["use ~2.3.0", "use ~\u20602.3.0"],
    ["see https://e.org/x", "see https:/\u2060/e.org/x"],
    ["@all: *look* [here](x) #1", "@\u2060all: \\*look\\* \\[here\\](x) #\u20601"],
    ["a `tick", "a \\`tick"],
    ["<b> and 1 < 2", "\\<b> and 1 < 2"],
    ["1. x", "1\\. x"],
    ["/merge", "\\/merge"],
    ["a\n/merge", "a /merge"],
  ])("%j as %j in the raw text", (text, raw) => {
    expect(plain(text)).toBe(raw);
  });

  test.each([
    ["x", "`x`"],
    ["", "` `"],
    ["a`b", "`` a`b ``"],
    ["```", "```` ``` ````"],
    ["\\", "`\\`"],
    ["a|b", "<code>a\\|b</code>"],
    ["a\\|b", "<code>a\\\\\\|b</code>"],
    ["@all", "`@all`"],
  ])("%j as the code span %j", (text, raw) => {
    expect(code(text)).toBe(raw);
  });
});

describe("one line", () => {
  test.each([
    ["a\nb", "a b"],
    ["a \r\n \t b", "a b"],
    ["a\u2028b", "a b"],
    ["  a  ", "a"],
    ["a  b", "a  b"],
    ["\u001b[31mred", "�[31mred"],
    ["\u009b31m", "�31m"],
    ["\u202eright", "�right"],
    ["a\0b", "a�b"],
    ["zero\u200bwidth", "zero�width"],
    ["hidden\u{e0041}", "hidden�"],
    ["filler\u3164", "filler�"],
    ["half \ud83d", "half �"],
    ["\udc4d half", "� half"],
    ["👩‍💻 ⚠️ 👍🏽", "👩‍💻 ⚠️ 👍🏽"],
    ["a\u200d💻", "a�💻"],
    ["łódź 東京", "łódź 東京"],
  ])("of %j is %j", (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  test("is at most as long as asked for, and cut visibly, never within a character", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("a", " ", "👍", "👩‍💻", "⚠️", "é")), fc.integer({ min: 1, max: 20 }), (parts, limit) => {
        const whole = oneLine(parts.join(""));
        const cut = oneLine(parts.join(""), limit);
        expect(cut.length).toBeLessThanOrEqual(limit);
        expect(cut.isWellFormed()).toBe(true);
        if (whole.length <= limit) expect(cut).toBe(whole);
        else expect(whole.startsWith(cut.slice(0, -1)) && cut.endsWith("…")).toBe(true);
      }),
    );
    expect(oneLine("👍👍", 3)).toBe("👍…");
    expect(oneLine("👍👍", 2)).toBe("…");
  });

  test("is one line whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(oneLine(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });

  test.each([
    ["spaces", " ".repeat(200_000) + "x"],
    ["backticks", "` ".repeat(100_000)],
    ["open quotes", " `a".repeat(70_000)],
    ["brackets", "[".repeat(200_000)],
    ["colons", ":a".repeat(100_000)],
    ["joiners", "💻\u200d".repeat(60_000)],
    ["10k characters of everything", NASTY.join("").repeat(20)],
  ])("of a great many %s is made in little time", (_, text) => {
    const begun = performance.now();
    for (const encode of [code, plain, html]) encode(text, 1_000_000);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(plain(text).length).toBeLessThan(1_300);
  });
});

describe("the last guard finds a quick action", () => {
  test.each([
    ["at the beginning", "/merge", "/merge"],
    ["on a later line", "text\n/merge", "/merge"],
    ["behind spaces", "text\n  /approve", "  /approve"],
    ["after a fence", "```\nx\n```\n/merge", "/merge"],
    ["after a code span that only looks like a fence", "``` a``b ```\n/merge", "/merge"],
    ["after a fence that a shorter one does not end", "````\n```\n````\n/merge", "/merge"],
    ["nowhere in a fence", "```\n/merge\n```", undefined],
    ["nowhere in a fence that another mark does not end", "```\n~~~\n/merge\n``` x\n/merge\n```", undefined],
    ["nowhere in a line", "use `/merge`, or /merge", undefined],
    ["nowhere in an address", "//example.org", undefined],
  ])("%s", (_, body, found) => {
    expect(quickActionIn(body)).toBe(found);
  });
});
