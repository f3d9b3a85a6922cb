/**
 * The pointer `current/<env>.yaml`: a Flux Bucket and ONE Kustomization that point into one release, or, after a removal, a ConfigMap in
 * their place. It is the only mutable object per environment; its annotations say which record it stands for. Pure.
 *
 * Both objects are guarded from being pruned, so that a short listing of `current/` deletes nothing; Bucket prefix and Kustomization path
 * both carry the release, so that an old path on a new artifact (or the reverse) is "path not found", which prunes nothing either.
 */
import type { Digest } from "../../core/json.ts";
import { releaseFolder } from "../../core/render/bundle.ts";
import { ARTIFACT, KEPT, namespaceOf, type KubernetesObject } from "../../core/render/bundle/kubernetes-object.ts";
import { objectsIn, yamlOf } from "../../core/render/bundle/yaml.ts";

/** The namespace on the platform cluster in which the pointers' objects live. */
export const POINTER_NAMESPACE = "environments";

/** How Flux's source-controller reaches the bucket that claimbot writes to. */
export interface BucketAddress {
  readonly bucketName: string;
  /** Host and optional port, without a scheme. */
  readonly endpoint: string;
  readonly region?: string;
  /** Plain http: loopback and tests. */
  readonly insecure?: boolean;
  /** The Secret with the reader's keys. */
  readonly secretName: string;
}

export type Pointer =
  | {
      readonly kind: "release";
      readonly environment: string;
      /** Of the record that this release belongs to. */
      readonly sequence: number;
      /** The release that Flux applies. */
      readonly digest: Digest;
      /** While a removal takes the protection off: the release that was published, of which `digest` is the disarmed form. */
      readonly disarms?: { readonly digest: Digest; readonly at: string };
      /** Only where it is the id of a git commit. */
      readonly commit?: string;
      readonly mergeRequest?: number;
    }
  | { readonly kind: "removed"; readonly environment: string; readonly sequence: number };

export function pointerKey(environment: string): string {
  return `current/${environment}.yaml`;
}

/** The name of the pointer's Bucket and Kustomization: it follows from the environment's name alone, which never changes. */
export function pointerName(environment: string): string {
  return `env-${environment}`;
}

/** How records are named in Flux's annotations, and so in its events: `shop-dev/00000007`. */
export function claimName({ environment, sequence }: Pick<Pointer, "environment" | "sequence">): string {
  return `${environment}/${String(sequence).padStart(8, "0")}`;
}

export function pointerText(pointer: Pointer, bucket: BucketAddress): string {
  return yamlOf(pointer.kind === "removed" ? [removedMark(pointer)] : [bucketOf(pointer, bucket), kustomizationOf(pointer)]);
}

/** Reads what `pointerText` wrote; undefined when it is something else. */
export function parsePointer(text: string): Pointer | undefined {
  const objects = readObjects(text);
  const object = objects?.find(({ kind }) => kind === "Kustomization" || kind === "ConfigMap");
  const annotations = object?.metadata.annotations ?? {};
  const [, environment, digits] = /^([a-z0-9-]+)\/(\d{8,})$/.exec(annotations[CLAIM] ?? "") ?? [];
  if (object === undefined || environment === undefined || digits === undefined) return undefined;
  const base = { environment, sequence: Number(digits) };
  if (object.kind === "ConfigMap") return { kind: "removed", ...base };
  const digest = annotations[RELEASE] ?? "";
  const { [DISARMS]: disarmed, [DISARMED_AT]: at, [COMMIT]: commit, [CHANGE_REQUEST]: change } = annotations;
  if (!/^[0-9a-f]{64}$/.test(digest) || (disarmed !== undefined && !/^[0-9a-f]{64}$/.test(disarmed))) return undefined;
  return {
    kind: "release",
    ...base,
    digest,
    ...(disarmed !== undefined && at !== undefined && { disarms: { digest: disarmed, at } }),
    ...(commit !== undefined && { commit: commit.replace(/^sha1:/, "") }),
    ...(change !== undefined && { mergeRequest: Number(change) }),
  };
}

const CLAIM = "event.toolkit.fluxcd.io/claim";
const COMMIT = "event.toolkit.fluxcd.io/commit";
const CHANGE_REQUEST = "event.toolkit.fluxcd.io/change_request";
const RELEASE = "claimbot.dev/release";
const DISARMS = "claimbot.dev/disarms";
const DISARMED_AT = "claimbot.dev/disarmed-at";

type ReleasePointer = Extract<Pointer, { kind: "release" }>;

