/** The bundle of a release as the claim store has it, believed only by its digest. */
import { Stalled } from "../core/errors.ts";
import { digestOfBytes, type Digest } from "../core/json.ts";
import type { ObjectStore } from "../core/ports.ts";
import { bundleKey } from "../core/render/bundle.ts";
import type { KubernetesObject } from "../core/render/bundle/kubernetes-object.ts";
import { objectsIn } from "../core/render/bundle/yaml.ts";

/** Throws Stalled, with this way out, where it is missing or holds something else. */
export async function readBundle(
  store: ObjectStore,
  environment: string,
  digest: Digest,
  wayOut: string,
  signal: AbortSignal,
): Promise<readonly KubernetesObject[]> {
  const key = bundleKey(environment, digest);
  const object = await store.read(key, signal);
  if (object !== undefined && digestOfBytes(object.body) === digest) return objectsIn(Buffer.from(object.body).toString("utf8"));
  throw new Stalled(
    `${store.name}: ${key} ${object === undefined ? "is missing" : "holds something else than its digest says"}`,
    wayOut,
  );
}
