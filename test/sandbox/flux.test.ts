import { createHash, createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { startFlux, webhookPath, type FluxSettings, type SandboxFlux } from "../../src/sandbox/flux.ts";
import type { Listing } from "../../src/sandbox/flux/artifact.ts";

const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const NAMESPACE = "environments";

/** A bucket that tests write to as they like. */
class Bucket implements Listing {
  readonly files = new Map<string, string>();
  listed: () => void = () => {};

  async read(key: string) {
    const text = this.files.get(key);
    return text === undefined ? undefined : { body: Buffer.from(text), etag: md5(text) };
  }

  async list(prefix: string) {
    const found = [...this.files].filter(([key]) => key.startsWith(prefix)).map(([key, text]) => ({ key, etag: md5(text) }));
    this.listed();
    return found;
  }
}

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const configMap = (name: string, data = "1", extra = ""): string =>
  `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${NAMESPACE}${extra}}\ndata: {value: "${data}"}\n`;
const revisionOf = (bucket: Bucket, prefix: string): string => {
  const lines = [...bucket.files].filter(([key]) => key.startsWith(prefix)).map(([key, text]) => `${key} ${md5(text)}\n`);
  return `sha256:${createHash("sha256").update(lines.toSorted().join("")).digest("hex")}`;
};

interface World extends AsyncDisposable {
  readonly bucket: Bucket;
  readonly flux: SandboxFlux;
}

async function aWorld(settings: Partial<FluxSettings> = {}): Promise<World> {
  const bucket = new Bucket();
  const flux = await startFlux({ store: bucket, receiverToken: "s3cret", apiToken: "t0ken", retryMs: 20, ...settings });
  return { bucket, flux, [Symbol.asyncDispose]: async () => flux[Symbol.asyncDispose]() };
}

const sign = (body: string, token = "s3cret", algorithm = "sha256"): string =>
  `${algorithm}=${createHmac(algorithm, token).update(body).digest("hex")}`;
async function call(url: string, body: string, signature: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(url, { method: "POST", body, headers: { "x-signature": signature } });
  return { status: answer.status, body: await answer.text() };
}
const trigger = async (flux: SandboxFlux): Promise<unknown> => call(flux.receiverUrl, "{}", sign("{}"));
const find = (flux: SandboxFlux, kind: string, name: string) =>
  flux.objects().find((each) => each.kind === kind && each.metadata.name === name);
const root = (flux: SandboxFlux) => find(flux, "Kustomization", "current");
const readyOf = (flux: SandboxFlux, name: string) => {
  const conditions = (find(flux, "Kustomization", name)?.status?.["conditions"] ?? []) as {
    type: string;
    status: string;
    reason: string;
    message: string;
  }[];
  return conditions.find(({ type }) => type === "Ready");
};
const stepOf = (flux: SandboxFlux, name: string): string | undefined => {
  const conditions = (find(flux, "Kustomization", name)?.status?.["conditions"] ?? []) as { type: string; message: string }[];
  return conditions.find(({ type }) => type === "Reconciling")?.message;
};
const untilApplied = async (flux: SandboxFlux, name: string, revision: string): Promise<void> =>
  flux.until(() => find(flux, "Kustomization", name)?.status?.["lastAppliedRevision"] === revision);

/** A release of one environment with these manifests, and the pointer to it. */
function publish(bucket: Bucket, release: string, manifests: string, guarded = true): string {
  bucket.files.set(`releases/shop/${release}/bundle.yaml`, manifests);
  const annotations = guarded
    ? "annotations: {kustomize.toolkit.fluxcd.io/prune: disabled, event.toolkit.fluxcd.io/claim: shop/1}"
    : "annotations: {}";
  bucket.files.set(
    "current/shop.yaml",
    `apiVersion: source.toolkit.fluxcd.io/v1
kind: Bucket
metadata: {name: env-shop, namespace: ${NAMESPACE}, ${annotations}}
spec: {prefix: releases/shop/${release}/}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: env-shop, namespace: ${NAMESPACE}, ${annotations}}
spec: {sourceRef: {kind: Bucket, name: env-shop}, path: ./releases/shop/${release}, prune: true, wait: true, deletionPolicy: WaitForTermination}
`,
  );
  return revisionOf(bucket, `releases/shop/${release}/`);
}

describe("the Receiver", () => {
  const cases: readonly [string, (flux: SandboxFlux) => Promise<{ status: number; body: string }>, number][] = [
    ["a signed call", async ({ receiverUrl }) => call(receiverUrl, "{}", sign("{}")), 200],
    ["sha512", async ({ receiverUrl }) => call(receiverUrl, "{}", sign("{}", "s3cret", "sha512")), 200],
    ["no signature", async ({ receiverUrl }) => call(receiverUrl, "{}", ""), 400],
    ["another key", async ({ receiverUrl }) => call(receiverUrl, "{}", sign("{}", "other")), 400],
    ["other bytes", async ({ receiverUrl }) => call(receiverUrl, "{ }", sign("{}")), 400],
    ["md5", async ({ receiverUrl }) => call(receiverUrl, "{}", sign("{}", "s3cret", "md5")), 400],
    ["a query", async ({ receiverUrl }) => call(`${receiverUrl}?a=1`, "{}", sign("{}")), 404],
    ["another path", async ({ url }) => call(`${url}/hook/${"0".repeat(64)}`, "{}", sign("{}")), 404],
    ["more than 3 MiB", async ({ receiverUrl }) => call(receiverUrl, "x".repeat(3 * 1024 * 1024 + 1), ""), 413],
  ];
  test.each(cases)("answers %s", async (_, send, status) => {
    await using world = await aWorld();
    expect(await send(world.flux)).toMatchObject({ status });
  });

  test("answers nothing but that it was told", async () => {
    await using world = await aWorld();
    expect(await call(world.flux.receiverUrl, "{}", sign("{}"))).toEqual({ status: 200, body: "" });
  });

  const vectors = new URL("../../../shared/fixtures/flux/vectors.json", import.meta.url);
  test.skipIf(!existsSync(vectors))("has the path that the real one has", () => {
    const { receiverPath } = JSON.parse(readFileSync(vectors, "utf8")) as {
      receiverPath: { token: string; name: string; namespace: string; webhookPath: string }[];
    };
    for (const { token, name, namespace, webhookPath: expected } of receiverPath)
      expect(webhookPath(token, name, namespace)).toBe(expected);
  });
});

describe("a reconciliation", () => {
  test("builds what the pointer points to, at the revision that can be computed", async () => {
    await using world = await aWorld();
    const revision = publish(world.bucket, "a", configMap("settings"));
    expect(find(world.flux, "ConfigMap", "settings")).toBeUndefined();
    await trigger(world.flux);
    await untilApplied(world.flux, "env-shop", revision);
    expect(find(world.flux, "ConfigMap", "settings")).toMatchObject({ data: { value: "1" } });
    expect(readyOf(world.flux, "env-shop")).toMatchObject({ status: "True", reason: "ReconciliationSucceeded" });
  });

  test("prunes what the next release no longer holds, but for what is marked", async () => {
    await using world = await aWorld();
    const marked = ", annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}";
    await untilTriggered(world, publish(world.bucket, "a", configMap("one") + configMap("two") + configMap("kept", "1", marked)));
    await untilTriggered(world, publish(world.bucket, "b", configMap("one", "2")));
    expect(["one", "two", "kept"].map((name) => find(world.flux, "ConfigMap", name) !== undefined)).toEqual([true, false, true]);
    expect(world.flux.events.some((event) => event.includes("ConfigMap/environments/kept skipped"))).toBe(true);
  });

  test("meets the old artifact at a switch: a failure that passes, and prunes nothing", async () => {
    await using world = await aWorld();
    const first = publish(world.bucket, "a", configMap("one"));
    await untilTriggered(world, first);
    await untilTriggered(world, publish(world.bucket, "b", configMap("one")));
    const failures = world.flux.events.map((event) => JSON.parse(event) as Event).filter(({ severity }) => severity === "error");
    expect(failures.map(({ reason, metadata }) => [reason, metadata["revision"]])).toEqual([["ArtifactFailed", first]]);
    expect(failures[0]?.message).toMatch(/^kustomization path not found: stat /);
  });

  test("with a path that is not there fails, and prunes nothing", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", configMap("one")));
    publish(world.bucket, "b", "");
    world.bucket.files.delete("releases/shop/b/bundle.yaml");
    await trigger(world.flux);
    await world.flux.until(
      () =>
        find(world.flux, "Bucket", "env-shop")?.status?.["artifact"] !== undefined &&
        JSON.stringify(find(world.flux, "Bucket", "env-shop")).includes(EMPTY),
    );
    expect(readyOf(world.flux, "env-shop")).toMatchObject({ status: "False", reason: "ArtifactFailed" });
    expect(find(world.flux, "ConfigMap", "one")).toBeDefined();
  });

  test("of an empty listing of pointers deletes no environment", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", configMap("one")));
    world.bucket.files.delete("current/shop.yaml");
    await trigger(world.flux);
    await world.flux.until(() => readyOf(world.flux, "current")?.reason === "ArtifactFailed");
    world.bucket.files.set("current/other.yaml", configMap("other"));
    await trigger(world.flux);
    await untilApplied(world.flux, "current", revisionOf(world.bucket, "current/"));
    expect(find(world.flux, "ConfigMap", "one")).toBeDefined();
    expect(find(world.flux, "Kustomization", "env-shop")).toBeDefined();
  });

  test.each([
    ["two objects of one identity", configMap("one") + configMap("one"), "BuildFailed", "already registered id"],
    ["a file of another format", "claim: {}\n", "BuildFailed", "failed to decode"],
    [
      "an unknown kind",
      "apiVersion: v1\nkind: Castle\nmetadata: {name: x, namespace: environments}\n",
      "ReconciliationFailed",
      "no matches for kind",
    ],
    [
      "a namespace that is not there",
      configMap("one").replace("namespace: environments", "namespace: nowhere"),
      "ReconciliationFailed",
      "not found",
    ],
  ])("of %s fails as a whole", async (_, manifests, reason, message) => {
    await using world = await aWorld();
    const revision = publish(world.bucket, "a", manifests);
    await trigger(world.flux);
    await world.flux.until(() => readyOf(world.flux, "env-shop")?.reason === reason);
    expect(readyOf(world.flux, "env-shop")?.message).toContain(message);
    expect(find(world.flux, "Kustomization", "env-shop")?.status).toMatchObject({ lastAttemptedRevision: revision });
    expect(find(world.flux, "Kustomization", "env-shop")?.status).not.toHaveProperty("lastAppliedRevision");
  });

  test("takes a mixture that never existed, when somebody writes between listing and fetching", async () => {
    await using world = await aWorld();
    world.bucket.files.set("current/a.yaml", configMap("a"));
    world.bucket.files.set("current/b.yaml", configMap("b"));
    world.bucket.listed = () => void world.bucket.files.set("current/b.yaml", configMap("b", "2"));
    await trigger(world.flux);
    await world.flux.until(() => find(world.flux, "ConfigMap", "b") !== undefined);
    expect(find(world.flux, "ConfigMap", "b")).toMatchObject({ data: { value: "2" } });
  });

  test("gives up on health after its time, and tries again", async () => {
    await using world = await aWorld({ healthTimeoutMs: 30 });
    const cluster = `---\napiVersion: platform.claimbot.dev/v1alpha1\nkind: KubernetesCluster\nmetadata: {name: shop, namespace: ${NAMESPACE}}\nspec: {deletionProtection: true}\n`;
    const goOn = world.flux.holdBuild("shop/cluster");
    const revision = publish(world.bucket, "a", cluster);
    await trigger(world.flux);
    await world.flux.until(() => readyOf(world.flux, "env-shop")?.reason === "HealthCheckFailed");
    expect(find(world.flux, "Kustomization", "env-shop")?.status).not.toHaveProperty("lastAppliedRevision");
    goOn();
    await untilApplied(world.flux, "env-shop", revision);
  });
});

