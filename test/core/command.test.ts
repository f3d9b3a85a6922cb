import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  COMMAND_KINDS,
  COMMANDS,
  COMMANDS_PER_NOTE,
  parseNote,
  usageOf,
  type Aliases,
  type Command,
} from "../../src/core/command.ts";
import { aliasMistake } from "../../src/core/command/line.ts";

const commandsOf = (note: string, aliases: Aliases = {}): readonly Command[] =>
  parseNote(note, aliases).flatMap((parsed) => ("command" in parsed ? [parsed.command] : []));
const mistakesOf = (note: string): readonly string[] =>
  parseNote(note).flatMap((parsed) => ("mistake" in parsed ? [parsed.mistake] : []));
const DIGEST = "77d0e4c91a55".padEnd(64, "0");

describe("a line of a note", () => {
  test.each<[string, Command]>([
    ["/claim", { kind: "help" }],
    ["/claim help", { kind: "help" }],
    ["/claim help apply", { kind: "help", topic: "apply" }],
    ["/claim plan", { kind: "plan" }],
    ["/claim plan payments-prod", { kind: "plan", environment: "payments-prod" }],
    ["/claim apply", { kind: "apply" }],
    ["/claim apply 77d0e4c91a55", { kind: "apply", digest: "77d0e4c91a55" }],
    [`/claim apply payments-prod ${DIGEST}`, { kind: "apply", environment: "payments-prod", digest: DIGEST }],
    [`/claim apply ${DIGEST.toUpperCase()} payments-prod`, { kind: "apply", environment: "payments-prod", digest: DIGEST }],
    ["/claim status", { kind: "status" }],
    ["/claim why payments-prod", { kind: "why", environment: "payments-prod" }],
    ["/claim who payments-prod", { kind: "who", environment: "payments-prod" }],
    ["/claim history payments-prod", { kind: "history", environment: "payments-prod" }],
    ["/claim diff", { kind: "diff" }],
    ["/claim promote payments-stage payments-prod", { kind: "promote", from: "payments-stage", to: "payments-prod" }],
    ["/claim rollback payments-prod", { kind: "rollback", environment: "payments-prod" }],
    ["/claim rollback payments-prod 7", { kind: "rollback", environment: "payments-prod", sequence: 7 }],
    ["/claim extend shop-sue 24h", { kind: "extend", environment: "shop-sue", duration: "24h" }],
    ["/claim extend 2D Shop-Sue", { kind: "extend", environment: "shop-sue", duration: "2d" }],
    ["/claim destroy shop-sue", { kind: "destroy", environment: "shop-sue" }],
    ["/claim hold", { kind: "hold" }],
    ["/claim hold until Mara is back", { kind: "hold", reason: "until Mara is back" }],
    ["/claim unhold", { kind: "unhold" }],
    ["/claim cancel payments-prod", { kind: "cancel", environment: "payments-prod" }],
    ["/CLAIM Plan", { kind: "plan" }],
  ])("%s is understood", (line, command) => {
    expect(parseNote(line)).toEqual([expect.objectContaining({ command })]);
  });

  test.each([
    ["/claim destory payments-prod", "I don't know destory. Did you mean /claim destroy? Nothing was done."],
    ["/claim hlep", "I don't know hlep. Did you mean /claim help? Nothing was done."],
    ["/claim deploy-everything", "I don't know deploy-everything. /claim help lists what I know. Nothing was done."],
    [
      "/claim destroy",
      "environment is missing: /claim destroy <environment>, such as /claim destroy shop-sue. Nothing was done.",
    ],
    [
      "/claim extend shop-sue",
      "duration is missing: /claim extend <environment> <duration>, such as /claim extend shop-sue 24h. Nothing was done.",
    ],
    [
      "/claim promote payments-stage",
      "to is missing: /claim promote <from> <to>, such as /claim promote payments-stage payments-prod. Nothing was done.",
    ],
    ["/claim apply 77d0", "77d0 does not fit here: /claim apply [environment] [digest]. Nothing was done."],
    ["/claim unhold now", "now does not fit here: /claim unhold. Nothing was done."],
    ["/claim status a/../b", "a/../b does not fit here: /claim status [environment]. Nothing was done."],
    ["/claim rollback payments-prod 0", "0 does not fit here: /claim rollback <environment> [sequence]. Nothing was done."],
    ["/claim plan payments-prod ledger-prod", "ledger-prod does not fit here: /claim plan [environment]. Nothing was done."],
  ])("%s is answered with the way out", (line, mistake) => {
    expect(parseNote(line)).toEqual([{ line, mistake }]);
  });

  test("the table shows each command once, each with an example that is that command", () => {
    expect(new Set(COMMAND_KINDS).size).toBe(COMMANDS.length);
    for (const { kind, example } of COMMANDS) expect(commandsOf(example)).toEqual([expect.objectContaining({ kind })]);
    expect(COMMANDS.filter(({ works }) => works === "now").map(({ kind }) => kind)).toEqual([
      "help",
      "plan",
      "apply",
      "status",
      "why",
      "who",
      "history",
      "diff",
      "hold",
      "unhold",
      "cancel",
    ]);
    expect(COMMANDS.map(usageOf)).toMatchInlineSnapshot(`
      [
        "/claim help [topic]",
        "/claim plan [environment]",
        "/claim apply [environment] [digest]",
        "/claim status [environment]",
        "/claim why [environment]",
        "/claim who [environment]",
        "/claim history [environment]",
        "/claim diff [environment]",
        "/claim promote <from> <to>",
        "/claim rollback <environment> [sequence]",
        "/claim extend <environment> <duration>",
        "/claim destroy <environment>",
        "/claim hold [reason]",
        "/claim unhold",
        "/claim cancel [environment]",
      ]
    `);
  });
});

