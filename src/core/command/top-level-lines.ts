/**
 * Finds the lines of a note that its author says now and as themselves: top-level text, as GitLab renders it. What stands in a quote, a
 * list, a table, a heading, code or HTML was said before, by somebody else, or is an example. Where in doubt a line does not count.
 */
import MarkdownIt, { type StateBlock, type StateInline } from "markdown-it";

const TOKEN = "claim_line";
/** Invisible: soft hyphen, zero-width and direction marks, byte order mark. They come along with copied text. */
const INVISIBLE = "\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff";
const CLAIM = new RegExp(`[\\u00a0${INVISIBLE}]{0,3}(/claim(?=[\\s${INVISIBLE}]|$)[^\\n]*)`, "iy");
/** HTML elements that may hold paragraphs of somebody else's text, also when they begin within a line. */
const HOLDING = /^(?:blockquote|code|details|div|dl|kbd|ol|pre|q|samp|section|summary|table|ul)$/;
const VOID = /^(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;

const markdown = new MarkdownIt({ html: true });
markdown.block.ruler.before("blockquote", "gitlab_quote", gitlabQuote, { alt: ["paragraph", "reference", "blockquote", "list"] });
markdown.inline.ruler.before("text", TOKEN, claimLine);

/** Each top-level line that begins with `/claim`, in order, with single blanks and without invisible characters. */
export function topLevelClaimLines(note: string): readonly string[] {
  const lines: string[] = [];
  let openHtml = 0;
  const tokens = markdown.parse(note, {});
  for (const [index, token] of tokens.entries()) {
    if (token.type === "html_block") openHtml = Math.max(0, openHtml + balance(token.content, () => true));
    const before = tokens[index - 1];
    const isParagraph = token.type === "inline" && before?.type === "paragraph_open" && before.level === 0;
    for (const child of token.children ?? []) {
      if (child.type === TOKEN && isParagraph && openHtml === 0) lines.push(clean(child.content));
      if (child.type === "html_inline") openHtml = Math.max(0, openHtml + balance(child.content, (name) => HOLDING.test(name)));
    }
  }
  return lines;
}

/**
 * GitLab's quote of many lines, from a line of `>>>` to the next equal one (GitLab docs, user/markdown, read 2026-11-24). CommonMark
 * would take what stands between for top-level text. Without an end it goes on to the end of the note.
 */
function gitlabQuote(state: StateBlock, startLine: number, endLine: number, silent: boolean): boolean {
  const markOf = (line: number): string | undefined => {
    if ((state.sCount[line] ?? 0) - state.blkIndent >= 4) return undefined;
    return /^>{3,}(?=[ \t]*$)/.exec(
      state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]),
    )?.[0];
  };
  const mark = markOf(startLine);
  if (mark === undefined) return false;
  if (silent) return true;
  let line = startLine + 1;
  while (line < endLine && markOf(line) !== mark) line += 1;
  state.line = Math.min(line + 1, endLine);
  return true;
}

/**
 * Marks `/claim` at the beginning of a line, after three blanks at the most. It runs where inline text is read from left to right, so what
 * is within a code span, a link's address, a tag or an HTML comment never comes here. The rest of the line is read as usual: a code span
 * that begins on it still hides the lines that it reaches over.
 */
function claimLine(state: StateInline, silent: boolean): boolean {
  const before = state.src.slice(Math.max(0, state.pos - 4), state.pos);
  if (state.linkLevel > 0 || !(state.pos === 0 || /\n {0,3}$/.test(before))) return false;
  CLAIM.lastIndex = state.pos;
  const [all, line] = CLAIM.exec(state.src) ?? [];
  if (all === undefined || line === undefined) return false;
  if (!silent) state.push(TOKEN, "", 0).content = line;
  state.pos += all.length - line.length + "/claim".length;
  return true;
}

/** How many elements a piece of HTML opens and leaves open; negative where it closes more. */
function balance(html: string, counts: (name: string) => boolean): number {
  let open = 0;
  for (const [, slash, name, rest] of html.replaceAll(/<!--[\s\S]*?-->/g, "").matchAll(/<(\/?)([a-z][a-z0-9-]*)([^<>]*)>/gi)) {
    const element = name?.toLowerCase() ?? "";
    if (!counts(element) || VOID.test(element) || rest?.endsWith("/") === true) continue;
    open += slash === "/" ? -1 : 1;
  }
  return open;
}

function clean(line: string): string {
  return line
    .replaceAll(new RegExp(`[${INVISIBLE}]`, "g"), "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
