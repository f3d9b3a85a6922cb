/** Plans as the targets make them, from what an environment was to what it should be: for the tests of what people read. */
import type { Claim } from "../../../src/core/claim/claim.generated.ts";
import type { Platform } from "../../../src/core/claim/platform.generated.ts";
import type { Environment, EnvironmentType } from "../../../src/core/environment.ts";
import type { Contested } from "../../../src/core/contested.ts";
import { digestOf } from "../../../src/core/json.ts";
import { planOf, type Plan, type Step, type TargetName } from "../../../src/core/plan.ts";
import type { LockedVersions, LogRecord } from "../../../src/core/record.ts";
import { diffResources, type Resources } from "../../../src/core/resource.ts";
import { desiredRecord } from "../../../src/targets/claim-store/model.ts";
import { desiredEnvironment } from "../../../src/targets/deployment/model.ts";
import { desiredRecords } from "../../../src/targets/dns/model.ts";
import { desiredObjects } from "../../../src/targets/flux/model.ts";
import { desiredRules } from "../../../src/targets/waf/model.ts";
import { platform } from "../../targets/an-environment.ts";

type Spec = Claim["spec"];

/** The platform of these notes: prod wants two approvals, stage one, and everybody a baseline of the firewall. */
export const rules: Platform = {
  ...platform,
  spec: {
    ...platform.spec,
    types: {
      ...platform.spec.types,
      sue: { ...platform.spec.types.sue, expiry: { ttl: "24h", maximum: "72h" } },
      stage: { ...platform.spec.types.stage, approvals: 1 },
      prod: { ...platform.spec.types.prod, approvals: 2 },
    },
    waf: {
      baseline: [
        { key: "dotfiles", description: "Nobody needs dot files", expression: 'http.request.uri.path contains "/."' },
        { key: "methods", description: "Methods that nobody uses", expression: 'http.request.method in {"TRACE" "CONNECT"}' },
      ],
    },
  },
};

export interface Wanted {
  readonly services?: Spec["services"];
  readonly versions?: LockedVersions;
  readonly hostnames?: readonly string[];
  readonly pools?: Spec["cluster"]["nodePools"];
  readonly waf?: Spec["waf"];
}

const SERVICES: Spec["services"] = [
  { name: "shop-web", version: "^2.3.0", values: { replicas: 3 } },
  { name: "shop-api", version: "~1.4.0" },
];
const VERSIONS: LockedVersions = {
  "shop-web": { constraint: "^2.3.0", tag: "2.3.1", digest: `sha256:${"a1".repeat(32)}` },
  "shop-api": { constraint: "~1.4.0", tag: "1.4.7", digest: `sha256:${"b2".repeat(32)}` },
};

export function wanting(name: string, type: EnvironmentType, wanted: Wanted = {}): Environment {
  const claim: Claim = {
    apiVersion: "claimbot/v1",
    kind: "Environment",
    metadata: { name, owner: "commerce/shop" },
    spec: {
      type,
      cluster: { region: "fra", version: "1.33", nodePools: wanted.pools ?? [{ class: "general-public", min: 2, max: 6 }] },
      services: wanted.services ?? SERVICES,
      dns: { hostnames: [...(wanted.hostnames ?? [`shop.${type}.example.org`])] },
      ...(wanted.waf && { waf: wanted.waf }),
    },
  };
  const wish = {
    claim,
    claimDigest: digestOf(claim),
    blob: "b".repeat(40),
    path: `environments/${type}/${name}.yaml`,
    platform: rules,
    versions: wanted.versions ?? VERSIONS,
  };
  return { name, type, instance: "test", wish, log: [], zones: ["example.org"], retentionDays: 30 };
}

const DESIRED: Readonly<Record<TargetName, (environment: Environment) => Resources>> = {
  "claim-store": desiredRecord,
  flux: desiredObjects,
  waf: desiredRules,
  dns: desiredRecords,
  deployment: desiredEnvironment,
};
const TARGETS = Object.keys(DESIRED) as readonly TargetName[];

