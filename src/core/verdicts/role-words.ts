/** Which people a set of roles means, in as few words as say exactly that. */

/** GitLab's levels of which the tables are made. */
export const LEVELS = [0, 20, 30, 40, 50] as const;
const PEOPLE = ["non-members", "reporters", "developers", "maintainers", "owners"] as const;

/** What somebody is to the merge request. A role is a level here, a level there, and one of these. */
export const STANDINGS = [
  { isAuthor: false, isCommitter: false, fork: false },
  { isAuthor: true, isCommitter: false, fork: false },
  { isAuthor: false, isCommitter: true, fork: false },
  { isAuthor: true, isCommitter: true, fork: false },
  { isAuthor: false, isCommitter: false, fork: true },
  { isAuthor: true, isCommitter: false, fork: true },
] as const;

/** By the bits of STANDINGS, the first one lowest; what is not here is listed one by one. */
const STANDING_WORDS: ReadonlyMap<number, string> = new Map([
  [0b001111, ""],
  [0b111111, ", also from a fork"],
  [0b110000, ", from a fork"],
  [0b000001, " who neither opened the merge request nor committed to it"],
  [0b000101, " who did not open the merge request"],
  [0b000011, " who did not commit to the merge request"],
  [0b001110, " who opened the merge request or committed to it"],
  [0b001010, " who opened the merge request"],
  [0b001100, " who committed to the merge request"],
]);
const EACH_STANDING = [
  " who neither opened the merge request nor committed to it",
  " who opened the merge request and did not commit to it",
  " who committed to the merge request and did not open it",
  " who opened the merge request and committed to it",
  " who do not author it, from a fork",
  " who author it, from a fork",
] as const;

/** For each standing a square: whether it holds for the level in the owner (row) and in the repository (column), by LEVELS. */
export type Roles = readonly (readonly (readonly boolean[])[])[];

/** `owner` is false where nobody but the repository owns it: then only equal levels count. */
export function roleWords(roles: Roles, owner: boolean): readonly string[] {
  const alike = Map.groupBy(STANDINGS.keys(), (standing) => JSON.stringify(roles[standing] ?? []));
  return [...alike.values()].flatMap((standings) => {
    const square = roles[standings[0] ?? 0] ?? [];
    const who = owner ? rectangles(square).map(rectangleWords) : ranges(square.map((row, level) => row[level] ?? false));
    const bits = standings.reduce((sum, standing) => sum | (1 << standing), 0);
    const known = STANDING_WORDS.get(bits);
    const words = known === undefined ? standings.map((standing) => EACH_STANDING[standing] ?? "") : [known];
    return who.flatMap((people) => words.map((standing) => `${people}${standing}`));
  });
}

interface Rectangle {
  readonly owner: readonly [number, number];
  readonly here: readonly [number, number];
}

const SPANS = LEVELS.flatMap((_, from) => LEVELS.slice(from).map((_, more) => [from, from + more] as const));

/** Few rectangles that cover exactly what holds: always the one that brings the most, then the largest. */
function rectangles(square: readonly (readonly boolean[])[]): readonly Rectangle[] {
  const left = new Set(square.flatMap((row, o) => row.flatMap((holds, h) => (holds ? [o * LEVELS.length + h] : []))));
  const whole = SPANS.flatMap((owner) => SPANS.map((here) => ({ owner, here }))).filter((one) =>
    cells(one).every((cell) => square[Math.floor(cell / LEVELS.length)]?.[cell % LEVELS.length] === true),
  );
  const chosen: Rectangle[] = [];
  while (left.size > 0) {
    const gain = (one: Rectangle): number => cells(one).filter((cell) => left.has(cell)).length;
    const [best] = whole.toSorted((a, b) => gain(b) - gain(a) || cells(b).length - cells(a).length);
    if (best === undefined) throw new Error("each role that holds is a rectangle of its own");
    chosen.push(best);
    for (const cell of cells(best)) left.delete(cell);
  }
  return chosen;
}

function cells({ owner, here }: Rectangle): readonly number[] {
  const rows = LEVELS.flatMap((_, o) => (o >= owner[0] && o <= owner[1] ? [o] : []));
  return rows.flatMap((o) => LEVELS.flatMap((_, h) => (h >= here[0] && h <= here[1] ? [o * LEVELS.length + h] : [])));
}

const LAST = LEVELS.length - 1;

function rectangleWords({ owner, here }: Rectangle): string {
  const [anyOwner, anyHere] = [owner, here].map(([from, to]) => from === 0 && to === LAST);
  if (anyOwner === true && anyHere === true) return "everybody";
  if (anyHere === true) return `${spanWords(owner)} of the owner`;
  if (anyOwner === true) return `${spanWords(here)} of this repository`;
  return `${spanWords(owner)} of the owner who are ${spanWords(here)} of this repository`;
}

/** The same where there is but one group: runs of levels. */
function ranges(row: readonly boolean[]): readonly string[] {
  const starts = row.flatMap((holds, level) => (holds && row[level - 1] !== true ? [level] : []));
  return starts.map((from) => {
    const end = row.findIndex((holds, level) => level > from && !holds);
    const to = end === -1 ? LAST : end - 1;
    return from === 0 && to === LAST ? "everybody" : `${spanWords([from, to])} of this repository`;
  });
}

/** `developers`, `developers and above`, `at most developers`, `reporters and developers`. */
function spanWords([from, to]: readonly [number, number]): string {
  const names = PEOPLE.slice(from, to + 1);
  const last = names.at(-1) ?? "";
  if (names.length === 1) return last;
  if (to === LAST) return `${names[0]} and above`;
  if (from === 0) return `at most ${last}`;
  return `${names.slice(0, -1).join(", ")} and ${last}`;
}
