import { existsSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { objectsIn } from "../../../src/core/render/bundle/yaml.ts";
import { parsePointer, pointerText, type BucketAddress, type Pointer } from "../../../src/targets/flux/pointer.ts";
import { COMMITS } from "../an-environment.ts";

const BUCKET: BucketAddress = {
  bucketName: "static-environments",
  endpoint: "minio.example.org",
  secretName: "static-environments-reader",
};
const DIGEST = "9f".repeat(32);
const POINTER: Pointer = {
  kind: "release",
  environment: "shop-dev",
  sequence: 7,
  digest: DIGEST,
  commit: COMMITS.first,
  mergeRequest: 42,
};
const DISARMED: Pointer = { ...POINTER, digest: "0a".repeat(32), disarms: { digest: DIGEST, at: "2026-11-24T08:00:00.000Z" } };
const REMOVED: Pointer = { kind: "removed", environment: "shop-dev", sequence: 8 };

const objects = (pointer: Pointer) => objectsIn(pointerText(pointer, BUCKET));

describe("the pointer", () => {
  test.each([POINTER, DISARMED, REMOVED, { kind: "release", environment: "shop-dev", sequence: 1, digest: DIGEST } as const])(
    "reads back: %j",
    (pointer) => {
      expect(parsePointer(pointerText(pointer, BUCKET))).toEqual(pointer);
    },
  );

  test("is one Bucket and one Kustomization, both pointing into the same release and neither at the root", () => {
    const [bucket, kustomization, ...more] = objects(POINTER);
    expect(more).toEqual([]);
    expect(bucket).toMatchObject({ kind: "Bucket", spec: { prefix: `releases/shop-dev/${DIGEST}/` } });
    expect(kustomization).toMatchObject({
      kind: "Kustomization",
      metadata: { name: "env-shop-dev", namespace: "environments" },
      spec: { path: `./releases/shop-dev/${DIGEST}`, prune: true, deletionPolicy: "WaitForTermination", wait: true },
    });
  });

  test("asks whether what is Ready is Ready of what is wanted now, and ends early where a service cannot be built", () => {
    const [, kustomization] = objects(POINTER);
    const spec = kustomization?.["spec"] as { healthCheckExprs: Record<string, string>[] } | undefined;
    const healthCheckExprs = spec?.healthCheckExprs ?? [];
    expect(healthCheckExprs.map(({ kind }) => kind)).toEqual(["KubernetesCluster", "Kustomization"]);
    const [cluster, service] = healthCheckExprs;
    expect(cluster?.["current"]).toContain("c.?observedGeneration.orValue(metadata.generation) >= metadata.generation");
    expect(service?.["current"]).toContain("metadata.?annotations[?'claimbot.dev/artifact']");
    expect(service?.["failed"]).toContain("c.reason in ['BuildFailed', 'ReconciliationFailed']");
  });

  test("is guarded from being pruned until it is disarmed", () => {
    const guards = (pointer: Pointer) =>
      objects(pointer).map(({ metadata }) => metadata.annotations?.["kustomize.toolkit.fluxcd.io/prune"]);
    expect(guards(POINTER)).toEqual(["disabled", "disabled"]);
    expect(guards(DISARMED)).toEqual([undefined, undefined]);
  });

  test("carries record, commit and merge request into Flux's events, and no secret", () => {
    expect(objects(POINTER)[1]?.metadata.annotations).toMatchObject({
      "event.toolkit.fluxcd.io/claim": "shop-dev/00000007",
      "event.toolkit.fluxcd.io/commit": `sha1:${COMMITS.first}`,
      "event.toolkit.fluxcd.io/change_request": "42",
    });
  });

  test("leaves one mark in its place when the environment is removed", () => {
    expect(objects(REMOVED)).toMatchObject([{ kind: "ConfigMap", metadata: { name: "env-shop-dev-removed" } }]);
  });

  test.each([
    "",
    "a: [",
    "kind: Namespace",
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
    pointerText(POINTER, BUCKET).replaceAll(DIGEST, "short"),
  ])("is not read from %j", (text) => {
    expect(parsePointer(text)).toBeUndefined();
  });

  const contracts = new URL("../../../../shared/contracts/flux/", import.meta.url);
  test.skipIf(!existsSync(contracts))("is accepted by Flux's own schemas", () => {
    const ajv = new Ajv({ strict: false });
    addFormats.default(ajv);
    for (const object of [...objects(POINTER), ...objects(DISARMED)]) {
      const text = readFileSync(new URL(`${object.kind.toLowerCase()}.v1.json`, contracts), "utf8");
      const { openAPIV3Schema } = JSON.parse(text) as { openAPIV3Schema: { properties: { spec: object } } };
      const check = ajv.compile({ ...openAPIV3Schema.properties.spec, additionalProperties: false });
      expect(check(object["spec"]) ? [] : check.errors).toEqual([]);
    }
  });
});
