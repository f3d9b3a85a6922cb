/** The believable company of the sandbox: its people, and a registry that holds what its claims ask for. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import semver from "semver";
import { parse } from "yaml";
import type { SandboxUser } from "./gitlab/start-gitlab.ts";

/** Mara and Jo look after everything, Sam and Ana write payments and shop, Kim only looks on. Levels are GitLab's. */
export const PEOPLE: readonly SandboxUser[] = [
  { username: "mara", name: "Mara", level: 40, groups: owners(40) },
  { username: "jo", name: "Jo", level: 40, groups: owners(40) },
  { username: "sam", name: "Sam", level: 30, groups: { "commerce/payments": 30, "finance/ledger": 30 } },
  { username: "ana", name: "Ana", level: 30, groups: { "commerce/shop": 30, "discovery/search": 30 } },
  { username: "kim", name: "Kim", level: 20, groups: {} },
];

function owners(level: 30 | 40): Readonly<Record<string, 30 | 40>> {
  const groups = ["commerce/shop", "commerce/payments", "finance/ledger", "discovery/search", "platform/identity"];
  return Object.fromEntries(groups.map((group) => [group, level]));
}

/** Repository → tags: for each constraint of a claim its lowest version, a newer patch and minor, and a major that it does not allow. */
export function tagsFor(directory: string, repository: string): Readonly<Record<string, readonly string[]>> {
  const tags: Record<string, string[]> = {};
  for (const { name, version } of servicesOf(directory)) {
    const lowest = semver.minVersion(version)?.version ?? "1.0.0";
    const all = [lowest, semver.inc(lowest, "patch"), semver.inc(lowest, "minor"), semver.inc(lowest, "major")];
    const known = (tags[`${repository}/${name}`] ??= []);
    for (const tag of all) if (tag !== null && !known.includes(tag)) known.push(tag);
  }
  return tags;
}

function servicesOf(directory: string): readonly { readonly name: string; readonly version: string }[] {
  return readdirSync(join(directory, "environments"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".yaml"))
    .flatMap((path) => {
      const claim = parse(readFileSync(join(directory, "environments", path), "utf8")) as {
        spec: { services: { name: string; version: string }[] };
      };
      return claim.spec.services;
    });
}