describe("a note", () => {
  test.each([
    ["the only line", "/claim plan"],
    ["a line between others", "Looks good.\n/claim plan\nThanks!"],
    ["a paragraph of its own", "Looks good.\n\n/claim plan\n\nThanks!"],
    ["Windows line endings", "Looks good.\r\n/claim plan\r\nThanks!"],
    ["blanks around it", "  /claim   plan  "],
    ["no-break spaces", "\u00a0/claim\u00a0plan\u00a0"],
    ["invisible characters", "\ufeff\u200b/claim\u200b pl\u00adan\u200d"],
    ["after a quote", "> /claim destroy shop-sue\n\n/claim plan"],
    ["after a fence", "```\n/claim destroy shop-sue\n```\n/claim plan"],
    ["after a fence of tildes", "~~~sh\n/claim destroy shop-sue\n~~~\n/claim plan"],
    ["after a quote of many lines", ">>>\n/claim destroy shop-sue\n\n> x\n>>>\n/claim plan"],
    ["after a comment", "<!-- \n/claim destroy shop-sue\n-->\n/claim plan"],
    ["after a fold", "<details><summary>old</summary>\n\n/claim destroy shop-sue\n\n</details>\n\n/claim plan"],
    ["after a tag that holds nothing", "one<br>two\n\n/claim plan"],
    ["after a word in angle brackets", "Use <environment> here.\n\n/claim plan"],
    ["beside code", "`/claim destroy shop-sue` is not what I want\n/claim plan"],
    ["after a hard break", "yes\\\n/claim plan"],
  ])("holds a command: %s", (_, note) => {
    expect(commandsOf(note)).toEqual([{ kind: "plan" }]);
    expect(mistakesOf(note)).toEqual([]);
  });

  test.each([
    ["within a sentence", "please say /claim plan"],
    ["another word", "/claims plan\n/claimed\n/claim-plan"],
    ["in a quote", "> /claim plan"],
    ["in a quote that goes on lazily", "> Mara wrote\n/claim plan"],
    ["in a nested quote", ">> /claim plan"],
    ["in a quote of many lines", ">>>\n/claim plan\n>>>"],
    ["in a quote of many lines, in paragraphs", ">>>\nold\n\n/claim plan\n\n>>>"],
    ["in a quote of many lines right below text", "Mara said\n>>>\n/claim plan\n>>>"],
    ["in a quote of many lines without an end", ">>>\n\n/claim plan"],
    ["in a fence", "```\n/claim plan\n```"],
    ["in a fence without an end", "```\n\n/claim plan"],
    ["in a longer fence with a shorter one", "````\n```\n/claim plan\n````"],
    ["in a fence that holds the mark of a quote", "```\n>>>\n```\n> x\n/claim plan"],
    ["in indented code", "    /claim plan"],
    ["after a tab", "text\n\t/claim plan"],
    ["far to the right in a paragraph", "text\n        /claim plan"],
    ["in inline code", "`/claim plan`"],
    ["in inline code over lines", "`a\n/claim plan\nb`"],
    ["in inline code with longer marks", "``a`\n/claim plan\nb``"],
    ["in inline code with invisible characters between its marks", "x ``\u200b`\n/claim plan\n``"],
    ["in a list", "- /claim plan"],
    ["in a list that goes on lazily", "- a\n/claim plan"],
    ["in a numbered list's paragraph", "1. a\n\n   /claim plan"],
    ["in a heading", "# /claim plan"],
    ["in an underlined heading", "/claim plan\n==="],
    ["in a table", "| a |\n| --- |\n| /claim plan |\n/claim plan"],
    ["in an HTML comment", "<!--\n/claim plan\n-->"],
    ["in a comment without an end", "<!--\n\n/claim plan"],
    ["in a comment within a line", "text <!--\n/claim plan\n-->"],
    ["in an HTML block", "<div>\n/claim plan\n</div>"],
    ["in a fold, in a paragraph of its own", "<details>\n\n/claim plan\n\n</details>"],
    ["in HTML that begins within a line", "he said <blockquote>\n\n/claim plan\n\n</blockquote>"],
    ["in preformatted text", "<pre>\n\n/claim plan\n\n</pre>"],
    ["in a link", "[a\n/claim plan](https://example.org)"],
    ["in a link's title", '[a](x "t\n/claim plan\n")'],
    ["as a link's definition", "[a]: /claim plan"],
    ["escaped", "\\/claim plan"],
    ["as a character reference", "&#47;claim plan"],
    ["longer than any command", `${"x".repeat(20_000)}\n\n/claim plan`],
    ["empty", ""],
  ])("holds no command: %s", (_, note) => {
    expect(parseNote(note)).toEqual([]);
  });

  test("holds several commands, in order", () => {
    expect(commandsOf("/claim plan\n/claim status\n\nand\n\n/claim help")).toEqual([
      { kind: "plan" },
      { kind: "status" },
      { kind: "help" },
    ]);
  });

  test(`holds ${COMMANDS_PER_NOTE} commands at the most, and says so once`, () => {
    const parsed = parseNote("/claim status\n".repeat(50));
    expect(parsed).toHaveLength(COMMANDS_PER_NOTE + 1);
    expect(parsed.at(-1)).toEqual({
      line: "/claim status",
      mistake: expect.stringContaining("from this one on nothing was done"),
    });
  });
});

