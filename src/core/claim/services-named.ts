/** Which services a claim with mistakes may have: so that nobody who depends on one is told that it is missing. */
import { isObject } from "../json.ts";

/** A claim that is worth reading has far fewer words; what holds more is not kept in memory for it. */
const MOST_WORDS = 2000;

/**
 * The names that stand in `spec.services`; where those cannot be read, every word of the text that could be one. Undefined where nobody can
 * tell.
 */
export function servicesNamed(value: unknown, text: string): ReadonlySet<string> | undefined {
  const exactly = namesIn(value);
  if (exactly !== undefined) return new Set(exactly);
  const words = new Set<string>();
  for (const [word] of text.matchAll(/[a-z][a-z0-9-]*/g)) {
    words.add(word);
    if (words.size > MOST_WORDS) return undefined;
  }
  return words;
}

/** Undefined where one of them has no name that can be read. */
function namesIn(value: unknown): readonly string[] | undefined {
  const spec = isObject(value) ? value["spec"] : undefined;
  const services = isObject(spec) ? spec["services"] : undefined;
  if (!Array.isArray(services)) return undefined;
  const names = services.map((service: unknown) => (isObject(service) ? service["name"] : undefined));
  return names.every((name) => typeof name === "string") ? names : undefined;
}