describe("what was Ready before", () => {
  const ANNOTATION = "claimbot.dev/artifact";
  const service = (digit: string): string => `---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: api, namespace: ${NAMESPACE}}
spec: {url: oci://registry.example.org/api, ref: {digest: "sha256:${digit.repeat(64)}"}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: api, namespace: ${NAMESPACE}, annotations: {${ANNOTATION}: "sha256:${digit.repeat(64)}"}}
spec: {sourceRef: {kind: OCIRepository, name: api}, path: ./deploy}
`;

  test("of another version does not count: a service is built again, from the artifact that is wanted now", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", service("1")));
    const goOn = world.flux.holdBuild("shop/api");
    const goOnByNamespace = world.flux.holdBuild("api/api");
    const second = publish(world.bucket, "b", service("2"));
    await trigger(world.flux);
    await world.flux.until(() => readyOf(world.flux, "api")?.status === "Unknown");
    expect(find(world.flux, "Kustomization", "env-shop")?.status?.["lastAppliedRevision"]).not.toBe(second);
    goOn();
    goOnByNamespace();
    await untilApplied(world.flux, "env-shop", second);
    expect(find(world.flux, "Kustomization", "api")).toMatchObject({
      metadata: { generation: 1 },
      status: { lastAppliedRevision: `sha256:${"2".repeat(64)}` },
    });
  });

  test("of a cluster before its change does not count either", async () => {
    await using world = await aWorld();
    const cluster = (nodes: number): string =>
      `---\napiVersion: platform.claimbot.dev/v1alpha1\nkind: KubernetesCluster\nmetadata: {name: shop, namespace: ${NAMESPACE}}\nspec: {nodes: ${nodes}}\n`;
    await untilTriggered(world, publish(world.bucket, "a", cluster(1)));
    const goOn = world.flux.holdBuild("shop/cluster");
    const second = publish(world.bucket, "b", cluster(2));
    await trigger(world.flux);
    await world.flux.until(() => stepOf(world.flux, "env-shop")?.startsWith("Running health checks") === true);
    expect(readyOf(world.flux, "env-shop")).toMatchObject({ status: "Unknown", message: "Reconciliation in progress" });
    goOn();
    await untilApplied(world.flux, "env-shop", second);
  });
});

