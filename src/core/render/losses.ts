/** What a plan deletes for good, in a person's words: what whoever approves must not overlook. Raw text. */
import { ENVIRONMENT_TYPES } from "../environment.ts";
import { changesOf, countChanges, type Plan, type TargetName } from "../plan.ts";
import type { Resource } from "../resource.ts";
import { fieldsOf, textOf } from "./changed-leaves.ts";
import { counted } from "./counted.ts";
import { contentsOf, objectName } from "./flux-words.ts";
import { rowsOf, TARGET_LABELS } from "./words.ts";

export interface Loss {
  /** `cluster`, `2 services`, `DNS`. */
  readonly what: string;
  /** Which ones, where names matter. */
  readonly names: readonly string[];
}

/** Of a removed environment what it was made of; of another each thing by its name. */
export function lossesOf(plan: Plan): readonly Loss[] {
  const deleted = (target: TargetName): readonly Resource[] =>
    changesOf(plan).flatMap((entry) => (entry.target === target && entry.change.verb === "delete" ? [entry.change.before] : []));
  const { cluster, services, components, others } = contentsOf(deleted("flux"));
  if (plan.verb !== "remove") {
    const rows = plan.steps.flatMap((step) =>
      "missing" in step || step.target === "flux" ? [] : rowsOf(step.target, step.changes),
    );
    return [
      ...(cluster ? [{ what: "cluster", names: [] }] : []),
      ...named("service", services),
      ...named("component", components),
      ...named(
        "object",
        others.map((resource) => `${resource.kind} ${objectName(resource)}`),
      ),
      ...(["waf", "dns", "deployment", "claim-store"] as const).flatMap((target) =>
        named(
          LOST[target],
          rows.filter((row) => row.target === target && row.verb === "delete").map(({ what }) => what),
        ),
      ),
    ];
  }
  return [
    ...(cluster ? [{ what: "cluster", names: [] }] : []),
    ...number(services.length, "service"),
    ...number(components.length, "component"),
    ...(cluster ? [] : number(others.length, "other object")),
    ...named(
      "DNS",
      deleted("dns").map((record) => textOf(fieldsOf(record)["name"] ?? record.key)),
    ),
    ...number(deleted("waf").length, "WAF rule"),
  ];
}

const LOST = { waf: "WAF", dns: "DNS", deployment: "GitLab's", "claim-store": TARGET_LABELS["claim-store"] } as const;

function named(what: string, names: readonly string[]): readonly Loss[] {
  return names.length === 0 ? [] : [{ what, names }];
}

function number(count: number, word: string): readonly Loss[] {
  return count === 0 ? [] : [{ what: counted(count, word), names: [] }];
}

/** Those that delete something, the worst first: prod, then stage; whole environments, then parts. */
export function losing(plans: readonly Plan[]): readonly Plan[] {
  return plans.filter((plan) => deletesOf(plan) > 0).toSorted((a, b) => rank(b) - rank(a));
}

/** How many things a plan deletes, as people count them. */
export function lossCount(plan: Plan): number {
  return lossesOf(plan).reduce((sum, { names }) => sum + Math.max(1, names.length), 0);
}

function rank({ type, verb }: Plan): number {
  return ENVIRONMENT_TYPES.indexOf(type) * 2 + (verb === "remove" ? 1 : 0);
}

function deletesOf(plan: Plan): number {
  return countChanges(changesOf(plan).map(({ change }) => change)).deletes;
}
