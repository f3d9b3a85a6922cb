/** The objects of a Kubernetes API server, in memory: server-side apply, generations, finalizers, namespaces that go last. */
import { randomUUID } from "node:crypto";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

export interface LiveObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
  [member: string]: unknown;
}

interface Kind {
  readonly apiVersion: string;
  readonly plural: string;
  readonly clusterWide?: boolean;
}

/** What the sandbox's API server serves; anything else is "no matches for kind". */
export const KINDS: Readonly<Record<string, Kind>> = {
  Namespace: { apiVersion: "v1", plural: "namespaces", clusterWide: true },
  ConfigMap: { apiVersion: "v1", plural: "configmaps" },
  Service: { apiVersion: "v1", plural: "services" },
  ServiceAccount: { apiVersion: "v1", plural: "serviceaccounts" },
  ResourceQuota: { apiVersion: "v1", plural: "resourcequotas" },
  RoleBinding: { apiVersion: "rbac.authorization.k8s.io/v1", plural: "rolebindings" },
  NetworkPolicy: { apiVersion: "networking.k8s.io/v1", plural: "networkpolicies" },
  Gateway: { apiVersion: "gateway.networking.k8s.io/v1", plural: "gateways" },
  HTTPRoute: { apiVersion: "gateway.networking.k8s.io/v1", plural: "httproutes" },
  InfisicalSecret: { apiVersion: "secrets.infisical.com/v1alpha1", plural: "infisicalsecrets" },
  Bucket: { apiVersion: "source.toolkit.fluxcd.io/v1", plural: "buckets" },
  OCIRepository: { apiVersion: "source.toolkit.fluxcd.io/v1", plural: "ocirepositories" },
  HelmRepository: { apiVersion: "source.toolkit.fluxcd.io/v1", plural: "helmrepositories" },
  HelmRelease: { apiVersion: "helm.toolkit.fluxcd.io/v2", plural: "helmreleases" },
  Kustomization: { apiVersion: "kustomize.toolkit.fluxcd.io/v1", plural: "kustomizations" },
  KubernetesCluster: { apiVersion: "platform.claimbot.dev/v1alpha1", plural: "kubernetesclusters" },
  Kubernetes: { apiVersion: "kubernetes.vultr.m.upbound.io/v1alpha1", plural: "kubernetes" },
  NodePools: { apiVersion: "kubernetes.vultr.m.upbound.io/v1alpha1", plural: "nodepools" },
};

/** `Kustomization/environments/env-shop-dev`, as Flux's change lists have it. */
export function idOf({ kind, metadata }: Pick<LiveObject, "kind" | "metadata">): string {
  return metadata.namespace === undefined ? `${kind}/${metadata.name}` : `${kind}/${metadata.namespace}/${metadata.name}`;
}

/** What an API server refuses. */
export class ApiRefusal extends Error {}

export class Cluster {
  readonly #objects = new Map<string, LiveObject>();
  readonly #waiting = new Set<() => void>();
  #version = 100;

  get(kind: string, namespace: string | undefined, name: string): LiveObject | undefined {
    return this.#objects.get(idOf({ kind, metadata: namespace === undefined ? { name } : { name, namespace } }));
  }

  at(id: string): LiveObject | undefined {
    return this.#objects.get(id);
  }

  all(): readonly LiveObject[] {
    return [...this.#objects.values()];
  }

  /** Server-side apply by one manager: what it no longer names goes. Gives the word of Flux's change list. */
  apply(wanted: LiveObject): "created" | "configured" | "unchanged" {
    this.#admit(wanted);
    const id = idOf(wanted);
    const there = this.#objects.get(id);
    const { metadata, status: _status, ...body } = structuredClone(wanted);
    if (there === undefined) {
      const made = { uid: randomUUID(), generation: 1, creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z") };
      const finalizers = FINALIZERS[wanted.kind];
      this.#objects.set(id, {
        ...body,
        metadata: { ...metadata, ...made, ...(finalizers && { finalizers: [...finalizers] }) },
        // The default of Flux's own kinds, as long as nothing was reconciled.
        ...(wanted.apiVersion.includes(".fluxcd.io/") && { status: { observedGeneration: -1 } }),
      });
      this.touch(id);
      return "created";
    }
    const isSame = JSON.stringify(ours(there)) === JSON.stringify(ours(wanted));
    if (isSame) return "unchanged";
    const specChanged = JSON.stringify(there.spec) !== JSON.stringify(body.spec);
    // What is being deleted takes a change too, and goes nevertheless (kube-apiserver 1.36, seen 2026-11-24).
    const { uid, generation = 1, creationTimestamp, deletionTimestamp, finalizers } = there.metadata;
    const kept = {
      uid,
      generation: specChanged ? generation + 1 : generation,
      creationTimestamp,
      deletionTimestamp,
      finalizers,
    };
    const next = { ...body, metadata: { ...metadata, ...kept }, ...(there.status && { status: there.status }) };
    this.#objects.set(id, JSON.parse(JSON.stringify(next)) as LiveObject);
    this.touch(id);
    return "configured";
  }