describe("a deletion", () => {
  const cluster = (isProtected: boolean): string =>
    `---\napiVersion: platform.claimbot.dev/v1alpha1\nkind: KubernetesCluster\nmetadata: {name: shop, namespace: ${NAMESPACE}}\nspec: {deletionProtection: ${isProtected}}\n`;
  const remove = (bucket: Bucket): void => void bucket.files.set("current/shop.yaml", configMap("env-shop-removed"));

  test("is refused while the cluster is protected", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", cluster(true) + configMap("one"), false));
    remove(world.bucket);
    await trigger(world.flux);
    await world.flux.until(() => world.flux.events.some((event) => event.includes("is protected from deletion")));
    expect(find(world.flux, "KubernetesCluster", "shop")).toBeDefined();
    expect(find(world.flux, "Kustomization", "env-shop")?.metadata.deletionTimestamp).toBeDefined();
  });

  test("skips a pointer that is still guarded", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", cluster(false)));
    remove(world.bucket);
    await trigger(world.flux);
    await untilApplied(world.flux, "current", revisionOf(world.bucket, "current/"));
    expect(find(world.flux, "Kustomization", "env-shop")?.metadata.deletionTimestamp).toBeUndefined();
  });

  test("lets go of the cluster's object at once, and of what it was made of later", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", cluster(false), false));
    const goOn = world.flux.holdBuild("shop/teardown");
    remove(world.bucket);
    await trigger(world.flux);
    await world.flux.until(() => find(world.flux, "Kustomization", "env-shop") === undefined);
    expect(find(world.flux, "KubernetesCluster", "shop")).toBeUndefined();
    expect(find(world.flux, "NodePools", "shop")?.metadata.deletionTimestamp).toBeDefined();
    goOn();
    await world.flux.until(() => find(world.flux, "NodePools", "shop") === undefined);
    expect(find(world.flux, "ConfigMap", "env-shop-removed")).toBeDefined();
  });
});

