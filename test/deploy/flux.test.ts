import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import type { Kubernetes, ObjectKind } from "../../src/adapters/flux.ts";
import { bundleKey, renderBundle } from "../../src/core/render/bundle.ts";
import { objectsIn } from "../../src/core/render/bundle/yaml.ts";
import { bucketRevision } from "../../src/targets/flux/verdict.ts";
import { fluxTarget } from "../../src/targets/flux/flux.ts";
import { pointerKey, pointerText, POINTER_NAMESPACE, type Pointer } from "../../src/targets/flux/pointer.ts";
import { anEnvironment } from "../targets/an-environment.ts";

const MANIFEST = readFileSync(new URL("../../deploy/flux/claimbot.yaml", import.meta.url), "utf8");
const objects = objectsIn(MANIFEST);
const found = (kind: string) => objects.filter((object) => object.kind === kind);

/** Refuses nothing, and writes down what it was asked for. */
class Recorder implements Kubernetes {
  readonly asked = new Set<string>();

  async get({ group, plural }: ObjectKind): Promise<unknown> {
    this.asked.add(`get ${plural}.${group}`);
    if (plural !== "kustomizations") return undefined;
    const conditions = [{ type: "Ready", status: "False", reason: "HealthCheckFailed", message: "no" }];
    const claim = { "event.toolkit.fluxcd.io/claim": "shop-dev/00000001" };
    return { metadata: { annotations: claim }, status: { conditions, lastAttemptedRevision: this.revision } };
  }

  async list({ group, plural }: ObjectKind): Promise<readonly unknown[]> {
    this.asked.add(`list ${plural}.${group}`);
    return [];
  }

  revision = "";
}

test("everything lives where the pointers do, and the root is a folder", () => {
  for (const { kind, metadata } of objects.filter(({ kind: each }) => !each.startsWith("Cluster") && each !== "Namespace"))
    expect([kind, metadata.namespace]).toEqual([kind, POINTER_NAMESPACE]);
  expect(found("Kustomization")).toMatchObject([{ spec: { path: "./current", prune: true, wait: false } }]);
  expect(found("Bucket")).toMatchObject([{ spec: { prefix: "current/", secretRef: { name: "static-environments-reader" } } }]);
});

test("claimbot may read what it reads, and nothing else", async () => {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-deploy-"));
  const store = await openDirectoryStore(directory);
  const kubernetes = new Recorder();
  const bucket = { bucketName: "b", endpoint: "minio.example.org", secretName: "s" };
  const target = fluxTarget({ store, bucket, receiver: undefined, kubernetes });
  const environment = anEnvironment("dev", { versions: {} });
  const { name } = environment;
  const { yaml, digest } = renderBundle(environment);
  const signal = AbortSignal.timeout(10_000);
  await store.putNew(bundleKey(name, digest), Buffer.from(yaml));
  const point = async (pointer: Pointer): Promise<void> => {
    const there = await store.read(pointerKey(name));
    await store.replace(pointerKey(name), Buffer.from(pointerText(pointer, bucket)), there?.etag);
  };
  await point({ kind: "release", environment: name, sequence: 1, digest });
  kubernetes.revision = bucketRevision(await store.list(bundleKey(name, digest)));
  await target.observe(environment, signal);
  await point({ kind: "removed", environment: name, sequence: 2 });
  await target.observe(environment, signal);
  await rm(directory, { recursive: true, force: true });

  type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] };
  const allowed = [...found("Role"), ...found("ClusterRole")]
    .flatMap((role) => role["rules"] as unknown as Rule[])
    .flatMap(({ apiGroups, resources, verbs }) =>
      verbs.flatMap((verb) => resources.map((resource) => `${verb} ${resource}.${apiGroups[0]}`)),
    );
  expect(allowed.toSorted()).toEqual([...kubernetes.asked].toSorted());
});

const contracts = new URL("../../../shared/contracts/flux/", import.meta.url);
test.skipIf(!existsSync(contracts))("Flux's own schemas take it", () => {
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  const files = {
    Bucket: "bucket.v1",
    Kustomization: "kustomization.v1",
    Receiver: "receiver.v1",
    Provider: "provider.v1beta3",
    Alert: "alert.v1beta3",
  };
  for (const [kind, file] of Object.entries(files)) {
    const text = readFileSync(new URL(`${file}.json`, contracts), "utf8");
    const { openAPIV3Schema } = JSON.parse(text) as { openAPIV3Schema: { properties: { spec: object } } };
    const check = ajv.compile({ ...openAPIV3Schema.properties.spec, additionalProperties: false });
    const [object] = found(kind);
    expect([kind, check(object?.["spec"]) ? [] : check.errors]).toEqual([kind, []]);
  }
});
