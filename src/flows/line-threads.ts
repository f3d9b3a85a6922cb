/** Threads on the lines of a merge request that hold a mistake: begun, kept, and resolved when it is mended. */
import { positionOf, oldLineOf } from "../core/diff-position.ts";
import { compareDiagnostics, type Diagnostic } from "../core/diagnostic.ts";
import { digestOf, type Digest } from "../core/json.ts";
import { lineSteps, type LineStep, type LineWish } from "../core/line-threads.ts";
import type { FileDiff, LinePosition, MergeRequest } from "../core/ports.ts";
import { LINE_MARKER, lineMarker, renderLineThread } from "../core/render/line-thread.ts";
import type { WrittenNote } from "./sticky-note.ts";
import type { ForgeWorld } from "./world.ts";

export interface Judgement {
  readonly diagnostics: readonly Diagnostic[];
  /** False where not everything could be judged: nothing is resolved then. */
  readonly complete: boolean;
  /** What became of the plan note. */
  readonly note: WrittenNote;
}

/** What is remembered of the threads of a merge request: the digest of the wishes that they answer, under a marker that no note has. */
const MEMORY = "claimbot:threads";
const NONE: Digest = digestOf([]);
/** From before the first write until after the last: a job that is killed in between looks at GitLab again. */
const UNSURE: Digest = "unsure";
/** More files with mistakes than this have no threads: their 20 are long begun. */
const MOST_FILES = 200;

/**
 * Looks at GitLab's threads only when it must: when the wishes are not those of last time, and there are any, or threads of ours may
 * stand. Where nothing is remembered none do, if the plan note was written just now: it comes before every thread.
 */
export async function markLines(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  { diagnostics, complete, note }: Judgement,
  signal: AbortSignal,
): Promise<void> {
  const wishes = await wishesOf(world, mr, target, diagnostics);
  const digest = digestOf(wishes.map(({ body, position }) => [body, position !== undefined]));
  const known = (await world.memory.stickyNote(mr.iid, MEMORY))?.bodyDigest;
  if (known === digest) return;
  const remember = async (bodyDigest: Digest): Promise<void> =>
    world.memory.rememberStickyNote(mr.iid, MEMORY, { noteId: 0, bodyDigest });
  const mayStand = known === undefined ? note === "found" : known !== NONE;
  if (!mayStand && wishes.every(({ position }) => position === undefined)) {
    if (known === undefined && note === "created") await remember(NONE);
    return;
  }
  await remember(UNSURE);
  const threads = await world.forge.lineThreads(mr.iid, LINE_MARKER, signal);
  const options = { headSha: mr.diffRefs?.headSha ?? "", complete };
  let isDone = complete;
  for (const step of lineSteps(threads, wishes, options)) isDone = (await take(world, mr, step, signal)) && isDone;
  if (isDone) await remember(digest);
}

/** False for a thread that GitLab takes none of at its line: the mistake stays in the note, and the others have theirs. */
async function take({ forge, log }: ForgeWorld, mr: MergeRequest, step: LineStep, signal: AbortSignal): Promise<boolean> {
  switch (step.kind) {
    case "resolve":
    case "reopen":
      await forge.resolveThread(mr.iid, step.thread.discussionId, step.kind === "resolve", signal);
      return true;
    case "edit":
      await forge.editNote(mr.iid, step.thread.noteId, step.body, signal);
      return true;
    case "create": {
      const { body, marker, position } = step.wish;
      const { diffRefs } = mr;
      if (diffRefs === undefined) throw new Error("bug: a position stands on the commits of its diff");
      const outcome = await forge.createLineThread(mr.iid, { body, marker, refs: diffRefs, position }, signal);
      if (outcome === "refused") log.warn({ mergeRequest: mr.iid, ...position }, "GitLab takes no thread on this line");
      return outcome === "created";
    }
  }
}

async function wishesOf(
  world: ForgeWorld,
  mr: MergeRequest,
  target: string,
  diagnostics: readonly Diagnostic[],
): Promise<readonly LineWish[]> {
  if (diagnostics.length === 0) return [];
  const paths = [...new Set(diagnostics.map(({ path }) => path))].toSorted().slice(0, MOST_FILES);
  const place = await diffPositions(world, mr, target, paths);
  // Errors first: they are the ones that must have a thread.
  const [errors = [], warnings = []] = ["error", "warning"].map((kind) =>
    diagnostics.filter(({ severity }) => severity === kind),
  );
  return [...errors.toSorted(compareDiagnostics), ...warnings.toSorted(compareDiagnostics)].map((one) => ({
    marker: lineMarker(one),
    body: renderLineThread(one),
    position: place(one),
  }));
}

type Place = (diagnostic: Diagnostic) => LinePosition | undefined;

/**
 * Where lines of the merge result stand in the merge request's diff. The diff is git's own, made from GitLab's base and head with
 * GitLab's options: its API's pages leave out what is large or folded. The target may have moved since the branch began, so lines are
 * first taken back from the result to the head: one that came with the target is outside.
 */
async function diffPositions(
  { repository }: ForgeWorld,
  mr: MergeRequest,
  target: string,
  paths: readonly string[],
): Promise<Place> {
  const refs = mr.diffRefs;
  // Not read yet, or of another head: positions would be of another diff. GitLab sends its hook when it has read the commits.
  if (refs === undefined || refs.headSha !== mr.sha) return () => undefined;
  const merge = await repository.mergeResult(target, refs.headSha);
  if (merge.kind === "conflict") return () => undefined;
  const taken = byPath(await repository.fileDiffs(refs.headSha, merge.tree, paths));
  const inHead = (path: string): string => taken.get(path)?.oldPath ?? path;
  const shown = byPath(await repository.fileDiffs(refs.baseSha, refs.headSha, paths.map(inHead)));
  return ({ path, line }) => {
    const file = shown.get(inHead(path));
    const back = taken.get(path);
    const ours = back === undefined ? line : oldLineOf(back, line);
    return file === undefined || ours === undefined ? undefined : positionOf(file, { side: "new", line: ours });
  };
}

function byPath(files: readonly FileDiff[]): ReadonlyMap<string, FileDiff> {
  return new Map(files.map((file) => [file.newPath, file]));
}
