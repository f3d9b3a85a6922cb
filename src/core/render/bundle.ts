/**
 * The bundle: everything that Flux applies for one environment, in one file, rendered purely from claim, platform and locked versions.
 * Objects are built as data and written by one writer: there is no template, so nothing that a claim says can become anything but a value.
 */
import type { Environment } from "../environment.ts";
import { digestOfBytes, type Digest } from "../json.ts";
import { clusterObjects } from "./bundle/cluster.ts";
import { componentObjects } from "./bundle/components.ts";
import { KEPT, objectName, objectsOf, type KubernetesObject } from "./bundle/kubernetes-object.ts";
import { routeObjects } from "./bundle/routes.ts";
import { serviceObjects } from "./bundle/services.ts";
import { yamlOf } from "./bundle/yaml.ts";

export interface Bundle {
  /** As it is stored: one document per object. */
  readonly yaml: string;
  /** SHA-256 of the bytes: the release digest. */
  readonly digest: Digest;
  readonly objects: readonly KubernetesObject[];
}

/**
 * Which rendering this is: raised with every change of what the same claim becomes. A record names it, for only the same rendering can derive
 * a release again byte for byte.
 */
export const RENDERING = 1;

/** The folder of a release: Flux's path, and the prefix of its Bucket. */
export function releaseFolder(environment: string, releaseDigest: Digest): string {
  return `releases/${environment}/${releaseDigest}`;
}

export function bundleKey(environment: string, releaseDigest: Digest): string {
  return `${releaseFolder(environment, releaseDigest)}/bundle.yaml`;
}

/** Renders a validated environment that has a wish. Equal input gives equal bytes. An environment is a value, so it is rendered once. */
export function renderBundle(environment: Environment): Bundle {
  const known = rendered.get(environment);
  if (known !== undefined) return known;
  const { wish } = environment;
  if (wish === undefined) throw new Error(`${environment.name} is to go: there is nothing to render`);
  const make = objectsOf(environment);
  const bundle = bundleOf([
    ...clusterObjects(environment, wish, make),
    ...componentObjects(environment, wish, make),
    ...serviceObjects(environment, wish, make),
    ...routeObjects(environment, wish, make),
  ]);
  rendered.set(environment, bundle);
  return bundle;
}

const rendered = new WeakMap<Environment, Bundle>();

/** The same objects without what keeps them from being deleted: the first step of a removal. */
export function disarmedBundle(objects: readonly KubernetesObject[]): Bundle {
  return bundleOf(objects.map(disarmed));
}

function bundleOf(objects: readonly KubernetesObject[]): Bundle {
  const names = objects.map(objectName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  // Flux refuses a build with two objects of one identity, and with it the whole environment.
  if (twice !== undefined) throw new Error(`the bundle has two objects ${twice}`);
  const yaml = yamlOf(objects);
  return { yaml, digest: digestOfBytes(yaml), objects };
}

function disarmed(object: KubernetesObject): KubernetesObject {
  const { annotations = {} } = object.metadata;
  const kept = Object.entries(annotations).filter(([name]) => !(name in KEPT));
  const metadata = { ...object.metadata, annotations: Object.fromEntries(kept) };
  const { spec } = object;
  if (spec === null || typeof spec !== "object" || Array.isArray(spec) || !("deletionProtection" in spec))
    return { ...object, metadata };
  return { ...object, metadata, spec: { ...spec, deletionProtection: false } };
}
