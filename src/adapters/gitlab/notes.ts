/** Notes, answers and emoji on merge requests: each said once, whatever happens on the way. */
import type { Forge, Note, User } from "../../core/ports.ts";
import { Uncertain } from "../http-client.ts";
import { repeatable, unlessMissing, unlessRefused, type Api } from "./api.ts";
import { assertNoQuickAction } from "./quick-action-guard.ts";
import { fields, list, noteOf } from "./wire.ts";

/** GitLab takes about 1,000,000 characters. */
const MAX_NOTE_LENGTH = 990_000;
const PER_PAGE = 100;

type Notes = Pick<Forge, "note" | "findOwnNote" | "createNote" | "editNote" | "reply" | "react">;

export function notesOf(
  api: Api,
  me: Forge["me"],
  /** With what only a user's own page tells. */
  whole: (user: User, signal?: AbortSignal) => Promise<User>,
): Notes {
  const { project } = api;

  const findOwnNote: Notes["findOwnNote"] = async (iid, marker, signal) => {
    const own = await me(signal);
    // Page by page, newest first, so that a note of today is found on the first. A page may hold fewer than its size and not be the last.
    for (let page: number | null = 1; page !== null;) {
      const { data, paginationInfo } = await api.call(signal, async ({ notes }) =>
        notes.all(project, iid, { sort: "desc", orderBy: "created_at", perPage: PER_PAGE, page: page ?? 1, showExpanded: true }),
      );
      const found = ownWith(list(data).map(noteOf), own, marker);
      if (found !== undefined) return found;
      page = paginationInfo.next;
    }
    return undefined;
  };

  const answered = async (iid: number, discussion: string, marker: string, signal: AbortSignal | undefined): Promise<boolean> => {
    const own = await me(signal);
    const thread: unknown = await api.call(signal, async ({ discussions }) => discussions.show(project, iid, discussion));
    return ownWith(list(fields(thread)["notes"]).map(noteOf), own, marker) !== undefined;
  };

  return {
    findOwnNote,
    note: async (iid, noteId, signal) => {
      const found = await unlessMissing(async () => api.call(signal, async ({ notes }) => notes.show(project, iid, noteId)));
      if (found === undefined) return undefined;
      const note = noteOf(found);
      return { ...note, author: await whole(note.author, signal) };
    },
    createNote: async (iid, body, marker, signal) => {
      checkBody(body, marker);
      try {
        return noteOf(await api.call(signal, async ({ notes }) => notes.create(project, iid, body)));
      } catch (error) {
        if (!(error instanceof Uncertain)) throw error;
        const written = await findOwnNote(iid, marker, signal);
        // Not there yet is not "never": the job comes back, and looks for its note before it writes one.
        if (written === undefined) throw error;
        return written;
      }
    },
    editNote: async (iid, noteId, body, signal) => {
      checkBody(body);
      const edit = async (): Promise<unknown> =>
        repeatable(async () => api.call(signal, async ({ notes }) => notes.edit(project, iid, noteId, { body })), signal);
      return (await unlessMissing(edit)) === undefined ? "gone" : "edited";
    },
    reply: async (iid, discussion, body, marker, signal) => {
      checkBody(body, marker);
      // First of all: a job that was cut off after its answer says it again.
      if (await answered(iid, discussion, marker, signal)) return;
      try {
        // The type wants a note's id; GitLab's path has a discussion and a new note only.
        await api.call(signal, async ({ discussions }) => discussions.addNote(project, iid, discussion, body));
      } catch (error) {
        if (!(error instanceof Uncertain) || !(await answered(iid, discussion, marker, signal))) throw error;
      }
    },
    react: async (iid, noteId, name, signal) => {
      await repeatable(
        async () =>
          unlessRefused(
            async () => api.call(signal, async ({ emoji }) => emoji.award(project, iid, noteId, name)),
            (refused) => {
              // GitLab's 404 says "Award Emoji Name has already been taken" when it is there.
              if (!/already been taken/i.test(refused.detail)) throw refused;
            },
          ),
        signal,
      );
    },
  };
}

function ownWith(notes: readonly Note[], own: User, marker: string): Note | undefined {
  return notes
    .filter((note) => note.author.id === own.id && !note.system && note.body.startsWith(marker))
    .toSorted((a, b) => b.id - a.id)[0];
}

function checkBody(body: string, marker?: string): void {
  assertNoQuickAction(body);
  if (marker !== undefined && (!/^<!--[^\n]+-->$/.test(marker) || !body.startsWith(marker)))
    throw new Error("bug: a note begins with the comment that marks it");
  if (body.length > MAX_NOTE_LENGTH) throw new Error(`bug: a note of ${body.length} characters is not cut`);
}
