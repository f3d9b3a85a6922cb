/** Which records a list answers: filters, order and page. */
import { refusal } from "./api-error.ts";
import type { DnsRecord, Zone } from "./zone.ts";

export interface Page<T> {
  readonly result: readonly T[];
  readonly result_info: {
    readonly page: number;
    readonly per_page: number;
    readonly count: number;
    readonly total_count: number;
    readonly total_pages: number;
  };
}

type Filter = (record: DnsRecord) => boolean;

const TEXT_OPERATIONS: Readonly<Record<string, (text: string, wanted: string) => boolean>> = {
  exact: (text, wanted) => text === wanted,
  contains: (text, wanted) => text.includes(wanted),
  startswith: (text, wanted) => text.startsWith(wanted),
  endswith: (text, wanted) => text.endsWith(wanted),
};
const NOT_FILTERS = ["page", "per_page", "order", "direction", "match", "tag_match", "include_shadow_metadata"];
const ORDERS = ["type", "name", "content", "ttl", "proxied"] as const;

/** Calls `unexpected` for a parameter that it does not know, which the real API would silently ignore. */
export function listRecords(zone: Zone, query: URLSearchParams, unexpected: (what: string) => void): Page<DnsRecord> {
  const filters: Filter[] = [];
  const tagFilters: Filter[] = [];
  for (const [name, value] of query) {
    const filter = NOT_FILTERS.includes(name) ? "none" : filterOf(name, value);
    if (filter === undefined) unexpected(`query parameter ${name}`);
    else if (filter !== "none") (name.startsWith("tag") ? tagFilters : filters).push(filter);
  }
  if (tagFilters.length > 0) filters.push(combine(tagFilters, choice(query, "tag_match", ["all", "any"], "all")));
  const all = [...zone.records.values()];
  const kept = all.filter(combine(filters, choice(query, "match", ["all", "any"], "all")));
  const order = choice(query, "order", ORDERS, "type");
  const sign = choice(query, "direction", ["asc", "desc"], "asc") === "asc" ? 1 : -1;
  kept.sort((a, b) => sign * compare(a[order], b[order]) || compare(a.name, b.name) || compare(a.created_on, b.created_on));
  const page = pageOf(kept, query, { perPage: 100, min: 1, max: 5_000_000 });
  const shadows = query.get("include_shadow_metadata") === "true" && page.result_info.per_page <= 1000;
  const delegations = all.filter(({ type, name }) => type === "NS" && name !== zone.name);
  return shadows ? { ...page, result: page.result.map((record) => withShadow(record, delegations)) } : page;
}

/** One page, numbered from 1; a page behind the last is empty. */
export function pageOf<T>(
  items: readonly T[],
  query: URLSearchParams,
  limits: { readonly perPage: number; readonly min: number; readonly max: number },
): Page<T> {
  const number = (name: string, fallback: number, min: number, max: number): number => {
    const value = Number(query.get(name) ?? fallback);
    if (!Number.isInteger(value) || value < min || value > max) throw refusal(400, 1004, `Invalid ${name}.`);
    return value;
  };
  const page = number("page", 1, 1, Number.MAX_SAFE_INTEGER);
  const perPage = number("per_page", limits.perPage, limits.min, limits.max);
  const result = items.slice((page - 1) * perPage, page * perPage);
  return {
    result,
    result_info: {
      page,
      per_page: perPage,
      count: result.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / perPage),
    },
  };
}

/** One of the values that a parameter may have. */
export function choice<T extends string>(query: URLSearchParams, name: string, values: readonly T[], fallback: T): T {
  const value = query.get(name) ?? fallback;
  const found = values.find((allowed) => allowed === value);
  if (found === undefined) throw refusal(400, 1004, `Invalid ${name}.`);
  return found;
}

function filterOf(parameter: string, value: string): Filter | undefined {
  const [field = "", operation = "exact"] = parameter.split(".");
  const wanted = value.toLowerCase();
  const test = TEXT_OPERATIONS[operation];
  switch (field) {
    case "type":
      return (record) => record.type === value;
    case "proxied":
      return (record) => String(record.proxied) === value;
    case "name":
      return test && ((record) => test(record.name, wanted));
    case "content":
      return test && ((record) => test(record.content.toLowerCase(), wanted));
    case "comment":
      if (operation === "present") return (record) => record.comment !== null;
      if (operation === "absent") return (record) => record.comment === null;
      return test && ((record) => record.comment !== null && test(record.comment.toLowerCase(), wanted));
    case "tag":
      return tagFilterOf(operation, wanted);
    default:
      return undefined;
  }
}

/** Tags are `name:value`; the operations look at the value of the tag with that name. */
function tagFilterOf(operation: string, wanted: string): Filter | undefined {
  const named = (record: DnsRecord): boolean => record.tags.some((tag) => tag.toLowerCase().split(":")[0] === wanted);
  if (operation === "present" || (operation === "exact" && !wanted.includes(":"))) return named;
  if (operation === "absent") return (record) => !named(record);
  const test = TEXT_OPERATIONS[operation];
  const [name = "", ...rest] = wanted.split(":");
  return (
    test &&
    ((record) =>
      record.tags.some((tag) => {
        const [tagName, ...tagValue] = tag.toLowerCase().split(":");
        return tagName === name && test(tagValue.join(":"), rest.join(":"));
      }))
  );
}

function combine(filters: readonly Filter[], match: "all" | "any"): Filter {
  if (filters.length === 0) return () => true;
  return (record) => (match === "all" ? filters.every((filter) => filter(record)) : filters.some((filter) => filter(record)));
}

/** A record at or below a delegation is stored, but nobody is ever answered with it. */
function withShadow(record: DnsRecord, delegations: readonly DnsRecord[]): DnsRecord {
  const shadowing = delegations.filter(({ name }) => record.name === name || record.name.endsWith(`.${name}`));
  if (record.type === "NS" || shadowing.length === 0) return record;
  return { ...record, meta: { ...record.meta, shadowed_by: shadowing.map(({ id }) => id) } };
}

function compare(a: string | number | boolean, b: string | number | boolean): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
