/** A Kubernetes object as plain JSON, and the marks that every object of an environment bears. */
import type { Environment } from "../../environment.ts";
import type { JsonObject } from "../../json.ts";

export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** Absent for cluster-wide kinds. */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Flux skips an object with this annotation when it prunes. */
export const KEPT = { "kustomize.toolkit.fluxcd.io/prune": "disabled" } as const;

/** On a service's Kustomization: the revision of the artifact that it is to be built from. */
export const ARTIFACT = "claimbot.dev/artifact";

/** The namespace of an environment. The prefix keeps claims away from namespaces such as `kube-system`: both are names a claim may have. */
export function namespaceOf(environment: string): string {
  return `env-${environment}`;
}

function labelsOf({ name, type, instance }: Pick<Environment, "name" | "type" | "instance">): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/managed-by": "claimbot",
    "claimbot.dev/environment": name,
    "claimbot.dev/instance": instance,
    "claimbot.dev/type": type,
  };
}

/** Makes objects of one environment: in its namespace, labelled, and closed to Flux's own substitution of `${…}` in what claims say. */
export function objectsOf(environment: Environment) {
  return (
    apiVersion: string,
    kind: string,
    name: string,
    body: JsonObject,
    options: {
      readonly clusterWide?: boolean;
      readonly kept?: boolean;
      readonly annotations?: Readonly<Record<string, string>>;
    } = {},
  ): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: {
      name,
      ...(!options.clusterWide && { namespace: namespaceOf(environment.name) }),
      labels: labelsOf(environment),
      annotations: { "kustomize.toolkit.fluxcd.io/substitute": "disabled", ...(options.kept && KEPT), ...options.annotations },
    },
    ...body,
  });
}

export type MakeObject = ReturnType<typeof objectsOf>;

/** `HelmRelease env-shop-prod/kong`, or `Namespace env-shop-prod`: what an object is to a reader. */
export function objectName({ kind, metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? `${kind} ${metadata.name}` : `${kind} ${metadata.namespace}/${metadata.name}`;
}
