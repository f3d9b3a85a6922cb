/**
 * A fast "nothing wrong here" over thousands of files, by js-yaml. It answers only for plain texts; for everything that the profile
 * refuses, or that two parsers might read differently, it answers nothing, and yaml.ts reads the file with its places.
 * A property in the tests proves that both read alike.
 */
import { constructFromEvents, CORE_SCHEMA, parseEvents, type Event } from "js-yaml";

// js-yaml's EVENT_ID and SCALAR_STYLE (5.5.0): there they are values that TypeScript does not narrow by.
const DOCUMENT = 1;
const MAPPING = 3;
const SCALAR = 4;
const ALIAS = 5;
const POP = 6;
const PLAIN = 1;
const LITERAL_BLOCK = 4;

export const MAX_DEPTH = 32;
/** Keys and values of one file: a bound on the time that a hostile one takes. */
export const MAX_VALUES = 20_000;

/** Tabs, carriage returns, marks of documents but for one at the very start, numbers that may be too large for one, and one name. */
const UNSURE = /[\t\r]|^ *\.\.\.|^ +---|\n---|\d\.?e[-+]?\d{3}|__proto__/im;

/** Plain keys that no parser takes for a number, a truth value or nothing. */
const KEY = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORD = /^(true|false|null)$/i;

/** The value of a text that is surely within the profile; undefined where that is not sure. Never throws. */
export function readFast(text: string): { readonly value: unknown } | undefined {
  if (UNSURE.test(text)) return undefined;
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    if (events.length > MAX_VALUES || !arePlain(events, text)) return undefined;
    const value = constructFromEvents(events, { source: text, schema: CORE_SCHEMA })[0];
    return isExact(value) ? { value } : undefined;
  } catch {
    return undefined; // whatever is wrong, the other parser says it better
  }
}

/** One document of mappings, sequences and scalars of one line, without anchors, tags and aliases, and with keys that are text. */
function arePlain(events: readonly Event[], text: string): boolean {
  let documents = 0;
  // For each open node whether its next child is a key; undefined in all but mappings.
  const open: (boolean | undefined)[] = [];
  for (const event of events) {
    if (event.type === POP) {
      open.pop();
      continue;
    }
    if (event.type === ALIAS) return false;
    if (event.type === DOCUMENT) {
      documents += 1;
      if (event.directives.length > 0 || event.explicitEnd) return false;
      open.push(undefined);
      continue;
    }
    if (event.anchorStart !== -1 || event.tagStart !== -1) return false;
    const isKey = open.at(-1);
    if (isKey !== undefined) open[open.length - 1] = !isKey;
    if (event.type !== SCALAR) {
      if (isKey === true) return false;
      open.push(event.type === MAPPING ? true : undefined);
      continue;
    }
    if (event.style >= LITERAL_BLOCK) return false;
    const end = text.indexOf("\n", event.valueStart);
    if (end !== -1 && end < event.valueEnd) return false;
    if (isKey === true) {
      const key = text.slice(event.valueStart, event.valueEnd);
      if (event.style === PLAIN ? !KEY.test(key) || WORD.test(key) : key.includes("\\")) return false;
    }
  }
  return documents === 1;
}

function isExact(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (value === null || typeof value !== "object") return value !== undefined;
  return Object.values(value).every(isExact);
}
