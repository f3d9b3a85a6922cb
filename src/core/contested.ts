/** What stands where something of ours should be, or bears our mark, and is not ours: reported, never touched. Pure. */
import { compareText } from "./diagnostic.ts";
import { oneLine } from "./render/encode.ts";
import type { Change } from "./resource.ts";

export interface Contested {
  /** What it is and where, such as `A pay.example.org`. */
  readonly key: string;
  /** What it holds, such as `192.0.2.7`; empty where nothing counts but that it is there. */
  readonly content: string;
  /**
   * Why it is not ours, and as far as that is known who made it and when: ends the sentence that key and content begin. For people alone,
   * who may read other times or comments tomorrow; may hold foreign text.
   */
  readonly remark: string;
  /**
   * The key of our resource that cannot be made while it stands, and what a person can do about it. Absent where nothing of ours waits for
   * it, or where it goes by itself, such as the record of another environment that gives up its name.
   */
  readonly blocks?: { readonly key: string; readonly wayOut: string };
}

/** Contested at something that a plan would make: with this in its way the plan cannot be finished. */
export type Obstacle = Contested & { readonly blocks: NonNullable<Contested["blocks"]> };

/** Sorted by what they are, not by when they were made. What stands beside something that is ours already is no obstacle, but drift. */
export function obstaclesIn(changes: readonly Change[], contested: readonly Contested[]): readonly Obstacle[] {
  const made = new Set(changes.flatMap(({ verb, key }) => (verb === "create" ? [key] : [])));
  return sortContested(contested.filter((one): one is Obstacle => one.blocks !== undefined && made.has(one.blocks.key)));
}

/** The rest of what is contested: only shown. */
export function othersIn(changes: readonly Change[], contested: readonly Contested[]): readonly Contested[] {
  const obstacles: readonly Contested[] = obstaclesIn(changes, contested);
  return contested.filter((one) => !obstacles.includes(one));
}

export function sortContested<C extends Contested>(contested: readonly C[]): readonly C[] {
  return contested.toSorted((a, b) => compareText(textOf(a), textOf(b)));
}

function textOf({ key, content, blocks }: Contested): string {
  return JSON.stringify([key, content, blocks?.key]);
}

/** What counts of an obstacle when plans are compared: what stands where. Not who made it, nor when. */
export interface ObstacleFact {
  readonly key: string;
  readonly content: string;
  readonly blocks: string;
}

export function factOf({ key, content, blocks }: Obstacle): ObstacleFact {
  return { key, content, blocks: blocks.key };
}

const CONTENT_SHOWN = 120;

/** `A pay.example.org → 192.0.2.7 is not ours (made 2026-11-23 14:02 UTC)`. */
export function contestedText({ key, content, remark }: Contested): string {
  return `${key}${content === "" ? "" : ` → ${oneLine(content, CONTENT_SHOWN)}`} ${remark}`;
}

/** A sentence and what a person can do. */
export function obstacleText(obstacle: Obstacle): string {
  const { key, wayOut } = obstacle.blocks;
  return `${contestedText(obstacle)}, and stands where ${key} should be. ${wayOut}`;
}
