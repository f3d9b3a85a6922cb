/** Chatops: a note's commands, each authorised for the person who wrote it, answered in its thread. An edited note is never run. */
import { parseNote, type ParsedCommand } from "../core/command.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import type { Job, MergeRequest, Note } from "../core/ports.ts";
import { plain, quickActionIn } from "../core/render/encode.ts";
import { actorOf } from "./actor.ts";
import { answer } from "./answers/answer.ts";
import type { Answer, Asked } from "./answers/asked.ts";
import type { ForgeWorld } from "./world.ts";

type CommandJob = Extract<Job, { kind: "command" }>;

/** Throws Waiting when an answer has to wait for the world; everything else is said in the thread. */
export async function chatops(world: ForgeWorld, job: CommandJob, signal: AbortSignal): Promise<void> {
  const { forge } = world;
  const [me, mr, note] = await Promise.all([
    forge.me(signal),
    forge.mergeRequest(job.mergeRequest, signal),
    forge.note(job.mergeRequest, job.note, signal),
  ]);
  if (note === undefined || note.system || note.author.bot || note.author.id === me.id) return;
  const parsed = parseNote(note.body);
  if (parsed.length === 0) return;
  await forge.react(mr.iid, note.id, "eyes", signal);
  const refusal = await refusalOf(world, job, mr, note, signal);
  const answers = refusal === undefined ? await runAll(world, mr, note, parsed, signal) : [{ ok: false, text: refusal }];
  const marker = `<!-- claimbot:answer:${note.id} -->`;
  const body = [marker, ...answers.map(({ text }) => text)].join("\n\n");
  if (quickActionIn(body) !== undefined) throw new Error("an answer must never hold a quick action");
  await forge.reply(mr.iid, job.discussion, body, marker, signal);
  await forge.react(mr.iid, note.id, answers.every(({ ok }) => ok) ? "white_check_mark" : "x", signal);
}

/** Why nothing of a note is run: it was edited, or it was written about another head. */
async function refusalOf(
  world: ForgeWorld,
  { intendedSha }: CommandJob,
  mr: MergeRequest,
  note: Note,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (note.updatedAt !== note.createdAt)
    return "Refused, because this comment was edited: nothing more is done for it. Write the command in a new one.";
  const intended = intendedSha ?? (await headAt(world, mr.iid, note.createdAt, signal));
  if (intended === mr.sha) return undefined;
  return `Refused as stale: you wrote it about ${intended === undefined ? "an unknown head" : `\`${intended.slice(0, 12)}\``}, and the head is now \`${mr.sha?.slice(0, 12) ?? "unknown"}\`. Look again, then say it again. Nothing was done.`;
}

/** The head that stood when a note was written, by GitLab's own clock. */
async function headAt(world: ForgeWorld, iid: number, time: string, signal: AbortSignal): Promise<string | undefined> {
  return (await world.forge.versions(iid, signal)).find(({ createdAt }) => createdAt <= time)?.headSha;
}

async function runAll(
  world: ForgeWorld,
  mr: MergeRequest,
  note: Note,
  parsed: readonly ParsedCommand[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const actor = await actorOf(world, mr, note.author, signal);
  const answers: Answer[] = [];
  for (const entry of parsed) {
    if ("mistake" in entry) answers.push({ ok: false, text: plain(entry.mistake, 400) });
    else answers.push(await run(world, { mr, note, actor, command: entry.command }, signal));
  }
  return answers;
}

async function run(world: ForgeWorld, asked: Asked, signal: AbortSignal): Promise<Answer> {
  try {
    return await answer(world, asked, signal);
  } catch (error) {
    if (error instanceof Waiting) throw error;
    if (error instanceof Stalled) return { ok: false, text: `${plain(error.message, 600)} Next: ${plain(error.wayOut, 600)}` };
    if (error instanceof Stale) return { ok: false, text: `Refused as stale: ${plain(error.message)}. Nothing was done.` };
    throw error;
  }
}
