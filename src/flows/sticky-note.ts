/** One note per merge request and purpose: edited in place, and written only when its text changed. */
import { digestOfBytes, type Digest } from "../core/json.ts";
import { quickActionIn } from "../core/render/encode.ts";
import type { ForgeWorld } from "./world.ts";

/** `found`: there was one, by our memory or on GitLab. */
export type WrittenNote = "none" | "created" | "found";

/** The digest of no text. */
const UNSURE: Digest = "unsure";

/** `body` begins with the marker, an HTML comment. Two runs with the same text write once. */
export async function writeStickyNote(
  world: ForgeWorld,
  iid: number,
  marker: string,
  body: string,
  signal: AbortSignal,
): Promise<WrittenNote> {
  if (!body.startsWith(marker)) throw new Error("a sticky note begins with its marker");
  if (quickActionIn(body) !== undefined) throw new Error("a note must never hold a quick action");
  const bodyDigest = digestOfBytes(body);
  const known = await world.memory.stickyNote(iid, marker);
  if (known?.bodyDigest === bodyDigest) return "found";
  const noteId = known?.noteId ?? (await world.forge.findOwnNote(iid, marker, signal))?.id;
  // An edit that nobody knows the end of must not leave the old text's digest behind: it would never be written again.
  if (noteId !== undefined) await world.memory.rememberStickyNote(iid, marker, { noteId, bodyDigest: UNSURE });
  // A note that somebody deleted is written again: it is the only place where the plan can be read.
  const isThere = noteId !== undefined && (await world.forge.editNote(iid, noteId, body, signal)) === "edited";
  const written = isThere ? noteId : (await world.forge.createNote(iid, body, marker, signal)).id;
  await world.memory.rememberStickyNote(iid, marker, { noteId: written, bodyDigest });
  return noteId === undefined ? "created" : "found";
}

/** Writes only where there is a note already: to take back what is no longer true, never to say something that nobody asked. */
export async function editStickyNote(
  world: ForgeWorld,
  iid: number,
  marker: string,
  body: string,
  signal: AbortSignal,
): Promise<WrittenNote> {
  const known = (await world.memory.stickyNote(iid, marker)) ?? (await world.forge.findOwnNote(iid, marker, signal));
  return known === undefined ? "none" : writeStickyNote(world, iid, marker, body, signal);
}
