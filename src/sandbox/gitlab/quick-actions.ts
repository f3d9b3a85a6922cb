/** Finds quick actions in a comment the way GitLab does: known names only, at the start of a line, outside of code and quotes. */

export interface QuickAction {
  /** Lower case, without the slash. */
  readonly name: string;
  readonly argument: string;
}

// facts of 2026-11: names seen on GitLab's pages for merge requests, with those that every kind of thing knows.
const NAMES = new Set(
  (
    "approve unapprove merge rebase draft ready target_branch submit_review assign unassign reassign assign_reviewer reviewer " +
    "request_review unassign_reviewer remove_reviewer reassign_reviewer request_changes run_pipeline close reopen label labels relabel " +
    "unlabel remove_label lock unlock milestone remove_milestone react award done todo estimate estimate_time remove_estimate spend " +
    "spend_time spent remove_time_spent copy_metadata title subscribe unsubscribe tableflip shrug cc wip"
  ).split(" "),
);

const COMMAND = /^\/([a-z_]+)(?: ([^\n]*))?\s*$/i;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
// A line that is one HTML tag and nothing else opens a block that ends with its closing tag.
const HTML_OPEN = /^<([a-z][a-z0-9]*)(?:\s[^>]*)?>\s*$/i;

/** The actions, in order, and the text that is left when their lines are taken out. */
export function extractQuickActions(body: string): { readonly actions: readonly QuickAction[]; readonly rest: string } {
  const actions: QuickAction[] = [];
  const rest: string[] = [];
  let closes: ((line: string) => boolean) | undefined;
  const lines = body.split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    if (closes !== undefined) {
      rest.push(line);
      if (closes(line)) closes = undefined;
      continue;
    }
    const [, name = "", argument = ""] = COMMAND.exec(line) ?? [];
    if (NAMES.has(name.toLowerCase())) {
      actions.push({ name: name.toLowerCase(), argument: argument.trim() });
      continue;
    }
    rest.push(line);
    const opened = blockEnd(line);
    // An HTML block or a quote that never ends is no block: what stands in it runs.
    if (opened !== undefined && (opened.endless || lines.slice(index + 1).some(opened.closes))) closes = opened.closes;
  }
  // GitLab takes the white space off the end of every comment on this way.
  return { actions, rest: rest.join("\n").trimEnd() };
}

function blockEnd(line: string): { readonly closes: (line: string) => boolean; readonly endless: boolean } | undefined {
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) {
    const end = new RegExp(`^ {0,3}${fence.charAt(0)}{${fence.length},}\\s*$`);
    return { closes: (next) => end.test(next), endless: true };
  }
  if (/^>>>\s*$/.test(line)) return { closes: (next) => /^>>>\s*$/.test(next), endless: false };
  const tag = HTML_OPEN.exec(line)?.[1]?.toLowerCase();
  if (tag === undefined) return undefined;
  return { closes: (next) => next.trim().toLowerCase() === `</${tag}>`, endless: false };
}
