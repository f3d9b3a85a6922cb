/** Kong, Elasticsearch, OPAL with Cedar, and the monitoring: an environment's own (stage, prod), or bindings to the shared ones (dev, sue). */
import type { Component } from "../../claim/platform.generated.ts";
import { isDedicated, type Environment, type Wish } from "../../environment.ts";
import type { JsonObject } from "../../json.ts";
import type { KubernetesObject, MakeObject } from "./kubernetes-object.ts";

const NAMES = ["kong", "elasticsearch", "opal", "monitoring"] as const;
type ComponentName = (typeof NAMES)[number];

/** The Service by which each shared component is reached in its namespace: part of what the platform promises (deploy/). */
const SHARED_SERVICES: Readonly<Record<ComponentName, string>> = {
  kong: "kong-proxy",
  elasticsearch: "elasticsearch",
  opal: "opal-client",
  monitoring: "prometheus",
};

const OCI = "oci://";

export function componentObjects(environment: Environment, { platform }: Wish, make: MakeObject): readonly KubernetesObject[] {
  const all = NAMES.map((name) => ({ name, component: platform.spec.components[name] }));
  if (isDedicated(environment.type)) return all.flatMap(({ name, component }) => dedicated(name, component, make));
  return all.map(({ name, component }) => binding(name, component, make));
}

function dedicated(name: ComponentName, component: Component, make: MakeObject): readonly KubernetesObject[] {
  const isOci = component.repository.startsWith(OCI);
  const chart: JsonObject = isOci
    ? { chartRef: { kind: "OCIRepository", name: chartName(name) } }
    : {
        chart: {
          spec: {
            chart: component.chart,
            version: component.version,
            interval: "12h",
            sourceRef: { kind: "HelmRepository", name },
          },
        },
      };
  const release = make("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, {
    spec: {
      ...chart,
      interval: "10m",
      timeout: "5m",
      releaseName: name,
      install: { crds: "Skip", remediation: { retries: 3 } },
      upgrade: { crds: "Skip", remediation: { retries: 3, remediateLastFailure: true } },
      ...(component.values && { values: component.values as JsonObject }),
    },
  });
  return [isOci ? ociChart(name, component, make) : helmRepository(name, component, make), release];
}

function helmRepository(name: string, { repository }: Component, make: MakeObject): KubernetesObject {
  return make("source.toolkit.fluxcd.io/v1", "HelmRepository", name, { spec: { url: repository, interval: "12h" } });
}

function ociChart(name: string, { repository, chart, version }: Component, make: MakeObject): KubernetesObject {
  return make("source.toolkit.fluxcd.io/v1", "OCIRepository", chartName(name), {
    spec: {
      url: `${repository.replace(/\/+$/, "")}/${chart}`,
      ref: { tag: version },
      interval: "12h",
      layerSelector: { mediaType: "application/vnd.cncf.helm.chart.content.v1.tar+gzip", operation: "copy" },
    },
  });
}

/** With a dot, which no service's name has: services have OCIRepositories too. */
function chartName(component: string): string {
  return `${component}.chart`;
}

function binding(name: ComponentName, { sharedNamespace }: Component, make: MakeObject): KubernetesObject {
  return make("v1", "Service", name, {
    spec: { type: "ExternalName", externalName: `${SHARED_SERVICES[name]}.${sharedNamespace}.svc.cluster.local` },
  });
}
