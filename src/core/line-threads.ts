/** Which threads stand on the lines of a merge request, and which should: the difference, in steps. Pure. */
import type { LinePosition, LineThread } from "./ports.ts";

/** A mistake that stands now. */
export interface LineWish {
  /** What its thread begins with; two mistakes may have the same one. */
  readonly marker: string;
  readonly body: string;
  /** Undefined where its line is not in the diff: a thread that it has is kept, a new one cannot be begun. */
  readonly position: LinePosition | undefined;
}

export type LineStep =
  | { readonly kind: "resolve" | "reopen"; readonly thread: LineThread }
  | { readonly kind: "edit"; readonly thread: LineThread; readonly body: string }
  | { readonly kind: "create"; readonly wish: LineWish & { readonly position: LinePosition } };

/** How many threads are open at a time: nobody reads more, and the note lists everything. */
export const MOST_OPEN = 20;

export interface LineStepOptions {
  readonly headSha: string;
  /** All that there is was wished for. Without, nothing is resolved: what was not looked at may still be wrong. */
  readonly complete: boolean;
}

/**
 * | the mistake | its thread                                | step               |
 * | ----------- | ----------------------------------------- | ------------------ |
 * | stands      | none                                      | create             |
 * | stands      | open                                      | edit, if it changed |
 * | stands      | resolved by us, on the line as it is now  | reopen             |
 * | stands      | resolved by people, on the line as it is  | none: they decided |
 * | stands      | resolved, on a line that has changed      | create             |
 * | is mended   | open                                      | resolve            |
 */
export function lineSteps(
  threads: readonly LineThread[],
  wishes: readonly LineWish[],
  options: LineStepOptions,
): readonly LineStep[] {
  const left = new Set(threads);
  const matched = match(left, wishes, options.headSha);
  const resolves = options.complete ? [...left].filter(isOpen).map((thread): LineStep => ({ kind: "resolve", thread })) : [];
  const steps = wishes.flatMap((wish): LineStep[] => {
    const thread = matched.get(wish);
    if (thread === undefined || thread.resolved === "by-others") return [];
    const reopen: LineStep[] = isOpen(thread) ? [] : [{ kind: "reopen", thread }];
    return sameText(thread.body, wish.body) ? reopen : [...reopen, { kind: "edit", thread, body: wish.body }];
  });
  const remaining = threads.filter(isOpen).length - resolves.length + steps.filter(({ kind }) => kind === "reopen").length;
  const creates = wishes.flatMap((wish): LineStep[] => {
    const { position } = wish;
    return position === undefined || matched.has(wish) ? [] : [{ kind: "create", wish: { ...wish, position } }];
  });
  return [...resolves, ...steps, ...creates.slice(0, Math.max(0, MOST_OPEN - remaining))];
}

/**
 * Which thread is which mistake's; takes them out of `left`. By marker, and where several have the same one (two pools without a
 * class) first by line, so that the one that was mended is the one that is resolved.
 */
function match(left: Set<LineThread>, wishes: readonly LineWish[], headSha: string): ReadonlyMap<LineWish, LineThread> {
  const isHere = (thread: LineThread, { position }: LineWish): boolean =>
    thread.headSha === headSha &&
    thread.position.newPath === position?.newPath &&
    thread.position.newLine === position.newLine &&
    thread.position.oldLine === position.oldLine;
  const rounds: readonly ((thread: LineThread, wish: LineWish) => boolean)[] = [
    (thread, wish) => isOpen(thread) && isHere(thread, wish),
    isOpen,
    isHere,
  ];
  const matched = new Map<LineWish, LineThread>();
  for (const fits of rounds) {
    for (const wish of wishes) {
      if (matched.has(wish)) continue;
      const thread = [...left].find((one) => one.body.startsWith(wish.marker) && fits(one, wish));
      if (thread === undefined) continue;
      matched.set(wish, thread);
      left.delete(thread);
    }
  }
  return matched;
}

function isOpen({ resolved }: LineThread): boolean {
  return resolved === "no";
}

function sameText(a: string, b: string): boolean {
  return kept(a) === kept(b);
}

/** GitLab takes white space off the end of a note, and may keep other line ends. */
function kept(text: string): string {
  return text.replaceAll("\r\n", "\n").trimEnd();
}