describe("the platform's own names for commands", () => {
  const ALIASES: Aliases = {
    ship: "apply",
    st: "status",
    "pay-day": "hold until payday",
    look: "status payments-prod",
    again: "again",
  };

  test.each<[string, Command]>([
    ["/claim ship", { kind: "apply" }],
    ["/claim Ship 77d0e4c91a55 Payments-Prod", { kind: "apply", digest: "77d0e4c91a55", environment: "payments-prod" }],
    ["/claim st shop-sue", { kind: "status", environment: "shop-sue" }],
    ["/claim look", { kind: "status", environment: "payments-prod" }],
    ["/claim pay-day at noon", { kind: "hold", reason: "until payday at noon" }],
    ["/claim status", { kind: "status" }],
    ["/claim help ship", { kind: "help", topic: "ship" }],
  ])("%s is understood as the command that it stands for, and kept as it was written", (line, command) => {
    expect(parseNote(line, ALIASES)).toEqual([{ line, command }]);
  });

  test.each([
    ["/claim shpi", "I don't know shpi. Did you mean /claim ship? Nothing was done."],
    ["/claim again", "I don't know again. /claim help lists what I know. Nothing was done."],
    ["/claim constructor", "I don't know constructor. /claim help lists what I know. Nothing was done."],
    ["/claim __proto__", "I don't know __proto__. /claim help lists what I know. Nothing was done."],
    ["/claim look shop-sue", "shop-sue does not fit here: /claim status [environment]. Nothing was done."],
  ])("%s is answered with the way out", (line, mistake) => {
    expect(parseNote(line, ALIASES)).toEqual([{ line, mistake }]);
  });

  test("never take the place of a command, and never stand for each other, whatever was adopted", () => {
    const wild: Aliases = { status: "destroy shop-sue", plan: "apply", a: "b", b: "a", c: "st", st: "status" };
    expect(commandsOf("/claim status\n/claim plan", wild)).toEqual([{ kind: "status" }, { kind: "plan" }]);
    expect(commandsOf("/claim a\n/claim b\n/claim c", wild)).toEqual([]);
  });

  test.each([
    ["in a quote", "> /claim ship"],
    ["in a fence", "```\n/claim ship\n```"],
    ["in inline code", "`/claim ship`"],
    ["in a fold", "<details>\n\n/claim ship\n\n</details>"],
    ["without /claim before it", "/ship\nship"],
    ["within a sentence", "then /claim ship it"],
  ])("are no commands %s", (_, note) => {
    expect(parseNote(note, ALIASES)).toEqual([]);
  });

  test("do not change which lines are commands", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("/claim ship", "/claim plan", "> /claim st", "```", "text", "")), (lines) => {
        const note = lines.join("\n");
        expect(parseNote(note, ALIASES).map(({ line }) => line)).toEqual(parseNote(note).map(({ line }) => line));
      }),
    );
  });

  test.each([
    ["apply", undefined],
    ["apply 77d0e4c91a55", undefined],
    ["extend shop-sue", undefined],
    ["hold until noon", undefined],
    ["aply", "There is no command aply."],
    ["st", "st is an alias itself: one stands for a command, never for another."],
    ["unhold now", "now does not fit: /claim unhold."],
    ["", "There is no command ."],
  ])("may stand for %j, or not, and why", (words, mistake) => {
    expect(aliasMistake(words, ALIASES)).toBe(mistake);
  });
});

