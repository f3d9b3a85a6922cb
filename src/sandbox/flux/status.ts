/** What the controllers read off objects, and the conditions that they set. */
import { createHash } from "node:crypto";
import type { Condition, LiveObject } from "./cluster.ts";

/** The environment that an object belongs to, by its namespace or, for a pointer's, by its name. */
export function environmentOf({ metadata }: LiveObject): string {
  const { namespace, name } = metadata;
  return (namespace === "environments" || namespace === undefined ? name : namespace).replace(/^env-/, "");
}

/** What an OCIRepository's artifact is called: the digest that pins it, or the tag with what is behind it. */
export function ociRevision({ spec = {} }: LiveObject): string {
  const { digest, tag, semver } = (spec["ref"] ?? {}) as { digest?: string; tag?: string; semver?: string };
  const name = tag ?? semver ?? "latest";
  return (
    digest ??
    `${name}@sha256:${createHash("sha256")
      .update(`${String(spec["url"])}:${name}`)
      .digest("hex")}`
  );
}

/** The revision that a service's Kustomization must have, where claimbot pinned one. */
function expectedArtifact({ metadata }: LiveObject): string | undefined {
  return metadata.annotations?.["claimbot.dev/artifact"];
}

/** The pointer's healthCheckExprs and kstatus, for the kinds that have a Ready condition here. */
export function healthOf(object: LiveObject | undefined): "Current" | "Failed" | "InProgress" {
  if (object === undefined) return "InProgress";
  const { generation = 1 } = object.metadata;
  if (object.kind === "KubernetesCluster") {
    const isNow = (type: string): boolean =>
      isTrue(object, type) && (conditionOf(object, type)?.observedGeneration ?? 0) >= generation;
    return isNow("Ready") && isNow("Synced") ? "Current" : "InProgress";
  }
  if (object.status?.["observedGeneration"] !== generation) return "InProgress";
  const isArtifact = (revision: string): boolean =>
    object.kind !== "Kustomization" || (expectedArtifact(object) ?? object.status?.[revision]) === object.status?.[revision];
  const ready = conditionOf(object, "Ready");
  const isBroken = ["BuildFailed", "ReconciliationFailed"].includes(ready?.reason ?? "") && ready?.status === "False";
  if (object.kind === "Kustomization" && isBroken && isArtifact("lastAttemptedRevision")) return "Failed";
  return ready?.status === "True" && isArtifact("lastAppliedRevision") ? "Current" : "InProgress";
}

function conditionOf(object: LiveObject, type: string): (Condition & { readonly observedGeneration?: number }) | undefined {
  const conditions = (object.status?.["conditions"] ?? []) as readonly (Condition & { readonly observedGeneration?: number })[];
  return conditions.find((condition) => condition.type === type);
}

export function isTrue(object: LiveObject | undefined, type: string): boolean {
  const conditions = (object?.status?.["conditions"] ?? []) as readonly Condition[];
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}

export function isFromBucket(object: LiveObject): boolean {
  return (object.spec?.["sourceRef"] as { kind?: string } | undefined)?.kind === "Bucket";
}

export function idOfSource(object: LiveObject): string {
  const { kind, name } = (object.spec?.["sourceRef"] ?? {}) as { kind?: string; name?: string };
  return `${kind}/${object.metadata.namespace}/${name}`;
}

export function entriesOf(object: LiveObject): readonly string[] {
  const { entries = [] } = (object.status?.["inventory"] ?? {}) as { entries?: readonly { id: string }[] };
  return entries.map(({ id }) => id);
}

export function notReady(reason: string, message: string): Condition {
  return { type: "Ready", status: "False", reason, message };
}

/** Ready says the same all the time; the step is in Reconciling alone (kustomize-controller 1.9.5, 2026-11-24). */
export function progressing(message: string): readonly Condition[] {
  return [
    { type: "Ready", status: "Unknown", reason: "Progressing", message: "Reconciliation in progress" },
    { type: "Reconciling", status: "True", reason: "Progressing", message },
  ];
}
