/** Reads the parameters of a request, whether they came as query, JSON, form or multipart, with GitLab's answers to bad ones. */
import type { Context } from "hono";
import { badParameter } from "../refusal.ts";

type Values = Readonly<Record<string, unknown>>;

export class Parameters {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  /** The body wins over the query, as in Rails. */
  static async read(context: Context): Promise<Parameters> {
    const query = nest(new URL(context.req.url).searchParams.entries());
    return new Parameters({ ...query, ...(await readBody(context)) });
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** All missing names in one answer. */
  require(...names: readonly string[]): void {
    const missing = names.filter((name) => !this.has(name) || this.#values[name] === null);
    if (missing.length > 0) throw badParameter(missing.map((name) => `${name} is missing`).join(", "));
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
    throw badParameter(`${name} is invalid`);
  }

  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined || text === "") return undefined;
    if (!/^-?\d+$/.test(text)) throw badParameter(`${name} is invalid`);
    return Number(text);
  }

  boolean(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined || text === "") return undefined;
    if (["true", "1", "t", "on"].includes(text.toLowerCase())) return true;
    if (["false", "0", "f", "off"].includes(text.toLowerCase())) return false;
    throw badParameter(`${name} is invalid`);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw badParameter(`${name} does not have a valid value`);
    return found;
  }

  /** A list, or its items with commas between them. */
  list(name: string): readonly string[] | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (Array.isArray(value)) return value.map(String);
    if (value === null || value === "") return [];
    if (typeof value === "string" || typeof value === "number")
      return String(value)
        .split(",")
        .map((item) => item.trim());
    throw badParameter(`${name} is invalid`);
  }

  /** `position[new_line]` and the like. */
  nested(name: string): Parameters | undefined {
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw badParameter(`${name} is invalid`);
    return new Parameters(value as Values);
  }

  /** A list of objects, such as the actions of a commit. */
  objects(name: string): readonly Parameters[] | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw badParameter(`${name} is invalid`);
    return value.map((item: unknown) => {
      if (typeof item !== "object" || item === null) throw badParameter(`${name} is invalid`);
      return new Parameters(item as Values);
    });
  }

  /** Every name that came, for what is stored as it is. */
  names(): readonly string[] {
    return Object.keys(this.#values);
  }
}

async function readBody(context: Context): Promise<Values> {
  const type = context.req.header("content-type") ?? "";
  if (type.startsWith("application/json")) {
    const text = await context.req.text();
    if (text.trim() === "") return {};
    const value = parseJson(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};
  }
  if (type.startsWith("application/x-www-form-urlencoded") || type.startsWith("multipart/form-data")) {
    const form = await context.req.formData();
    const entries: [string, string][] = [];
    for (const [name, value] of form.entries()) entries.push([name, typeof value === "string" ? value : await value.text()]);
    return nest(entries);
  }
  return {};
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // GitLab's own words for a body that is no JSON.
    throw badParameter("Problems parsing JSON");
  }
}

/** `a[b]=1&c[]=2` → `{a: {b: "1"}, c: ["2"]}`. */
function nest(entries: Iterable<readonly [string, string]>): Values {
  const root: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    const keys = [...name.matchAll(/^[^[]+|\[([^\]]*)\]/g)].map((match) => match[1] ?? match[0]);
    put(root, keys, value);
  }
  return root;
}

function put(holder: Record<string, unknown>, keys: readonly string[], value: string): void {
  const [key = "", ...rest] = keys;
  if (key === "__proto__") return;
  if (rest.length === 0) holder[key] = value;
  else if (rest[0] === "") holder[key] = [...(Array.isArray(holder[key]) ? (holder[key] as unknown[]) : []), value];
  else {
    const inner = typeof holder[key] === "object" && holder[key] !== null ? (holder[key] as Record<string, unknown>) : {};
    holder[key] = inner;
    put(inner, rest, value);
  }
}
