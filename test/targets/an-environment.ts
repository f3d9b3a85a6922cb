/** One believable environment of each type, and releases of it, for the tests of what is recorded and what Flux applies. */
import type { Claim } from "../../src/core/claim/claim.generated.ts";
import type { Platform, TypeRules } from "../../src/core/claim/platform.generated.ts";
import type { Environment, EnvironmentType } from "../../src/core/environment.ts";
import { digestOf } from "../../src/core/json.ts";
import { planOf, type Plan, type Step } from "../../src/core/plan.ts";
import type { LockedVersions, Log } from "../../src/core/record.ts";
import type { Release } from "../../src/targets/target.ts";

const rules: TypeRules = {
  suffixes: ["example.org"],
  approvals: 0,
  retentionDays: 30,
  quota: { environments: 9, nodes: 9, services: 9, hostnames: 99 },
};

export const platform: Platform = {
  apiVersion: "claimbot/v1",
  kind: "Platform",
  spec: {
    owners: ["commerce/shop"],
    zones: [{ name: "example.org", plan: "business" }],
    types: {
      dev: rules,
      sue: { ...rules, retentionDays: 7 },
      stage: { ...rules, retentionDays: 365 },
      prod: { ...rules, retentionDays: 2555 },
    },
    gateways: { shared: { hostname: "shared.gateways.example.net" }, dedicated: { domain: "gateways.example.net" } },
    registry: { host: "registry.example.org", repository: "services" },
    regions: ["fra"],
    kubernetesVersions: { "1.33": "v1.33.5+1" },
    nodePools: [
      {
        class: "general-public",
        plan: "vc2-4c-8gb",
        maxNodes: 20,
        types: ["dev", "sue", "stage", "prod"],
        labels: { exposure: "public" },
      },
      {
        class: "storage",
        plan: "voc-s-4c-32gb",
        maxNodes: 9,
        types: ["stage", "prod"],
        taints: [{ key: "pool", value: "storage", effect: "NoSchedule" }],
      },
    ],
    components: {
      kong: { chart: "ingress", repository: "https://charts.example.org", version: "0.21.0", sharedNamespace: "kong" },
      elasticsearch: {
        chart: "eck-stack",
        repository: "https://helm.example.org",
        version: "0.16.0",
        sharedNamespace: "elastic",
      },
      opal: { chart: "opal", repository: "oci://registry.example.org/charts", version: "0.0.28", sharedNamespace: "opal" },
      monitoring: {
        chart: "kube-prometheus-stack",
        repository: "https://prometheus.example.org",
        version: "77.12.0",
        sharedNamespace: "monitoring",
        values: { prometheus: { retention: "15d" } },
      },
    },
    secrets: { url: "https://secrets.example.org", project: "static-environments" },
  },
};

export interface Wanted {
  readonly name?: string;
  readonly services?: Claim["spec"]["services"];
  readonly hostnames?: readonly string[];
  readonly versions?: LockedVersions;
  readonly platform?: Platform;
  readonly log?: Log;
  readonly maxNodes?: number;
}

const SERVICES: Claim["spec"]["services"] = [
  {
    name: "shop-web",
    version: "^2.3.0",
    dependsOn: ["shop-api", { name: "mailer", optional: true }],
    values: { replicas: 3, motto: "${yes}: on" },
  },
  { name: "shop-api", version: "~1.4.0", dependsOn: ["ledger-x/ledger"] },
];

export function anEnvironment(type: EnvironmentType, wanted: Wanted = {}): Environment {
  const name = wanted.name ?? `shop-${type}`;
  const claim: Claim = {
    apiVersion: "claimbot/v1",
    kind: "Environment",
    metadata: { name, owner: "commerce/shop" },
    spec: {
      type,
      cluster: {
        region: "fra",
        version: "1.33",
        nodePools: [
          { class: "general-public", min: 1, max: wanted.maxNodes ?? 3 },
          ...(type === "prod" ? [{ class: "storage" as const, min: 2, max: 4 }] : []),
        ],
      },
      services: wanted.services ?? SERVICES,
      dns: { hostnames: [...(wanted.hostnames ?? [`shop.${type}.example.org`])] },
    },
  };
  const versions: LockedVersions = wanted.versions ?? {
    "shop-web": { constraint: "^2.3.0", tag: "2.4.1", digest: `sha256:${"a1".repeat(32)}` },
    "shop-api": { constraint: "~1.4.0" },
  };
  return {
    name,
    type,
    instance: "test",
    wish: {
      claim,
      claimDigest: digestOf(claim),
      blob: digestOf(claim).slice(0, 40),
      path: `environments/${type}/${name}.yaml`,
      platform: wanted.platform ?? platform,
      versions,
    },
    log: wanted.log ?? [],
    zones: ["example.org"],
    retentionDays: (wanted.platform ?? platform).spec.types[type].retentionDays,
  };
}

/** The same environment, to go. */
export function going(environment: Environment, log: Log): Environment {
  return { ...environment, wish: undefined, gone: "removed", log };
}

export const COMMITS = { first: "1".repeat(40), second: "2".repeat(40), third: "3".repeat(40) } as const;

export function releaseOf(environment: Environment, steps: readonly Step[] = [], commit: string = COMMITS.first): Release {
  const plan: Plan = planOf(environment, steps, "inputs", "rules");
  return {
    environment,
    plan,
    planDigest: plan.digest,
    source: {
      project: "platform/static-environments",
      commit,
      path: `environments/${environment.type}/${environment.name}.yaml`,
      blob: "b".repeat(40),
      mergeRequest: 42,
      approvers: ["mara"],
    },
    at: "2026-11-24T08:00:00.000Z",
  };
}
