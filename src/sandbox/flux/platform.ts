/** What a platform team has applied before claimbot comes: namespaces, and the root that reads `current/`. */
import type { LiveObject } from "./cluster.ts";

const NAMESPACES = ["environments", "kong", "elastic", "opal", "monitoring"];

export const PLATFORM: readonly LiveObject[] = [
  ...NAMESPACES.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
  {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "Bucket",
    metadata: { name: "current", namespace: "environments" },
    spec: { prefix: "current/", interval: "1h" },
  },
  {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "current", namespace: "environments" },
    spec: { sourceRef: { kind: "Bucket", name: "current" }, path: "./current", prune: true, wait: false },
  },
];
