/** Host names in the one form in which dns and waf compare them, and the zone that each lies in. */
import { domainToASCII } from "node:url";

/** Lower case, punycode, without a trailing dot. Text that is no host name stays as it is, in lower case. */
export function hostName(text: string): string {
  const name = text.endsWith(".") && text !== "." ? text.slice(0, -1) : text;
  // Wildcards and labels with an underscore are fine in DNS; domainToASCII answers "" to what it does not take.
  return domainToASCII(name) || name.toLowerCase();
}

/** The zone with the longest name that holds the host name; undefined when none does. Names of zones come back in canonical form. */
export function zoneOf(name: string, zones: readonly string[]): string | undefined {
  const host = hostName(name);
  return zones
    .map(hostName)
    .filter((zone) => host === zone || host.endsWith(`.${zone}`))
    .toSorted((a, b) => b.length - a.length)[0];
}
