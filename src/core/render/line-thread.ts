/** The thread on the line of a mistake: what is wrong, the way out, and the mended line to click where it is known. */
import type { Diagnostic } from "../diagnostic.ts";
import { digestOf } from "../json.ts";
import { code, oneLine, plain, quickActionIn } from "./encode.ts";

/** How every thread of ours on a line begins. */
export const LINE_MARKER = "<!-- claimbot:line:";

/** Of a message, and of a hint: some list all that is allowed. */
const MOST = 600;

/** The same for the same mistake in the same file, on whatever line a push has moved it to. */
export function lineMarker({ path, code: rule, message }: Diagnostic): string {
  return `${LINE_MARKER}${digestOf([path, rule, message])} -->`;
}

/** Begins with the marker of the mistake. */
export function renderLineThread(diagnostic: Diagnostic): string {
  const { severity, message, hint, code: rule } = diagnostic;
  const said = [plain(message, MOST), plain(hint, MOST)].filter((text) => text !== "").join(" ");
  const first = severity === "error" ? `❌ ${said}` : `⚠️ **Warning:** ${said}`;
  return `${lineMarker(diagnostic)}\n${[first, ...suggestionOf(diagnostic), code(rule)].join("\n\n")}\n`;
}

/**
 * A block that GitLab shows with a button to apply it. What stands in it is the line itself, not encoded, so only what can do nothing
 * else is let in: no line that some GitLab would run as a quick action, no text that one cannot see, none of our own marks, and not an
 * empty line, which GitLab would take for "delete it". GitLab gives the line the end that it had (lib/gitlab/diff/suggestion.rb).
 */
function suggestionOf({ suggestion }: Diagnostic): readonly string[] {
  if (suggestion === undefined || suggestion.trim() === "" || suggestion.includes("<!--")) return [];
  const isAllSeen = oneLine(suggestion, Infinity) === suggestion.trim();
  if (!isAllSeen || /^\s*\/[a-z_]/i.test(suggestion)) return [];
  const longest = Math.max(2, ...[...suggestion.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const block = `${fence}suggestion:-0+0\n${suggestion}\n${fence}`;
  return quickActionIn(block) === undefined ? [block] : [];
}
