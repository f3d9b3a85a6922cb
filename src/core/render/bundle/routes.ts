/** The way in: the claim's host names through Kong to the environment. */
import { isDedicated, type Environment, type Wish } from "../../environment.ts";
import type { KubernetesObject, MakeObject } from "./kubernetes-object.ts";

/** Host names that one HTTPRoute may have (gateway.networking.k8s.io/v1). */
const HOSTNAMES_PER_ROUTE = 16;

/** The claim's first service is the one that answers; what is behind it stays inside. */
export function routeObjects(environment: Environment, { claim, platform }: Wish, make: MakeObject): readonly KubernetesObject[] {
  const hostnames = (claim.spec.dns?.hostnames ?? []).toSorted();
  const [front] = claim.spec.services;
  if (hostnames.length === 0 || front === undefined) return [];
  const parent = isDedicated(environment.type)
    ? { name: "kong" }
    : { name: "kong", namespace: platform.spec.components.kong.sharedNamespace };
  const rules = [
    { matches: [{ path: { type: "PathPrefix", value: "/" } }], backendRefs: [{ kind: "Service", name: front.name, port: 80 }] },
  ];
  const routes: KubernetesObject[] = [];
  for (let start = 0; start < hostnames.length; start += HOSTNAMES_PER_ROUTE) {
    const name = `${environment.name}-${start / HOSTNAMES_PER_ROUTE + 1}`;
    const some = hostnames.slice(start, start + HOSTNAMES_PER_ROUTE);
    routes.push(
      make("gateway.networking.k8s.io/v1", "HTTPRoute", name, { spec: { parentRefs: [parent], hostnames: some, rules } }),
    );
  }
  return isDedicated(environment.type) ? [ownGateway(make), ...routes] : routes;
}

/** TLS ends at Cloudflare's edge and, for the way from there, at Kong's own certificate (the chart's values). */
function ownGateway(make: MakeObject): KubernetesObject {
  return make("gateway.networking.k8s.io/v1", "Gateway", "kong", {
    spec: {
      gatewayClassName: "kong",
      listeners: [{ name: "http", port: 80, protocol: "HTTP", allowedRoutes: { namespaces: { from: "Same" } } }],
    },
  });
}
