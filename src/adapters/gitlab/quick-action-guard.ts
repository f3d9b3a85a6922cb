/**
 * The last guard before a note leaves: GitLab runs quick actions (`/merge`, `/approve`) in notes sent through its API, with the bot's
 * rights. No text of others may start a line with one. Whoever sees this error has found a renderer that does not encode.
 */

/** Throws an Error (our bug) for a body in which some GitLab would see a command. */
export function assertNoQuickAction(body: string): void {
  const lines = body.replaceAll("\r", "").split("\n");
  const found = outsideFences(lines) ?? outsideBlocks(lines, [CODE]) ?? outsideBlocks(lines, [CODE, HTML, QUOTE]);
  if (found !== undefined)
    throw new Error(`bug: a note would start a line with a quick action: ${JSON.stringify(found.slice(0, 40))}`);
}

/** How Markdown reads it: a fence ends with a line of at least as many of the same character, and nothing else. */
function outsideFences(lines: readonly string[]): string | undefined {
  let fence: string | undefined;
  for (const line of lines) {
    const [, marks, info = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined) {
      if (/^\s*\/[a-z_]+/i.test(line)) return line;
      if (marks !== undefined && !(marks.startsWith("`") && info.includes("`"))) fence = marks;
    } else if (marks?.startsWith(fence) && info.trim() === "") fence = undefined;
  }
  return undefined;
}

/**
 * How GitLab's extractor reads it (lib/gitlab/quick_actions/extractor.rb, 14.x): three backticks at the start of a line open, the next
 * line of just three close, whatever Markdown thinks; so do `<tag>` and `</tag>`, and `>>>`. A longer fence with a shorter one in it,
 * or a `</x>` within a fence, ends the shelter early. Newer ones know other blocks: a line has to be safe for all.
 */
function outsideBlocks(lines: readonly string[], blocks: readonly Block[]): string | undefined {
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const block = blocks.find(({ opens }) => opens.test(line));
    const end = block ? lines.findIndex((other, index) => index > at && block.closes.test(other)) : -1;
    if (end > at) at = end;
    else if (/^\/[a-z_]+/i.test(line)) return line;
  }
  return undefined;
}

interface Block {
  readonly opens: RegExp;
  readonly closes: RegExp;
}

const CODE: Block = { opens: /^```/, closes: /^```$/ };
const HTML: Block = { opens: /^<[^>]+>$/, closes: /^<\/[^>]+>$/ };
const QUOTE: Block = { opens: /^>>>/, closes: /^>>>$/ };