interface Event {
  readonly severity: string;
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

async function untilTriggered(world: World, revision: string): Promise<void> {
  await trigger(world.flux);
  await untilApplied(world.flux, "env-shop", revision);
}

describe("events", () => {
  test("are posted as Flux posts them, signed over the bytes", async () => {
    const received: { headers: Record<string, unknown>; body: string }[] = [];
    const inbox = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => {
      inbox.listen(0, "127.0.0.1", resolve);
    });
    const { port } = inbox.address() as AddressInfo;
    {
      await using world = await aWorld({ eventsUrl: `http://127.0.0.1:${port}/webhooks/flux`, eventsToken: "event-key" });
      await untilTriggered(world, publish(world.bucket, "a", configMap("one")));
      await world.flux.until(() =>
        world.flux.events.some((event) => event.includes("commit_status") && event.includes("env-shop")),
      );
    }
    inbox.close();
    for (const { headers, body } of received) {
      expect(headers["x-signature"]).toBe(sign(body, "event-key"));
      expect(headers["gotk-component"]).toBe((JSON.parse(body) as { reportingController: string }).reportingController);
    }
    const last = received
      .map(({ body }) => body)
      .findLast((body) => body.includes('"name":"env-shop"') && body.includes("commit_status"));
    expect(Object.keys(JSON.parse(last ?? "{}") as object)).toEqual([
      "involvedObject",
      "severity",
      "timestamp",
      "message",
      "reason",
      "metadata",
      "reportingController",
      "reportingInstance",
    ]);
    expect((JSON.parse(last ?? "{}") as Event).metadata).toMatchObject({ claim: "shop/1", commit_status: "update" });
  });

  test("do not come twice, nor do they stop anything when nobody takes them", async () => {
    await using world = await aWorld({ eventsUrl: "http://127.0.0.1:1/", eventsToken: "x" });
    const revision = publish(world.bucket, "a", configMap("one"));
    await untilTriggered(world, revision);
    const stored = world.flux.events.filter((event) => event.includes("NewArtifact") && event.includes("env-shop"));
    expect(stored).toHaveLength(1);
  });
});

