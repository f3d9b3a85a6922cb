/** Threads of a merge request: what people say in them, and those on lines, each begun once, whatever happens on the way. */
import type { Comment, Forge, LinePosition, LineThread, NewLineThread, User } from "../../core/ports.ts";
import { Refused, Uncertain } from "../http-client.ts";
import { repeatable, unlessMissing, type Api } from "./api.ts";
import { assertNoQuickAction } from "./quick-action-guard.ts";
import { fields, integer, list, noteOf, optionalText, text, userOf } from "./wire.ts";

type Threads = Pick<Forge, "commentsSince" | "lineThreads" | "createLineThread" | "resolveThread">;

const ALL_PAGES = { perPage: 100, showExpanded: false } as const;

export function threadsOf(api: Api, me: Forge["me"]): Threads {
  const { project } = api;

  const discussionsOf = async (iid: number, signal: AbortSignal | undefined): Promise<readonly unknown[]> =>
    list(await api.call<unknown>(signal, async ({ discussions }) => discussions.all(project, iid, ALL_PAGES)));

  const lineThreads: Threads["lineThreads"] = async (iid, beginning, signal) => {
    const own = await me(signal);
    return (await discussionsOf(iid, signal))
      .flatMap((one) => lineThreadOf(one, own) ?? [])
      .filter(({ body }) => body.startsWith(beginning));
  };

  return {
    lineThreads,
    commentsSince: async (iid, noteId, signal) =>
      (await discussionsOf(iid, signal))
        .flatMap(commentsOf)
        .filter(({ id }) => id > noteId)
        .toSorted((a, b) => a.id - b.id),
    createLineThread: async (iid, thread, signal) => {
      assertNoQuickAction(thread.body);
      if (!thread.body.startsWith(thread.marker)) throw new Error("bug: a thread begins with its marker");
      try {
        await api.call(signal, async ({ discussions }) => discussions.create(project, iid, thread.body, formOf(thread)));
        return "created";
      } catch (error) {
        // `Note {:line_code=>["can't be blank", "must be a valid line code"]}`: to GitLab that line is not in the diff.
        if (error instanceof Refused && error.status === 400) return "refused";
        if (!(error instanceof Uncertain)) throw error;
        const begun = await lineThreads(iid, thread.marker, signal);
        // Not there yet is not "never": the job comes back, and looks for its threads before it begins one.
        if (!begun.some(({ position }) => isSame(position, thread.position))) throw error;
        return "created";
      }
    },
    resolveThread: async (iid, discussionId, resolved, signal) => {
      const resolve = async (): Promise<unknown> =>
        repeatable(
          async () => api.call(signal, async ({ discussions }) => discussions.resolve(project, iid, discussionId, resolved)),
          signal,
        );
      await unlessMissing(resolve);
    },
  };
}

/** Confidential notes had the field `confidential` before `internal`. */
function commentsOf(value: unknown): readonly Comment[] {
  const discussion = fields(value);
  return list(discussion["notes"]).flatMap((one) => {
    const { internal, confidential } = fields(one);
    const note = noteOf(one);
    if (note.system || internal === true || confidential === true) return [];
    return [{ ...note, discussionId: text(discussion, "id") }];
  });
}

/**
 * The position as fields of a form, named here: gitbeaker 43.8.0 would join `position` to a query and take it apart again without
 * encoding it, so that a file called `a&body=…` could replace the whole body (measured 2026-11-24).
 */
function formOf({ refs, position }: NewLineThread) {
  const { oldLine, newLine } = position;
  return {
    isForm: true,
    showExpanded: false,
    "position[position_type]": "text",
    "position[base_sha]": refs.baseSha,
    "position[start_sha]": refs.startSha,
    "position[head_sha]": refs.headSha,
    "position[old_path]": position.oldPath,
    "position[new_path]": position.newPath,
    ...(oldLine !== undefined && { "position[old_line]": oldLine }),
    ...(newLine !== undefined && { "position[new_line]": newLine }),
  } as const;
}

/** Undefined for what is not a thread that we began on a line. */
function lineThreadOf(value: unknown, own: User): LineThread | undefined {
  const discussion = fields(value);
  const [first] = list(discussion["notes"]);
  if (first === undefined) return undefined;
  const note = noteOf(first);
  const { type, position, resolved, resolved_by: by } = fields(first);
  if (note.author.id !== own.id || note.system || type !== "DiffNote" || position === null || position === undefined)
    return undefined;
  const at = fields(position);
  const oldPath = optionalText(at, "old_path") ?? "";
  return {
    discussionId: text(discussion, "id"),
    noteId: note.id,
    body: note.body,
    resolved: resolved !== true ? "no" : userOf(by).id === own.id ? "by-us" : "by-others",
    position: {
      oldPath,
      newPath: optionalText(at, "new_path") ?? oldPath,
      oldLine: lineOf(at, "old_line"),
      newLine: lineOf(at, "new_line"),
    },
    headSha: optionalText(at, "head_sha") ?? "",
  };
}

function lineOf(position: ReturnType<typeof fields>, name: string): number | undefined {
  return position[name] === null || position[name] === undefined ? undefined : integer(position, name);
}

function isSame(a: LinePosition, b: LinePosition): boolean {
  return a.newPath === b.newPath && a.newLine === b.newLine && a.oldLine === b.oldLine;
}
