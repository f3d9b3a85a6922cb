/** What Flux's status says of one release. Ready alone is not enough: after a trigger the old Ready=True is still there. Pure. */
import { createHash } from "node:crypto";

export type Verdict =
  | { readonly kind: "applied" }
  /** `untaken`: Flux does not know of the pointer yet. */
  | { readonly kind: "pending"; readonly message: string; readonly untaken?: true }
  | { readonly kind: "failed"; readonly message: string }
  /** A newer record's pointer has been applied meanwhile. */
  | { readonly kind: "superseded"; readonly message: string };

export interface Expected {
  /** The Bucket's revision: see `bucketRevision`. */
  readonly revision: string;
  /** `shop-dev/00000007`. */
  readonly claim: string;
}

/** How long "path not found" may stand before it counts as a failure: it shows for a moment at every switch. */
const ARTIFACT_GRACE_MS = 120_000;

const FETCHES = "Flux fetches the release";

const FAILURES = new Set(["BuildFailed", "ReconciliationFailed", "PruneFailed", "HealthCheckFailed"]);

/**
 * The revision that source-controller will give to a Bucket with these objects: SHA-256 over the sorted lines `<key> <etag>\n`
 * (source-controller 1.9, internal/index/digest.go; checked on real controllers 2026-11-23).
 */
export function bucketRevision(objects: readonly { readonly key: string; readonly etag: string }[]): string {
  const lines = objects.map(({ key, etag }) => `${key} ${etag.replaceAll('"', "")}\n`).toSorted();
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

/**
 * | what the Kustomization says                                                            | verdict    |
 * | -------------------------------------------------------------------------------------- | ---------- |
 * | it is not there, or carries an older record's annotation                               | pending    |
 * | it carries a newer record's annotation                                                 | superseded |
 * | Stalled=True                                                                           | failed     |
 * | Ready=True, generation observed, lastAppliedRevision as expected                       | applied    |
 * | Ready=False, lastAttemptedRevision as expected, a failing reason                       | failed     |
 * | … but HealthCheckFailed while the cluster (Crossplane) still comes up                  | pending    |
 * | Ready=False, ArtifactFailed, for longer than the grace time                            | failed     |
 * | anything else: Unknown, Reconciling, DependencyNotReady, HealthCheckCanceled           | pending    |
 */
export function verdict(kustomization: unknown, expected: Expected, now: Date, cluster?: unknown): Verdict {
  if (kustomization === undefined) return untaken("Flux has not taken up the pointer yet");
  const claim = textAt(kustomization, "metadata", "annotations", "event.toolkit.fluxcd.io/claim");
  if (claim !== expected.claim) {
    if (claim !== undefined && claim > expected.claim) return { kind: "superseded", message: `Flux applies ${claim} by now` };
    return untaken(`Flux still applies ${claim ?? "an older pointer"}`);
  }
  const stalled = condition(kustomization, "Stalled");
  if (stalled?.status === "True") return failed(stalled);
  const ready = condition(kustomization, "Ready");
  const isCurrent = at(kustomization, "metadata", "generation") === at(kustomization, "status", "observedGeneration");
  if (ready?.status === "True" && isCurrent && textAt(kustomization, "status", "lastAppliedRevision") === expected.revision) {
    return { kind: "applied" };
  }
  if (ready?.status !== "False") return pending(stepOf(kustomization) ?? "Flux has not begun yet");
  if (ready.reason === "ArtifactFailed") {
    return now.getTime() - Date.parse(ready.since) > ARTIFACT_GRACE_MS ? failed(ready) : pending(FETCHES);
  }
  const isOurs = textAt(kustomization, "status", "lastAttemptedRevision") === expected.revision;
  if (!isOurs || !FAILURES.has(ready.reason)) return pending(ready.message);
  if (ready.reason === "HealthCheckFailed" && isComingUp(cluster)) return pending("the cluster is being built");
  return failed(ready);
}

/** `ledger: ReconciliationFailed: …` of a part of an environment that failed; nothing of one that is ready, or only waits for another. */
export function failingPart(object: unknown): readonly string[] {
  const ready = condition(object, "Ready");
  if (ready?.status !== "False" || ready.reason === "DependencyNotReady") return [];
  return [`${textAt(object, "metadata", "name") ?? "?"}: ${ready.reason}: ${ready.message.trim()}`];
}

/**
 * What Flux does at the moment. Its Ready says no more than "Reconciliation in progress" all the time, and Reconciling the step: "Running
 * health checks for revision sha256:… with a timeout of 5m0s" (kustomize-controller 1.9.5, seen 2026-11-24).
 */
function stepOf(kustomization: unknown): string | undefined {
  const found = condition(kustomization, "Reconciling") ?? condition(kustomization, "Ready");
  // Ready from before, and nothing begun: the new release is on its way from the bucket.
  if (found?.status === "True" && found.reason === "ReconciliationSucceeded") return FETCHES;
  return found?.message.replace(/ for revision sha256:[0-9a-f]{64}/, "");
}

/** A cluster takes longer than one health check. Synced=False is Crossplane's word for "it will not come by itself". */
function isComingUp(cluster: unknown): boolean {
  if (cluster === undefined) return false;
  const ready = condition(cluster, "Ready");
  const generation = at(cluster, "metadata", "generation");
  const isOfBefore = ready?.generation !== undefined && typeof generation === "number" && ready.generation < generation;
  return (ready?.status !== "True" || isOfBefore) && condition(cluster, "Synced")?.status !== "False";
}

interface Condition {
  /** Of the object that was judged. */
  readonly generation: number | undefined;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly since: string;
}

export function condition(object: unknown, type: string): Condition | undefined {
  const conditions = at(object, "status", "conditions");
  const found: unknown = Array.isArray(conditions)
    ? conditions.find((each: unknown) => textAt(each, "type") === type)
    : undefined;
  if (found === undefined) return undefined;
  const text = (name: string): string => textAt(found, name) ?? "";
  const generation = at(found, "observedGeneration");
  return {
    generation: typeof generation === "number" ? generation : undefined,
    status: text("status"),
    reason: text("reason"),
    message: text("message"),
    since: text("lastTransitionTime"),
  };
}

function untaken(message: string): Verdict {
  return { kind: "pending", message, untaken: true };
}

function pending(message: string): Verdict {
  return { kind: "pending", message };
}

function failed({ reason, message }: Condition): Verdict {
  return { kind: "failed", message: `${reason}: ${message}` };
}

/** A member of an answer that nobody has checked. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(
    (inner, name) => (inner !== null && typeof inner === "object" ? (inner as Record<string, unknown>)[name] : undefined),
    value,
  );
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}
