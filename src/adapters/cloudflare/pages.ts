/** Reads lists to the end, or not at all. The SDK's own pager ignores the totals and asks until it sees an empty page. */
import { Waiting } from "../../core/errors.ts";
import { isObject } from "./refusal.ts";

export interface Page {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  /** Undefined where the answer does not say. */
  readonly totalCount: number | undefined;
}

/** No list of ours comes near: a server that ignores `page` must not keep us for ever. */
const MAX_PAGES = 1_000;

export function pageOf(body: Readonly<Record<string, unknown>>): Page {
  const { result, result_info: info } = body;
  const total = isObject(info) ? info["total_count"] : undefined;
  return {
    items: Array.isArray(result) ? result.filter(isObject) : [],
    totalCount: typeof total === "number" ? total : undefined,
  };
}

/**
 * All items of a list. It is whole when every page names the same total, and the items are that many and all different; else somebody wrote
 * meanwhile, and it is read once more. Throws Waiting when it is not whole then either.
 */
export async function readPages(what: string, readPage: (page: number) => Promise<Page>): Promise<Page["items"]> {
  return (await readOnce(readPage)) ?? (await readOnce(readPage)) ?? Promise.reject(moved(what));
}

async function readOnce(readPage: (page: number) => Promise<Page>): Promise<Page["items"] | undefined> {
  const items: Page["items"][number][] = [];
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    const page = await readPage(number);
    if (page.totalCount === undefined) return undefined;
    items.push(...page.items);
    const isDoubled = new Set(items.map(({ id }) => id)).size < items.length;
    if (isDoubled || items.length > page.totalCount) return undefined;
    if (items.length === page.totalCount) return items;
    if (page.items.length === 0) return undefined;
  }
  return undefined;
}

function moved(what: string): Waiting {
  return new Waiting(`${what} cannot be read as a whole: it changes while it is read`, 5_000);
}
