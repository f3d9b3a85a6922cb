/** What the button under a suggestion does: a commit on the source branch with the suggested line in place of the one that it stands on. */
import MarkdownIt from "markdown-it";
import { headSha } from "../merge-request-state.ts";
import type { MergeRequest, Note, User } from "../model.ts";
import { badRequest, notFound } from "../refusal.ts";
import type { World } from "../world.ts";
import { discussionOf, resolveDiscussion } from "./notes.ts";
import { commitToBranch } from "./push.ts";

const markdown = new MarkdownIt();

/** The text of the first suggestion in a comment on a line; one of several lines is more than the sandbox knows. */
export function suggestionOf({ body, position }: Note): string | undefined {
  if (position === undefined || position.new_line === null) return undefined;
  const block = markdown.parse(body, {}).find(({ type, info }) => type === "fence" && /^suggestion(:-0\+0)?$/.test(info.trim()));
  return block?.content.replace(/\n$/, "");
}

/** Only while the line is as it was; the thread is resolved by who applied it. */
export async function applySuggestion(world: World, mergeRequest: MergeRequest, by: User, note: Note): Promise<void> {
  const suggestion = suggestionOf(note);
  const { position } = note;
  if (suggestion === undefined || position === undefined) throw notFound("Suggestion");
  if (mergeRequest.state !== "opened" || position.head_sha !== headSha(mergeRequest)) {
    throw badRequest("Suggestion is not appliable as its line was changed.");
  }
  const { source, sourceBranch } = mergeRequest;
  const file = await source.repository.file(position.head_sha, position.new_path);
  const lines = file?.bytes.toString().split(/(?<=\n)/) ?? [];
  const at = (position.new_line ?? 0) - 1;
  // The line keeps its end; an empty suggestion takes it away (lib/gitlab/diff/suggestion.rb).
  const end = /\r?\n$/.exec(lines[at] ?? "")?.[0] ?? "";
  lines[at] = suggestion.trim() === "" ? "" : suggestion + end;
  await commitToBranch(world, source, by, {
    branch: sourceBranch,
    message: "Apply 1 suggestion(s) to 1 file(s)",
    changes: [{ kind: "write", path: position.new_path, content: lines.join("") }],
  });
  resolveDiscussion(world, mergeRequest, by, discussionOf(mergeRequest, note), true);
}