export interface Seen {
  readonly pending?: Partial<Record<TargetName, readonly string[]>>;
  readonly contested?: Partial<Record<TargetName, readonly Contested[]>>;
  readonly missing?: Partial<Record<TargetName, string>>;
}

/** A record that somebody made by hand where an environment wants its own. */
export function takenName(name: string, content = "192.0.2.9", remark = "is not ours"): Contested {
  const wayOut = `Delete it at Cloudflare, or take ${name} out of the claim.`;
  return { key: `A ${name}`, content, remark, blocks: { key: `CNAME ${name}`, wayOut } };
}

/** From `before` (undefined: it was never there) to `now` (undefined: it is to go). */
export function planBetween(
  before: Environment | undefined,
  now: Environment | undefined,
  { pending = {}, contested = {}, missing = {} }: Seen = {},
): Plan {
  const any = (now ?? before)!;
  const environment: Environment = {
    ...any,
    ...(now === undefined && { wish: undefined, gone: "removed" }),
    log: before === undefined ? [] : [publicationOf(before)],
  };
  const steps = TARGETS.map((target): Step => {
    const reason = missing[target];
    if (reason !== undefined) return { target, missing: reason };
    const changes = diffResources(before ? DESIRED[target](before) : [], now ? DESIRED[target](now) : []);
    return { target, changes, pending: pending[target] ?? [], contested: contested[target] ?? [] };
  });
  return planOf(environment, steps, "1".repeat(64), "2".repeat(64));
}

function publicationOf({ name, wish }: Environment): LogRecord {
  const { claim, claimDigest, versions } = wish!;
  const source = { project: "local", commit: "1".repeat(40), path: "", blob: "b".repeat(40), approvers: [] };
  const base = { environment: name, sequence: 1, at: "2026-11-24T08:00:00.000Z", source, planDigest: "0".repeat(64) };
  return { ...base, kind: "Publication", claim, claimDigest, versions, releaseDigest: "0".repeat(64) };
}

/** The three of EXAMPLES.md: one new, one changed in prod, one removed. */
export const shopSue = planBetween(undefined, wanting("shop-sue", "sue"));
const paymentsBefore = wanting("payments-prod", "prod", {
  hostnames: ["pay.example.org", "old-pay.example.org"],
  services: [
    { name: "payments-api", version: "^2.3.0", values: { replicas: 3 } },
    { name: "receipts", version: "^1.0.0" },
  ],
  versions: {
    "payments-api": { constraint: "^2.3.0", tag: "2.3.1", digest: `sha256:${"9f".repeat(32)}` },
    receipts: { constraint: "^1.0.0", tag: "1.0.2", digest: `sha256:${"c3".repeat(32)}` },
  },
  waf: {
    mode: "block",
    allowCountries: ["DE", "FR"],
    rateLimits: [{ key: "login", path: "/login", requests: 20, periodSeconds: 60 }],
  },
});
export const paymentsProd = planBetween(
  paymentsBefore,
  wanting("payments-prod", "prod", {
    hostnames: ["pay.example.org", "checkout.example.org"],
    pools: [{ class: "general-public", min: 2, max: 10 }],
    services: [{ name: "payments-api", version: "^2.3.0", values: { replicas: 5, flags: { fast: true } } }],
    versions: { "payments-api": { constraint: "^2.3.0", tag: "2.4.0", digest: `sha256:${"d4".repeat(32)}` } },
    waf: {
      mode: "challenge",
      allowCountries: ["DE", "FR"],
      rules: [
        {
          key: "admin",
          description: "No admin pages from outside",
          expression: 'http.request.uri.path contains "/admin"',
          action: "block",
        },
      ],
      rateLimits: [{ key: "login", path: "/login", requests: 5, periodSeconds: 60 }],
    },
  }),
);
export const ledgerOld = planBetween(wanting("ledger-old", "dev", { hostnames: ["ledger-old.dev.example.org"] }), undefined);
export const shopStage = planBetween(undefined, wanting("shop-stage", "stage", { waf: { allowCountries: ["DE"] } }));
export const nothing = planBetween(wanting("shop-dev", "dev"), wanting("shop-dev", "dev"));
export { paymentsBefore };
