/** What the story is played on, and what its chapters do and look at. */
import assert from "node:assert/strict";
import type { SandboxCloudflare } from "../cloudflare.ts";
import type { SandboxFlux } from "../flux.ts";
import type { SandboxGitlab } from "../gitlab/start-gitlab.ts";

/** What the story is played on. */
export interface Stage {
  readonly gitlab: SandboxGitlab;
  readonly cloudflare: SandboxCloudflare;
  readonly flux: SandboxFlux;
  /** The name of the bot's user. */
  readonly bot: { readonly username: string };
  /** Keys of the claim store below a prefix. */
  keys(prefix: string): Promise<readonly string[]>;
  /** The text of an object of the claim store. */
  object(key: string): Promise<string | undefined>;
  /** Resolves when nothing waits to be done. */
  settled(): Promise<void>;
  /** What the timer does: looks for what nobody told. */
  sweep(): Promise<void>;
  say(text: string): void;
}

/** Pushes a branch, opens a merge request, and waits until claimbot has answered. */
export async function propose(
  stage: Stage,
  as: string,
  branch: string,
  title: string,
  files: Readonly<Record<string, string | null>>,
): Promise<number> {
  const { gitlab } = stage;
  await gitlab.push({ branch, files, as, message: title });
  const iid = await gitlab.openMergeRequest({ as, source: branch, title });
  stage.say(`${gitlab.user(as).name} opens !${iid}: ${title}\n`);
  await stage.settled();
  return iid;
}

/** A file of the default branch. */
export async function fileOf({ gitlab }: Stage, path: string): Promise<string> {
  const text = await gitlab.file(path);
  assert.ok(text !== undefined, `${path} is in the sandbox`);
  return text;
}

/** What Cloudflare answers for a name. */
export function record(
  { cloudflare }: Stage,
  name: string,
  zone = "example.org",
): { readonly proxied?: boolean | undefined } | undefined {
  return cloudflare.records(zone).find((candidate) => candidate.name === name);
}

/** The one note with this marker. */
export function botNote({ gitlab, bot }: Stage, iid: number, marker: string): string {
  const notes = gitlab.notes(iid, { by: bot.username }).filter(({ body }) => body.includes(`<!-- ${marker} -->`));
  assert.equal(notes.length, 1, `exactly one note ${marker} on !${iid}`);
  return notes[0]?.body ?? "";
}

/** A note as it stands, drawn at the side. */
export function show(stage: Stage, note: string): void {
  const lines = note.split("\n").filter((line) => !line.startsWith("<!--"));
  stage.say(`${lines.map((line) => `  │ ${line}`.trimEnd()).join("\n")}\n`);
}

/** Ends the story where it is not so. */
export function observe(stage: Stage, what: string, isSo: boolean): void {
  stage.say(`  ${isSo ? "✓" : "✗"} ${what}`);
  assert.ok(isSo, `the story stops: not observed that ${what}`);
}

/** Somebody comments; gives claimbot's answer. `reaction` is the bot's last one. */
export async function ask(
  stage: Stage,
  iid: number,
  as: string,
  text: string,
): Promise<{ readonly answer: string; readonly reaction: string | undefined }> {
  const { gitlab } = stage;
  stage.say(`${gitlab.user(as).name} comments:\n\n    ${text}\n`);
  const noteId = await gitlab.comment(iid, text, { as });
  assert.ok(noteId !== undefined, "a comment, no quick action");
  await stage.settled();
  const answer = botNote(stage, iid, `claimbot:answer:${noteId}`);
  show(stage, answer);
  return { answer, reaction: gitlab.reactions(iid, noteId).at(-1)?.split(":")[1] };
}

/** The digest of an environment's plan, as people copy it from the note. */
export function plannedDigest(note: string, environment: string): string {
  const digest = new RegExp(`<b>${environment}</b>.*plan <code>([0-9a-f]{12})</code>`).exec(note)?.[1];
  assert.ok(digest !== undefined, `the note has a plan of ${environment}`);
  return digest;
}
