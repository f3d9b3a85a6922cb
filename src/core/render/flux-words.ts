/** What Flux builds, changes and tears down, told by cluster, services and components instead of by Kubernetes objects. */
import type { Change, Resource } from "../resource.ts";
import { ARTIFACT } from "./bundle/kubernetes-object.ts";
import { counted } from "./counted.ts";
import { changedLeaves, fieldsOf, leafTexts } from "./changed-leaves.ts";
import type { Row } from "./row.ts";

/** What objects are to a person. Without a cluster among them, they are parts of an environment that stays. */
export interface Contents {
  readonly cluster: boolean;
  readonly services: readonly string[];
  readonly components: readonly string[];
  /** Objects that belong to none of them. */
  readonly others: readonly Resource[];
}

export function contentsOf(resources: readonly Resource[]): Contents {
  const named = (kind: string): readonly string[] =>
    resources.filter((resource) => resource.kind === kind).map((resource) => objectName(resource));
  const [services, components] = [named("Kustomization"), named("HelmRelease")];
  const owned = new Set([
    ...services.flatMap((name) => [
      `Kustomization ${name}`,
      `OCIRepository ${name}`,
      `ConfigMap ${name}-values`,
      `InfisicalSecret ${name}-secrets`,
    ]),
    ...components.flatMap((name) => [`HelmRelease ${name}`, `HelmRepository ${name}`, `OCIRepository ${name}.chart`]),
  ]);
  const cluster = named("KubernetesCluster").length > 0;
  const others = resources.filter(
    (resource) => !owned.has(`${resource.kind} ${objectName(resource)}`) && resource.kind !== "KubernetesCluster",
  );
  return { cluster, services, components, others };
}

export function fluxRows(changes: readonly Change[]): readonly Row[] {
  const deletes = changes.filter((change) => change.verb === "delete").map((change) => change.before);
  const creates = changes.filter((change) => change.verb === "create").map((change) => change.after);
  const updates = changes.filter((change) => change.verb === "update");
  return [...comingOrGoing("delete", deletes), ...updates.flatMap(updateRows), ...comingOrGoing("create", creates)];
}

function comingOrGoing(verb: "create" | "delete", resources: readonly Resource[]): readonly Row[] {
  if (resources.length === 0) return [];
  const contents = contentsOf(resources);
  const row = (what: string, value = ""): Row => ({
    verb,
    target: "flux",
    key: `flux ${what}`,
    what,
    ...(verb === "create" ? { after: value } : { before: value }),
  });
  if (contents.cluster) return [row(counted(resources.length, "object"), wholeText(contents))];
  return [
    ...contents.services.map((name) => row(`service ${name}`)),
    ...contents.components.map((name) => row(`component ${name}`)),
    ...(contents.others.length > MOST_NAMED
      ? [row(counted(contents.others.length, "object"), kindsText(contents.others))]
      : contents.others.map((resource) => row(`${resource.kind} ${objectName(resource)}`))),
  ];
}

/** More objects than these are counted by kind. */
const MOST_NAMED = 5;

function wholeText({ services, components, others }: Contents): string {
  const counts = [
    counted(services.length, "service"),
    counted(components.length, "component"),
    counted(others.length, "smaller object"),
  ];
  return ["cluster", ...counts.filter((text) => !text.startsWith("0 "))].join(", ");
}

function kindsText(resources: readonly Resource[]): string {
  const counts = Map.groupBy(resources, ({ kind }) => kind);
  return [...counts].map(([kind, { length }]) => (length === 1 ? kind : `${length} × ${kind}`)).join(", ");
}

/** `payments-api` of `Kustomization env-payments-prod/payments-api`: the namespace is the environment's own. */
export function objectName({ key, kind }: Resource): string {
  const name = key.startsWith(`${kind} `) ? key.slice(kind.length + 1) : key;
  return name.slice(name.indexOf("/") + 1);
}

function updateRows({ key, before, after }: Extract<Change, { verb: "update" }>): readonly Row[] {
  const { what, is, becomes } = compared(before, after);
  const all = changedLeaves(is, becomes);
  const leaves = all.filter(({ path }) => path !== `metadata.annotations.${ARTIFACT}`);
  // A new version is told once, by the OCIRepository that fetches it.
  if (all.length > 0 && leaves.length === 0) return [];
  return (leaves.length > 0 ? leaves : changedLeaves(before, after)).map((leaf) => ({
    verb: "update",
    target: "flux",
    key: `flux ${key} ${leaf.path}`,
    what: `${what} ${leaf.path.replace(/^spec\./, "").replace(/^(pool [^.]+)\.nodes$/, "$1")}`.trim(),
    ...leafTexts(leaf),
  }));
}

/** What to compare, in the words of the claim where there are some. */
function compared(before: Resource, after: Resource): { readonly what: string; readonly is: unknown; readonly becomes: unknown } {
  const name = objectName(after);
  const [is, becomes] = [before, after].map((resource) => fieldsOf(fieldsOf(resource)["object"]));
  if (after.kind === "KubernetesCluster") return { what: "cluster", is: clusterWords(is), becomes: clusterWords(becomes) };
  const values = [is, becomes].map(valuesOf);
  if (after.kind === "ConfigMap" && values.every((value) => value !== undefined)) {
    return { what: `${name.replace(/-values$/, "")} values`, is: values[0], becomes: values[1] };
  }
  return { what: `${after.kind} ${name}`, is, becomes };
}

/** A node pool's two numbers are one thing to whoever reads: `2 to 6 nodes`. */
function clusterWords(object: unknown): unknown {
  const { spec, ...rest } = fieldsOf(object);
  const { nodePools, ...others } = fieldsOf(spec);
  if (!Array.isArray(nodePools)) return object;
  const pools = nodePools.map((pool: unknown) => {
    const { name, minNodes, maxNodes, ...more } = fieldsOf(pool);
    const nodes =
      typeof minNodes === "number" && typeof maxNodes === "number" ? `${minNodes} to ${maxNodes} nodes` : [minNodes, maxNodes];
    return [`pool ${String(name)}`, { nodes, ...more }] as const;
  });
  return { ...rest, spec: { ...others, ...Object.fromEntries(pools) } };
}

/** The settings of a service, which its ConfigMap holds as one text. */
function valuesOf(object: unknown): unknown {
  const text = fieldsOf(fieldsOf(object)["data"])["values.json"];
  if (typeof text !== "string") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Somebody's own text: shown as the text that it is.
    return undefined;
  }
}
