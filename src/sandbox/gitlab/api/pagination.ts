/** Offset pagination with GitLab's headers. */
import type { Context } from "hono";
import { badParameter } from "../refusal.ts";

const DEFAULT_PER_PAGE = 20;
const MOST_PER_PAGE = 100;
// Above this many rows GitLab does not count them (doc/api/rest).
const COUNTED_ROWS = 10_000;

export interface Page {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
}

export function pageOf(context: Context, most: number = MOST_PER_PAGE): Page {
  const page = number(context, "page", 1);
  const perPage = number(context, "per_page", Math.min(DEFAULT_PER_PAGE, most));
  return { page, perPage: Math.min(perPage, most) };
}

/** The rows of the page that was asked for, with the headers that lead to the others. */
export function paginate<T>(context: Context, rows: readonly T[], most?: number): readonly T[] {
  const { page, perPage } = pageOf(context, most);
  const pages = Math.max(1, Math.ceil(rows.length / perPage));
  const next = page < pages ? page + 1 : undefined;
  const previous = page > 1 && page <= pages + 1 ? page - 1 : undefined;
  const counted = rows.length <= COUNTED_ROWS;
  const links = [
    ...(previous === undefined ? [] : [link(context, { page: String(previous), per_page: String(perPage) }, "prev")]),
    ...(next === undefined ? [] : [link(context, { page: String(next), per_page: String(perPage) }, "next")]),
    link(context, { page: "1", per_page: String(perPage) }, "first"),
    ...(counted ? [link(context, { page: String(pages), per_page: String(perPage) }, "last")] : []),
  ];
  context.header("X-Page", String(page));
  context.header("X-Per-Page", String(perPage));
  context.header("X-Next-Page", next === undefined ? "" : String(next));
  context.header("X-Prev-Page", previous === undefined ? "" : String(previous));
  if (counted) {
    context.header("X-Total", String(rows.length));
    context.header("X-Total-Pages", String(pages));
  }
  context.header("Link", links.join(", "));
  return rows.slice((page - 1) * perPage, page * perPage);
}

export function link(context: Context, query: Readonly<Record<string, string>>, rel: string): string {
  const url = new URL(context.req.url);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return `<${url.href}>; rel="${rel}"`;
}

function number(context: Context, name: string, otherwise: number): number {
  const text = context.req.query(name);
  if (text === undefined || text === "") return otherwise;
  if (!/^\d+$/.test(text)) throw badParameter(`${name} is invalid`);
  return Number(text) === 0 ? otherwise : Number(text);
}
