/**
 * The one encoder for foreign text: whatever came from a claim, a branch, a title, a comment or a server goes through here before it
 * enters Markdown (threats S15 to S17). Nothing that it returns can begin a line, end a block, mention anyone or become a link.
 */

/** Control characters, and the invisible ones that turn or hide text: bidi marks, zero width, separators, tags. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const LINE_BREAKS = /\s*[\r\n\t\u2028\u2029]+\s*/g;

/** One line, without invisible characters; at most `limit` UTF-16 code units, cut with a visible mark. */
export function oneLine(text: string, limit = 300): string {
  const line = text.replace(LINE_BREAKS, " ").replace(INVISIBLE, "�").trim();
  return line.length <= limit
    ? line
    : `${Array.from(line.slice(0, limit - 1))
        .join("")
        .trimEnd()}…`;
}

/** A code span: its fence is longer than the longest run of backticks in the text. Works in a table cell too. */
export function code(text: string, limit?: number): string {
  const line = oneLine(text, limit);
  if (line === "") return "` `";
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 || /^\s|\s$/.test(line) ? " " : "";
  return `${fence}${pad}${line.replaceAll("|", "\\|")}${pad}${fence}`;
}

const WORD_JOINER = "\u2060";

/** Running text: every punctuation mark is escaped, and everything that GitLab would make a reference, an emoji or a link is broken up. */
export function plain(text: string, limit?: number): string {
  return oneLine(text, limit)
    .replace(/\b(https?|ftp|mailto|www)(?=[:.])/gi, (scheme) => `${scheme[0]}${WORD_JOINER}${scheme.slice(1)}`)
    .replace(/[@#!~%&$:^*]/g, (mark) => `${mark}${WORD_JOINER}`)
    .replace(/[\\`*_{}[\]()<>#+\-!|~&=.$@^"']/g, (mark) =>
      mark === "." || mark === "'" || mark === '"' || mark === "-" ? mark : `\\${mark}`,
    )
    .replace(/^(\d+)([.)])/, "$1\\$2")
    .replace(/^([-+=/>])/, "\\$1");
}

/** A line outside a fence that GitLab would run as a quick action: the last guard before a note is sent. */
export function quickActionIn(body: string): string | undefined {
  let fence: string | undefined;
  for (const line of body.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined && mark !== undefined) fence = mark;
    else if (fence !== undefined && mark?.startsWith(fence)) fence = undefined;
    else if (fence === undefined && /^\s*\/[a-z_]+/i.test(line)) return line;
  }
  return undefined;
}