describe("the Kubernetes API", () => {
  const get = async (flux: SandboxFlux, path: string, token = "t0ken"): Promise<{ status: number; text: string }> => {
    const answer = await fetch(flux.url + path, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, text: await answer.text() };
  };
  const KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/environments/kustomizations";

  test("answers one object, a list by label, and Status objects for what is not there or not allowed", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", configMap("one")));
    expect(JSON.parse((await get(world.flux, `${KUSTOMIZATIONS}/env-shop`)).text)).toMatchObject({
      kind: "Kustomization",
      status: { observedGeneration: 1 },
    });
    expect(JSON.parse((await get(world.flux, KUSTOMIZATIONS)).text)).toMatchObject({
      kind: "KustomizationList",
      items: [{ metadata: { name: "current" } }, { metadata: { name: "env-shop" } }],
    });
    expect(JSON.parse((await get(world.flux, `${KUSTOMIZATIONS}?labelSelector=a%3Db`)).text)).toMatchObject({ items: [] });
    const missing = await get(world.flux, `${KUSTOMIZATIONS}/nobody`);
    expect(missing.status).toBe(404);
    expect(JSON.parse(missing.text)).toMatchObject({ kind: "Status", reason: "NotFound", code: 404 });
    expect(await get(world.flux, "/apis/example.org/v1/namespaces/environments/castles")).toEqual({
      status: 404,
      text: "404 page not found\n",
    });
    expect((await get(world.flux, `${KUSTOMIZATIONS}/env-shop`, "wrong")).status).toBe(401);
  });

  const contract = new URL("../../../shared/contracts/flux/kustomization.v1.json", import.meta.url);
  test.skipIf(!existsSync(contract))("shows a status as the real one's schema has it", async () => {
    await using world = await aWorld();
    await untilTriggered(world, publish(world.bucket, "a", configMap("one")));
    const { openAPIV3Schema } = JSON.parse(readFileSync(contract, "utf8")) as {
      openAPIV3Schema: { properties: { status: object } };
    };
    const ajv = new Ajv({ strict: false });
    addFormats.default(ajv);
    const check = ajv.compile({ ...openAPIV3Schema.properties.status, additionalProperties: false });
    expect(check(find(world.flux, "Kustomization", "env-shop")?.status) ? [] : check.errors).toEqual([]);
    expect(root(world.flux)?.status).toHaveProperty("inventory");
  });
});
