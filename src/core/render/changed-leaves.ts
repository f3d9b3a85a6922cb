/** What differs between two plain values, down to the smallest parts, and how such a part is written. */
import { canonicalJson, sameJson } from "../json.ts";

export interface Leaf {
  /** Such as `nodePools[general-public].maxNodes`; empty where the whole value is another. */
  readonly path: string;
  readonly is: unknown;
  readonly becomes: unknown;
}

/**
 * The smallest parts that differ; members of lists are matched by their name, class or key where they have one. Different values have at
 * least one: what is told by no part is told whole.
 */
export function changedLeaves(is: unknown, becomes: unknown, path = ""): readonly Leaf[] {
  if (sameJson(is, becomes)) return [];
  const left = membersOf(is);
  const right = membersOf(becomes);
  if (left === undefined || right === undefined) return [{ path, is, becomes }];
  const parts = [...new Set([...left.keys(), ...right.keys()])].flatMap((name) =>
    changedLeaves(left.get(name), right.get(name), path === "" || name.startsWith("[") ? `${path}${name}` : `${path}.${name}`),
  );
  const order = Array.isArray(is) ? [...orderLeaves(left, right, path)] : [];
  return parts.length + order.length > 0 ? [...parts, ...order] : [{ path, is, becomes }];
}

/** The order of named items may mean something: the first service is the one that answers. */
function orderLeaves(left: ReadonlyMap<string, unknown>, right: ReadonlyMap<string, unknown>, path: string): readonly Leaf[] {
  const [is, becomes] = [[...left.keys()].filter((name) => right.has(name)), [...right.keys()].filter((name) => left.has(name))];
  return sameJson(is, becomes) ? [] : [{ path: `${path} order`.trim(), is: is.join(" "), becomes: becomes.join(" ") }];
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const names = value.map((item: unknown) => itemName(item));
    if (value.length === 0 || names.includes(undefined) || new Set(names).size !== names.length) return undefined;
    return new Map(value.map((item: unknown, index) => [`[${names[index]}]`, item]));
  }
  if (value !== null && typeof value === "object") return new Map(Object.entries(value));
  return undefined;
}

function itemName(item: unknown): string | undefined {
  const { name, key, class: poolClass } = fieldsOf(item);
  const found = [name, key, poolClass].find((candidate) => typeof candidate === "string");
  return typeof found === "string" ? found : undefined;
}

/** The members of an object; none of anything else. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** A value for eyes: a text as it is, a digest by its first 12 digits, anything else as JSON. */
export function textOf(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value !== "string" || value === "") return canonicalJson(value);
  return value.replace(/^(sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/, "$1$2…");
}

/** Longer texts are cut to where they begin to differ: a change far behind must not look like none. */
const FOCUS_LENGTH = 80;
const FOCUS_BEFORE = 20;

/** Before and after as texts; of two lists only what goes and what comes. */
export function leafTexts(leaf: Leaf | undefined): { readonly before?: string; readonly after?: string } {
  if (leaf === undefined) return {};
  const { is, becomes } = leaf;
  const lists = listTexts(is, becomes);
  if (lists !== undefined) return lists;
  let [before, after] = [textOf(is), textOf(becomes)];
  // Digests that are alike in their first digits; or `1` and "1".
  if (before === after) [before, after] = [String(is), String(becomes)];
  if (before === after) [before, after] = [canonicalJson(is), canonicalJson(becomes)];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  if (is !== undefined && becomes !== undefined && same > FOCUS_LENGTH) {
    [before, after] = [before, after].map((text) => `…${text.slice(same - FOCUS_BEFORE)}`) as [string, string];
  }
  return { ...(is !== undefined && { before }), ...(becomes !== undefined && { after }) };
}

function listTexts(is: unknown, becomes: unknown): ReturnType<typeof leafTexts> | undefined {
  if (!isTexts(is) || !isTexts(becomes)) return undefined;
  const gone = is.filter((text) => !becomes.includes(text)).map((text) => `− ${text}`);
  const come = becomes.filter((text) => !is.includes(text)).map((text) => `+ ${text}`);
  // Only their order is another, or one stands twice: then all of it is said.
  if (gone.length + come.length === 0) return undefined;
  return { ...(gone.length > 0 && { before: gone.join(", ") }), ...(come.length > 0 && { after: come.join(", ") }) };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
