/** Host names against the platform's zones and suffixes. Names are compared as they are: lower case, without a trailing dot. */
import { ENVIRONMENT_TYPES, type EnvironmentType } from "../environment.ts";
import type { Platform } from "./platform.generated.ts";

const LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** RFC 1123: at least two labels of 1 to 63 characters, 253 in all. */
export function isHostname(name: string): boolean {
  const labels = name.split(".");
  return name.length <= 253 && labels.length >= 2 && labels.every((label) => label.length <= 63 && LABEL.test(label));
}

/** The name itself or one below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

type Zone = Platform["spec"]["zones"][number];

/** The zone with the longest name that holds the host name. */
export function zoneOf(hostname: string, platform: Platform): Zone | undefined {
  let longest: Zone | undefined;
  for (const zone of platform.spec.zones) {
    if (isWithin(hostname, zone.name) && zone.name.length > (longest?.name.length ?? 0)) longest = zone;
  }
  return longest;
}

/** The longest suffix over all types that the name ends in, with the types that have it. */
export function suffixOf(
  hostname: string,
  platform: Platform,
): { readonly suffix: string; readonly types: readonly EnvironmentType[] } | undefined {
  let longest = "";
  let types: EnvironmentType[] = [];
  for (const type of ENVIRONMENT_TYPES) {
    for (const suffix of platform.spec.types[type].suffixes) {
      if (suffix.length < longest.length || !isWithin(hostname, suffix)) continue;
      if (suffix.length > longest.length) types = [];
      longest = suffix;
      types.push(type);
    }
  }
  return longest === "" ? undefined : { suffix: longest, types };
}

/** The universal certificate covers the zone's name and one label below it; others cover themselves, a wildcard exactly one label. */
export function isCovered(hostname: string, zone: Zone): boolean {
  const parent = hostname.slice(hostname.indexOf(".") + 1);
  if (hostname === zone.name || parent === zone.name) return true;
  return (zone.certificates ?? []).some((certificate) => certificate === hostname || certificate === `*.${parent}`);
}
