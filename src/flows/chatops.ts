/** Chatops: a note's commands, each authorised for the person who wrote it, answered in its thread. An edited note is never run. */
import { parseNote, type ParsedCommand } from "../core/command.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import { digestOfBytes, type Digest } from "../core/json.ts";
import type { Job, MergeRequest, Note } from "../core/ports.ts";
import { answerMarker } from "../core/render/answer-marker.ts";
import { plain, quickActionIn } from "../core/render/encode.ts";
import { actorOf } from "./actor.ts";
import { commandOf, type SaidLine } from "./audit-events.ts";
import { answer } from "./answers/answer.ts";
import type { Answer, Asked } from "./answers/asked.ts";
import { judgingRules } from "./answers/judging-rules.ts";
import { reviewedHead } from "./reviewed-head.ts";
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
  const plainly = parseNote(note.body);
  if (plainly.length === 0) return;
  await forge.react(mr.iid, note.id, "eyes", signal);
  const parsed = (await refusalOf(world, job, mr, note, signal)) ?? (await withAliases(world, note, plainly, signal));
  const answers =
    typeof parsed === "string"
      ? await refuseAll(world, mr, note, plainly, parsed)
      : await runAll(world, mr, note, parsed, signal);
  const marker = answerMarker(note.id);
  const body = [marker, ...answers.map(({ text }) => text)].join("\n\n");
  if (quickActionIn(body) !== undefined) throw new Error("an answer must never hold a quick action");
  await forge.reply(mr.iid, job.discussion, body, marker, signal);
  // An answer makes an open thread of a comment that stood alone: where those keep from merging, asking why must not.
  if (!note.resolvable && (await forge.project(signal)).threadsMustBeResolved)
    await forge.resolveThread(mr.iid, job.discussion, true, signal);
  await forge.react(mr.iid, note.id, answers.every(({ ok }) => ok) ? "white_check_mark" : "x", signal);
}

/** Read by the platform's own names for commands too, or why that cannot be. Only where a line needs them: none is called like a command. */
async function withAliases(
  world: ForgeWorld,
  note: Note,
  plainly: readonly ParsedCommand[],
  signal: AbortSignal,
): Promise<readonly ParsedCommand[] | string> {
  if (plainly.every((one) => "command" in one)) return plainly;
  try {
    const rules = await judgingRules(world, signal);
    return parseNote(note.body, rules?.platform.spec.commands?.aliases);
  } catch (error) {
    if (error instanceof Stalled) return stalledText(error);
    throw error;
  }
}

/** Why nothing of a note is run: it was edited, or it was written about another head. */
async function refusalOf(
  world: ForgeWorld,
  { intendedSha, said }: CommandJob,
  mr: MergeRequest,
  note: Note,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (wasEdited(note, said))
    return "Refused, because this comment was edited: nothing more is done for it. Write the command in a new one.";
  const isOther = intendedSha !== undefined && intendedSha !== mr.sha;
  // GitLab makes the event a while after the note, and may name a later head in it: that can refuse, never permit.
  const intended = isOther ? intendedSha : await headAt(world, mr.iid, note.createdAt, signal);
  if (intended === mr.sha) return undefined;
  return `Refused as stale: you wrote it about ${intended === undefined ? "an unknown head" : `\`${intended.slice(0, 12)}\``}, and the head is now \`${mr.sha?.slice(0, 12) ?? "unknown"}\`. Look again, then say it again. Nothing was done.`;
}

/**
 * GitLab does not tell that a note was edited: its time of change moves with every reaction to it, also our own (gitlabhq
 * app/models/award_emoji.rb, read 2026-11-24), so it can only acquit.
 */
function wasEdited({ body, createdAt, updatedAt }: Note, said: Digest | undefined): boolean {
  return said === undefined ? updatedAt !== createdAt : digestOfBytes(body) !== said;
}

/** The head that stood when a note was written, by GitLab's own clock. */
async function headAt(world: ForgeWorld, iid: number, time: string, signal: AbortSignal): Promise<string | undefined> {
  return (await world.forge.versions(iid, signal)).find(({ createdAt }) => createdAt <= time)?.headSha;
}

async function refuseAll(
  world: ForgeWorld,
  mr: MergeRequest,
  note: Note,
  parsed: readonly ParsedCommand[],
  reason: string,
): Promise<readonly Answer[]> {
  for (const [index, said] of parsed.entries()) {
    await world.audit.append(commandOf(mr.iid, note, { ...said, index }, "refused", { reason }));
  }
  return [{ ok: false, text: reason }];
}

async function runAll(
  world: ForgeWorld,
  mr: MergeRequest,
  note: Note,
  parsed: readonly ParsedCommand[],
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  await reviewedHead(world, mr, signal);
  const actor = await actorOf(world, mr, note.author, signal);
  const answers: Answer[] = [];
  for (const [index, entry] of parsed.entries()) {
    const said = { ...entry, index };
    if ("mistake" in entry) {
      await world.audit.append(commandOf(mr.iid, note, said, "refused", { reason: entry.mistake }));
      answers.push({ ok: false, text: plain(entry.mistake, 400) });
    } else answers.push(await runOne(world, { mr, note, actor, command: entry.command }, said, signal));
  }
  return answers;
}

/** What was allowed and came to nothing is told to the audit log once more, with the reason. */
async function runOne(world: ForgeWorld, asked: Omit<Asked, "audit">, said: SaidLine, signal: AbortSignal): Promise<Answer> {
  const { mr, note } = asked;
  let environments: readonly string[] | undefined;
  const answered = await run(
    world,
    {
      ...asked,
      async audit(verdict, concerned, reason) {
        const names = concerned.map(({ name }) => name);
        await world.audit.append(
          commandOf(mr.iid, note, said, verdict, { environments: names, ...(reason !== undefined && { reason }) }),
        );
        if (verdict === "allowed") environments = names;
      },
    },
    signal,
  );
  if (!answered.ok && environments !== undefined)
    await world.audit.append(commandOf(mr.iid, note, said, "failed", { environments, reason: answered.text }));
  return answered;
}

async function run(world: ForgeWorld, asked: Asked, signal: AbortSignal): Promise<Answer> {
  try {
    return await answer(world, asked, signal);
  } catch (error) {
    if (error instanceof Waiting) throw error;
    if (error instanceof Stalled) return { ok: false, text: stalledText(error) };
    if (error instanceof Stale) return { ok: false, text: `Refused as stale: ${plain(error.message)}. Nothing was done.` };
    throw error;
  }
}

function stalledText({ message, wayOut }: Stalled): string {
  return `${plain(message, 600)} Next: ${plain(wayOut, 600)}`;
}