  /** Begins a deletion. What has finalizers stays until its controller lets go. Throws ApiRefusal where deletion is protected. */
  delete(id: string): void {
    const object = this.#objects.get(id);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    // Crossplane's Usage, switched by the one field of the composite.
    if (object.kind === "KubernetesCluster" && object.spec?.["deletionProtection"] !== false) {
      throw new ApiRefusal(
        `admission webhook "nousages.protection.crossplane.io" denied the request: ${id} is protected from deletion`,
      );
    }
    if ((object.metadata.finalizers ?? []).length === 0) this.#objects.delete(id);
    else {
      object.metadata.deletionTimestamp = new Date().toISOString();
      // An API server counts the order to delete as a change of the object.
      object.metadata.generation = (object.metadata.generation ?? 0) + 1;
    }
    this.touch(id);
  }

  /** A controller lets go of an object that is being deleted. */
  finalize(id: string): void {
    this.#objects.delete(id);
    this.touch(id);
  }

  setStatus(id: string, status: Record<string, unknown>, conditions: readonly Condition[]): void {
    const object = this.#objects.get(id);
    if (object === undefined) return;
    const before = (object.status?.["conditions"] ?? []) as readonly {
      type: string;
      status: string;
      lastTransitionTime: string;
    }[];
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    object.status = {
      ...object.status,
      ...status,
      conditions: conditions.map((condition) => {
        const same = before.find(({ type, status: was }) => type === condition.type && was === condition.status);
        return {
          ...condition,
          observedGeneration: object.metadata.generation,
          lastTransitionTime: same?.lastTransitionTime ?? now,
        };
      }),
    };
    this.touch(id);
  }

  /** Resolves at the next change of anything. */
  async changed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }

  touch(id: string): void {
    this.#version += 1;
    const object = this.#objects.get(id);
    if (object !== undefined) object.metadata.resourceVersion = String(this.#version);
    for (const done of this.#waiting) done();
  }

  #admit({ apiVersion, kind, metadata }: LiveObject): void {
    const known = KINDS[kind];
    if (known?.apiVersion !== apiVersion) throw new ApiRefusal(`no matches for kind "${kind}" in version "${apiVersion}"`);
    if (known.clusterWide) return;
    if (metadata.namespace === undefined) throw new ApiRefusal(`${kind}/${metadata.name} namespace not specified`);
    const namespace = this.get("Namespace", undefined, metadata.namespace);
    if (namespace === undefined)
      throw new ApiRefusal(`${kind}/${metadata.name} not found: namespaces "${metadata.namespace}" not found`);
    if (namespace.metadata.deletionTimestamp !== undefined) {
      throw new ApiRefusal(`unable to create new content in namespace ${metadata.namespace} because it is being terminated`);
    }
  }
}

const FINALIZERS: Readonly<Record<string, readonly string[]>> = {
  Kustomization: ["finalizers.fluxcd.io"],
  Namespace: ["kubernetes"],
  Kubernetes: ["finalizer.managedresource.crossplane.io"],
  NodePools: ["finalizer.managedresource.crossplane.io"],
};

/** What a manifest says of an object, without what the server adds. */
function ours(object: LiveObject): unknown {
  const { metadata, status: _status, ...body } = object;
  const { name, namespace, labels = {}, annotations = {} } = metadata;
  return sorted({ ...body, metadata: { name, namespace, labels, annotations } });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
