/** The cluster that carries an environment, and the namespace with what may live and talk in it. */
import { isDedicated, type Environment, type Wish } from "../../environment.ts";
import type { JsonObject } from "../../json.ts";
import { namespaceOf, type KubernetesObject, type MakeObject } from "./kubernetes-object.ts";

/** The kubelet's own limit (kubernetes.io, "Considerations for large clusters", 2026-11). */
const PODS_PER_NODE = 110;

export function clusterObjects(
  environment: Environment,
  { claim, platform }: Wish,
  make: MakeObject,
): readonly KubernetesObject[] {
  const { region, version, nodePools } = claim.spec.cluster;
  const exact = platform.spec.kubernetesVersions[version];
  if (exact === undefined) throw new Error(`Kubernetes ${version} passed validation, but the platform does not have it`);
  return [
    make("v1", "Namespace", namespaceOf(environment.name), {}, { clusterWide: true, kept: true }),
    make(
      "platform.claimbot.dev/v1alpha1",
      "KubernetesCluster",
      environment.name,
      {
        spec: { region, version: exact, deletionProtection: true, nodePools: nodePools.map((pool) => nodePool(pool, platform)) },
      },
      { kept: true },
    ),
    resourceQuota(environment, claim, make),
    ...networkPolicies(environment, platform, make),
  ];
}

function nodePool(pool: Wish["claim"]["spec"]["cluster"]["nodePools"][number], platform: Wish["platform"]): JsonObject {
  const offer = platform.spec.nodePools.find((each) => each.class === pool.class);
  if (offer === undefined) throw new Error(`pool class ${pool.class} passed validation, but the platform does not have it`);
  const { plan, labels, taints } = offer;
  return {
    name: pool.class,
    plan,
    minNodes: pool.min,
    maxNodes: pool.max,
    ...(labels && { labels }),
    ...(taints && { taints: [...taints] }),
  };
}

/** Nobody gets past the gateway by a load balancer or a node port of their own. */
function resourceQuota(environment: Environment, claim: Wish["claim"], make: MakeObject): KubernetesObject {
  const nodes = claim.spec.cluster.nodePools.reduce((sum, { max }) => sum + max, 0);
  const hard = isDedicated(environment.type) ? {} : { "services.loadbalancers": "0", "services.nodeports": "0" };
  return make("v1", "ResourceQuota", "environment", { spec: { hard: { pods: String(nodes * PODS_PER_NODE), ...hard } } });
}

/** Nothing comes in but from the environment itself and, where components are shared, from the gateway and the monitoring. */
function networkPolicies(environment: Environment, platform: Wish["platform"], make: MakeObject): readonly KubernetesObject[] {
  const { kong, monitoring } = platform.spec.components;
  const policy = (name: string, ingress: readonly JsonObject[]): KubernetesObject =>
    make("networking.k8s.io/v1", "NetworkPolicy", name, { spec: { podSelector: {}, policyTypes: ["Ingress"], ingress } });
  return [
    policy("default-deny", []),
    policy("allow-same-namespace", [{ from: [{ podSelector: {} }] }]),
    ...(isDedicated(environment.type)
      ? []
      : [
          policy("allow-gateway", [fromNamespace(kong.sharedNamespace)]),
          policy("allow-monitoring", [fromNamespace(monitoring.sharedNamespace)]),
        ]),
  ];
}

function fromNamespace(name: string): JsonObject {
  return { from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } }] };
}