describe("whatever the text", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "/claim apply",
      "\n",
      "\r\n",
      "`",
      "```",
      "~~~",
      "> ",
      ">>>",
      "- ",
      "    ",
      "<!--",
      "-->",
      "<details>",
      "</details>",
      "\u200b",
      "\u00a0",
      "[",
      "](",
      "|",
    ),
    fc.string({ unit: "binary", maxLength: 5 }),
  );
  const soup = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(""));

  test("reading a note never throws", () => {
    fc.assert(
      fc.property(soup, (note) => {
        for (const parsed of parseNote(note)) expect(parsed.line).toMatch(/^\/claim/i);
      }),
      { numRuns: 2000 },
    );
  });

  // One line of text that neither ends the quoting around it nor begins one of its own.
  const line = fc.stringMatching(/^[a-z .,!?/]{0,30}$/);
  const body = fc.array(fc.oneof(line, fc.constant("/claim apply"), fc.constant("")), { minLength: 1, maxLength: 8 });
  const quotings: Readonly<Record<string, (lines: readonly string[]) => string>> = {
    quote: (lines) => lines.map((text) => `> ${text}`).join("\n"),
    "quote of many lines": (lines) => [">>>", ...lines, ">>>"].join("\n"),
    fence: (lines) => ["```", ...lines, "```"].join("\n"),
    "fence of tildes": (lines) => ["~~~~ text", ...lines, "~~~~"].join("\n"),
    "indented code": (lines) => lines.map((text) => `    ${text}`).join("\n"),
    comment: (lines) => ["<!--", ...lines, "-->"].join("\n"),
    fold: (lines) => ["<details>", "", ...lines, "", "</details>"].join("\n"),
    list: (lines) => lines.map((text) => `- ${text}`).join("\n"),
  };

  test.each(Object.keys(quotings))("no command within a %s counts, and one after it does (S17)", (name) => {
    fc.assert(
      fc.property(body, fc.constantFrom("\n", "\r\n"), (lines, newline) => {
        const quoted = (quotings[name] as (lines: readonly string[]) => string)(lines);
        expect(parseNote(quoted.replaceAll("\n", newline))).toEqual([]);
        expect(commandsOf(`${quoted}\n\n/claim plan`.replaceAll("\n", newline))).toEqual([{ kind: "plan" }]);
      }),
      { numRuns: 200 },
    );
  });
});