function bucketOf(
  pointer: ReleasePointer,
  { bucketName, endpoint, region, insecure, secretName }: BucketAddress,
): KubernetesObject {
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "Bucket",
    metadata: metadataOf(pointer, { ...(pointer.disarms === undefined && KEPT) }),
    spec: {
      provider: "generic",
      bucketName,
      endpoint,
      ...(region !== undefined && { region }),
      ...(insecure && { insecure }),
      prefix: `${releaseFolder(pointer.environment, pointer.digest)}/`,
      secretRef: { name: secretName },
      // The content can never change; a changed spec is reconciled at once.
      interval: "12h",
    },
  };
}

function kustomizationOf(pointer: ReleasePointer): KubernetesObject {
  const { environment, digest, commit, mergeRequest, disarms } = pointer;
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: metadataOf(pointer, {
      ...(disarms === undefined ? KEPT : { [DISARMS]: disarms.digest, [DISARMED_AT]: disarms.at }),
      [RELEASE]: digest,
      [CLAIM]: claimName(pointer),
      // Flux's own GitLab providers need a commit of 40 digits, which a Bucket's revision is not.
      ...(commit !== undefined && { [COMMIT]: `sha1:${commit}` }),
      ...(mergeRequest !== undefined && { [CHANGE_REQUEST]: String(mergeRequest) }),
    }),
    spec: {
      sourceRef: { kind: "Bucket", name: pointerName(environment) },
      path: `./${releaseFolder(environment, digest)}`,
      prune: true,
      deletionPolicy: "WaitForTermination",
      interval: "10m",
      retryInterval: "1m",
      timeout: "5m",
      // What is to go is applied, not waited for: a sick service must not keep its environment alive.
      wait: disarms === undefined,
      healthCheckExprs: [
        {
          apiVersion: "platform.claimbot.dev/v1alpha1",
          kind: "KubernetesCluster",
          current: `${isTrueNow("Ready")} && ${isTrueNow("Synced")}`,
        },
        {
          apiVersion: "kustomize.toolkit.fluxcd.io/v1",
          kind: "Kustomization",
          current: `${exists("c.type == 'Ready' && c.status == 'True'")} && ${isOfArtifact("lastAppliedRevision")}`,
          failed: `${exists(SERVICE_FAILED)} && ${isOfArtifact("lastAttemptedRevision")}`,
        },
      ],
    },
  };
}

/** What does not mend itself by waiting; a service that is slow is left to its time. */
const SERVICE_FAILED = "c.type == 'Ready' && c.status == 'False' && c.reason in ['BuildFailed', 'ReconciliationFailed']";

/** `exists`, because `all` holds for an empty list. Of an object without any status Flux says "no such attribute" and waits, as it should. */
function exists(condition: string): string {
  return `status.?conditions.orValue([]).exists(c, ${condition})`;
}

/** Crossplane says of which generation each condition is; one of before the change says nothing of it. */
function isTrueNow(type: string): string {
  return exists(
    `c.type == '${type}' && c.status == 'True' && c.?observedGeneration.orValue(metadata.generation) >= metadata.generation`,
  );
}

/**
 * A new version is another artifact and the same Kustomization, which stays Ready for the version before until Flux comes to it. So what is
 * pinned by digest counts only with that digest (the revision of an OCIRepository by digest; kustomize-controller 1.9.5, run 2026-11-24).
 */
function isOfArtifact(revision: string): string {
  return `metadata.?annotations[?'${ARTIFACT}'].orValue(status.?${revision}.orValue('')) == status.?${revision}.orValue('')`;
}

function metadataOf({ environment }: Pointer, annotations: Readonly<Record<string, string>>): KubernetesObject["metadata"] {
  return {
    name: pointerName(environment),
    namespace: POINTER_NAMESPACE,
    labels: { "app.kubernetes.io/managed-by": "claimbot", "claimbot.dev/environment": environment },
    annotations,
  };
}

function removedMark(pointer: Pointer): KubernetesObject {
  const metadata = metadataOf(pointer, { [CLAIM]: claimName(pointer) });
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...metadata, name: `${pointerName(pointer.environment)}-removed` },
    data: { environment: pointer.environment, namespace: namespaceOf(pointer.environment), record: claimName(pointer) },
  };
}

function readObjects(text: string): readonly KubernetesObject[] | undefined {
  try {
    return objectsIn(text);
  } catch {
    // Not what we wrote; the caller says which key it is.
    return undefined;
  }
}
