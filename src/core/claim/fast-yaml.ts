/**
 * A fast "nothing wrong here" over thousands of files, by js-yaml. It answers only for plain texts; for everything that the profile
 * refuses, or that two parsers might read differently, it answers nothing, and yaml.ts reads the file with its places.
 * A property in the tests proves that both read alike.
 */
import { constructFromEvents, CORE_SCHEMA, parseEvents } from "js-yaml";

// js-yaml's EVENT_ID, SCALAR_STYLE (5.5.0): the constants are exported as values that TypeScript does not narrow by.
const DOCUMENT = 1;
const SCALAR = 4;
const ALIAS = 5;
const POP = 6;
const LITERAL_BLOCK = 4;

export const MAX_DEPTH = 32;
/** Keys and values of one file: a bound on the time that a hostile one takes. */
export const MAX_VALUES = 20_000;

/** Tabs, carriage returns, marks of documents but for one at the very start, and numbers that may be too large for one. */
const UNSURE = /[\t\r]|^ *\.\.\.|^ +---|\n---|\d\.?e[-+]?\d{3}/im;

/** Keys that no parser takes for a number, a truth value or nothing. */
const KEY = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORD = /^(true|false|null|infinity|nan|__proto__)$/i;

/** The value of a text that is surely within the profile; undefined where that is not sure. Never throws. */
export function readFast(text: string): { readonly value: unknown } | undefined {
  if (UNSURE.test(text)) return undefined;
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    if (events.length > MAX_VALUES) return undefined;
    let documents = 0;
    for (const event of events) {
      if (event.type === POP) continue;
      if (event.type === ALIAS) return undefined;
      if (event.type === DOCUMENT) {
        documents += 1;
        if (event.directives.length > 0 || event.explicitEnd) return undefined;
        continue;
      }
      if (event.anchorStart !== -1 || event.tagStart !== -1) return undefined;
      if (event.type !== SCALAR) continue;
      if (event.style >= LITERAL_BLOCK) return undefined;
      const end = text.indexOf("\n", event.valueStart);
      if (end !== -1 && end < event.valueEnd) return undefined;
    }
    if (documents !== 1) return undefined;
    const value = constructFromEvents(events, { source: text, schema: CORE_SCHEMA })[0];
    return isPlain(value) ? { value } : undefined;
  } catch {
    return undefined; // whatever is wrong, the other parser says it better
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (value === null || typeof value !== "object") return value !== undefined;
  if (Array.isArray(value)) return value.every(isPlain);
  return Object.entries(value).every(([key, member]) => KEY.test(key) && !WORD.test(key) && isPlain(member));
}
