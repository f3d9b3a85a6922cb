/**
 * The one encoder for foreign text: whatever came from a claim, a branch, a title, a comment or a server goes through here before it
 * enters Markdown (threats S15 to S17). Nothing that it returns can begin a line, end a block, mention anyone or become a link, in a
 * heading, a list, a table or a paragraph, where it stands between spaces or the marks of ours.
 */

/**
 * What cannot be seen, or turns and hides what can: controls, bidi marks, zero width, fillers, tags, lone surrogates. Emoji keep what holds
 * them together.
 */
const INVISIBLE =
  /(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic}))(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const LINE_BREAK = /[\r\n\t\u2028\u2029]/;

/** One line, without invisible characters; at most `limit` UTF-16 code units, cut with a visible mark. */
export function oneLine(text: string, limit = 300): string {
  const line = text
    .replaceAll(/\s+/g, (space) => (LINE_BREAK.test(space) ? " " : space))
    .replaceAll(INVISIBLE, "�")
    .trim();
  if (line.length <= limit) return line;
  // Never half of a surrogate pair, or of an emoji that is made of several.
  const cut = line.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, "");
  return `${cut.replace(/\u200D+$/, "").trimEnd()}…`;
}

/** A code span: its fence is longer than the longest run of backticks in the text. Works in a table cell too. */
export function code(text: string, limit?: number): string {
  const line = oneLine(text, limit);
  if (line === "") return "` `";
  // In a table a | within a code span must be escaped, anywhere else it must not; beside a backslash neither is sure.
  if (line.includes("|")) return `<code>${escaped(line)}</code>`;
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/** A word or words between backticks, as our own messages quote what is to be typed. */
const QUOTED = /(?<![^\s(])(`[^`\s](?:[^`]*[^`\s])?`)(?![^\s.,;:)])/;

/** Running text. What stands between single backticks is a code span; everything else that means something to GitLab means itself. */
export function plain(text: string, limit?: number): string {
  return oneLine(text, limit)
    .split(QUOTED)
    .map((part, index) => (index % 2 === 1 ? code(part.slice(1, -1)) : escaped(part)))
    .join("");
}

/** Text within an HTML element of ours. */
export function html(text: string, limit?: number): string {
  return broken(oneLine(text, limit))
    .replaceAll(/&(?!\u2060)/g, "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

const WORD_JOINER = "\u2060";

/**
 * GitLab looks for these after Markdown is read, so that a backslash does not help: mentions, references to issues, merge requests,
 * milestones, labels, epics and snippets, entities, emoji, addresses, `[issue:1]`, `[[_TOC_]]`, `{+ +}`, `*iteration:1`. An invisible
 * character takes each apart (GitLab docs, user/markdown, read 2026-11-24).
 */
const MEANING =
  /[@%~](?!\s)|[#!$](?=\w)|&(?=[#\w])|\/(?=\/)|\bwww(?=\.)|:(?=[\w+-]+:)|\[(?=\[|TOC|\w+:)|[{[](?=[+-])|\*(?=iteration)/gi;

function broken(line: string): string {
  // A mail address has two ends.
  return line.replaceAll(MEANING, `$&${WORD_JOINER}`).replaceAll(/(?<=\S)@/g, `${WORD_JOINER}@`);
}

/** What Markdown itself would read, with as few backslashes as are safe: people read the raw text too. */
function escaped(line: string): string {
  return (
    broken(line)
      .replaceAll(/[\\`*[\]|$]/g, "\\$&")
      // Within a word an underscore is one.
      .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
      .replaceAll(/<(?=[A-Za-z/!?]|$)/g, "\\<")
      // After a space a tilde can only open, and what never closes strikes nothing through.
      .replaceAll(/(?<![\s(])~|~(?!\u2060)/g, "\\~")
      .replace(/#$/, "\\#")
      .replace(/^(\d+)([.)])(?=\s|$)/, "$1\\$2")
      .replace(/^(?:[=:>/]|#(?=[#\s])|[-+](?![\p{L}\p{N}]))/u, "\\$&")
  );
}

/** A line outside a fence that GitLab would run as a quick action: the last guard before a note is sent. */
export function quickActionIn(body: string): string | undefined {
  let fence: string | undefined;
  for (const line of body.split("\n")) {
    const [, mark, info = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined) {
      if (/^\s*\/[a-z_]+/i.test(line)) return line;
      // With a backtick behind it, it is a code span.
      if (mark !== undefined && !(mark.startsWith("`") && info.includes("`"))) fence = mark;
    } else if (mark?.startsWith(fence) && info.trim() === "") fence = undefined;
  }
  return undefined;
}
