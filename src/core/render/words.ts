/** Changes in a person's words: what, before, after. Raw text; each renderer encodes it for its own medium. */
import { canonicalJson, sameJson } from "../json.ts";
import type { TargetName } from "../plan.ts";
import type { Change, Resource } from "../resource.ts";

export interface Row {
  readonly verb: Change["verb"];
  readonly target: TargetName;
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

/** Names of targets as people say them. */
export const TARGET_LABELS: Readonly<Record<TargetName, string>> = {
  "claim-store": "claim",
  flux: "flux",
  waf: "waf",
  dns: "dns",
  deployment: "gitlab",
};

/**
 * The rows of one target's changes: a row per changed field of an update, a row per created or deleted thing; Kubernetes objects that
 * come or go are counted by kind in one row, because nobody reads thirty names.
 */
export function rowsOf(target: TargetName, changes: readonly Change[]): readonly Row[] {
  const updates = changes.filter((change) => change.verb === "update").flatMap((change) => updateRows(target, change));
  const deletes = changes.filter((change) => change.verb === "delete").map((change) => change.before);
  const creates = changes.filter((change) => change.verb === "create").map((change) => change.after);
  if (target === "flux") return [...kindRow("delete", deletes), ...updates, ...kindRow("create", creates)];
  return [
    ...deletes.map((before): Row => ({ verb: "delete", target, what: nameOf(before), before: summaryOf(before) })),
    ...updates,
    ...creates.map((after): Row => ({ verb: "create", target, what: nameOf(after), after: summaryOf(after) })),
  ];
}

function kindRow(verb: "create" | "delete", resources: readonly Resource[]): readonly Row[] {
  if (resources.length === 0) return [];
  const counts = Map.groupBy(resources, ({ kind }) => kind);
  const kinds = [...counts].map(([kind, { length }]) => (length === 1 ? kind : `${length} ${kind}`)).join(", ");
  const what = `${resources.length} ${resources.length === 1 ? "object" : "objects"}`;
  return [{ verb, target: "flux", what, ...(verb === "create" ? { after: kinds } : { before: kinds }) }];
}

function updateRows(target: TargetName, { before, after }: Extract<Change, { verb: "update" }>): readonly Row[] {
  if (before.kind === "rate-limit") {
    return [{ verb: "update", target, what: nameOf(after), before: summaryOf(before), after: summaryOf(after) }];
  }
  return changedLeaves(strip(before), strip(after)).map(({ path, is, becomes }) => ({
    verb: "update",
    target,
    what: path === "" ? nameOf(after) : `${nameOf(after)} ${path}`,
    ...(is !== undefined && { before: textOf(is) }),
    ...(becomes !== undefined && { after: textOf(becomes) }),
  }));
}

/** Without the words that every resource has; a Kubernetes object stands for itself. */
function strip(resource: Resource): unknown {
  const { key: _key, kind: _kind, ...fields } = resource as Resource & { readonly object?: unknown };
  return fields.object ?? fields;
}

function nameOf(resource: Resource): string {
  if (resource.kind === "claim") return "claim";
  if (resource.kind === "gitlab-environment") return "environment";
  return resource.key;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value);
}

function summaryOf(resource: Resource): string {
  const field = resource as unknown as Readonly<Record<string, unknown>>;
  switch (resource.kind) {
    case "dns-record":
      return `${textOf(field["content"])}${field["proxied"] === true ? ", proxied" : ""}`;
    case "custom-rule":
      return textOf(field["action"]);
    case "rate-limit": {
      const limit = field["ratelimit"] as { readonly requests_per_period?: number; readonly period?: number } | undefined;
      return limit === undefined ? "" : `${limit.requests_per_period} per ${limit.period} s`;
    }
    case "gitlab-environment":
      return textOf(field["externalUrl"] ?? field["tier"] ?? "");
    default:
      return "";
  }
}

interface Leaf {
  readonly path: string;
  readonly is: unknown;
  readonly becomes: unknown;
}

/** The smallest parts that differ; members of lists are matched by their name, class or key where they have one. */
export function changedLeaves(is: unknown, becomes: unknown, path = ""): readonly Leaf[] {
  if (sameJson(is ?? null, becomes ?? null)) return [];
  const left = membersOf(is);
  const right = membersOf(becomes);
  if (left === undefined || right === undefined) return [{ path, is, becomes }];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((name) =>
    changedLeaves(left.get(name), right.get(name), path === "" || name.startsWith("[") ? `${path}${name}` : `${path}.${name}`),
  );
}

function membersOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) {
    const names = value.map((item: unknown) => itemName(item));
    if (value.length === 0 || names.includes(undefined) || new Set(names).size !== names.length) return undefined;
    return new Map(value.map((item: unknown, index) => [`[${names[index]}]`, item]));
  }
  if (value !== null && typeof value === "object") return new Map(Object.entries(value));
  return undefined;
}

function itemName(item: unknown): string | undefined {
  if (item === null || typeof item !== "object") return undefined;
  const { name, key, class: poolClass } = item as { readonly name?: unknown; readonly key?: unknown; readonly class?: unknown };
  return [name, key, poolClass].find((candidate) => typeof candidate === "string");
}
