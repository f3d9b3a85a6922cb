/** How long an object must be locked, by the rules that were adopted when it was written. Pure. */
import { PLATFORM_NAME } from "../../core/adopted.ts";
import type { EnvironmentType } from "../../core/environment.ts";
import type { Log } from "../../core/record.ts";
import { retention } from "../../targets/retention.ts";
import type { AdoptionRecord } from "../adoption.ts";

const DAY_MS = 86_400_000;

/** Environment → its type at each time, by its publications, oldest first. */
export type Types = ReadonlyMap<string, readonly { readonly at: string; readonly type: EnvironmentType }[]>;

export function typesOf(records: Log): Types {
  const publications = records.flatMap((record) =>
    record.kind === "Publication" ? [{ name: record.environment, at: record.at, type: record.claim.spec.type }] : [],
  );
  return Map.groupBy(publications, ({ name }) => name);
}

/** Days from the time of writing. A key of no environment whose type is known (a plan that was never released) needs the shortest. */
export function retentionDaysAt(adoptions: readonly AdoptionRecord[], types: Types): (key: string, at: string) => number {
  return (key, at) => {
    const platform = (adoptions.findLast((adoption) => adoption.at <= at) ?? adoptions[0])?.rules.platform;
    const days = (type: EnvironmentType): number => {
      const from = new Date(0);
      return Math.round((retention(type, platform, from).getTime() - from.getTime()) / DAY_MS);
    };
    const [kind = "", name = ""] = key.split("/");
    if (kind === "audit" || name === PLATFORM_NAME) return days("prod");
    const known = types.get(name);
    // What is published first is written a moment before its record.
    const type = (known?.findLast((one) => one.at <= at) ?? known?.[0])?.type;
    return type === undefined ? Math.min(days("dev"), days("sue")) : days(type);
  };
}
