/** What Flux should apply for an environment, as resources, and which record a release belongs to. Pure. */
import type { Environment } from "../../core/environment.ts";
import { renderBundle } from "../../core/render/bundle.ts";
import { objectName, type KubernetesObject } from "../../core/render/bundle/kubernetes-object.ts";
import { sortResources, type Resource, type Resources } from "../../core/resource.ts";
import type { Release } from "../target.ts";
import type { Pointer } from "./pointer.ts";

/** One Kubernetes object of the bundle; its key is such as `HelmRelease env-shop-prod/kong`. */
export interface FluxObject extends Resource {
  readonly object: KubernetesObject;
}

export function desiredObjects(environment: Environment): Resources<FluxObject> {
  return environment.wish === undefined ? [] : resourcesOf(renderBundle(environment).objects);
}

export function resourcesOf(objects: readonly KubernetesObject[]): Resources<FluxObject> {
  return sortResources(objects.map((object) => ({ key: objectName(object), kind: object.kind, object })));
}

/**
 * The record that this rollout writes or goes on with. The log was read once, before the claim store wrote: a head that bears the
 * release's own plan is that record already, else it is the next one, if the claim store had something to write.
 */
export function recordSequence({ environment, plan, planDigest }: Release): number {
  const head = environment.log.at(-1);
  if (head === undefined) return 1;
  const removing = environment.wish === undefined;
  if (removing) return head.kind === "Publication" ? head.sequence + 1 : head.sequence;
  if (head.planDigest === planDigest && head.kind === "Publication") return head.sequence;
  const writes = plan.steps.some((step) => step.target === "claim-store" && !("missing" in step) && step.changes.length > 0);
  return writes ? head.sequence + 1 : head.sequence;
}

/** The pointer of a publication. */
export function pointerOf(release: Release): Pointer {
  const { environment, source } = release;
  return {
    kind: "release",
    environment: environment.name,
    sequence: recordSequence(release),
    digest: renderBundle(environment).digest,
    ...(/^[0-9a-f]{40}$/.test(source.commit) && { commit: source.commit }),
    ...(source.mergeRequest !== undefined && { mergeRequest: source.mergeRequest }),
  };
}

/** Without a view of the cluster a removal trusts in time: Flux's longest interval and one health check, twice. */
const UNSEEN_GRACE_MS = 30 * 60_000;

/**
 * The next pointer of a removal, and whether it may be written now. Each step follows from what is there, so each may be repeated:
 *
 *     release → release, disarmed → (Flux has applied exactly that) → removed → (everything is gone)
 */
export type RemovalStep =
  | { readonly kind: "disarm"; readonly pointer: Extract<Pointer, { kind: "release" }> }
  | { readonly kind: "remove"; readonly pointer: Extract<Pointer, { kind: "release" }>; readonly unseenUntil: Date }
  | { readonly kind: "none" };

export function removalStep(pointer: Pointer | undefined): RemovalStep {
  if (pointer === undefined || pointer.kind === "removed") return { kind: "none" };
  if (pointer.disarms === undefined) return { kind: "disarm", pointer };
  return { kind: "remove", pointer, unseenUntil: new Date(Date.parse(pointer.disarms.at) + UNSEEN_GRACE_MS) };
}
