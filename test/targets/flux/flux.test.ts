import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDirectoryStore } from "../../../src/adapters/directory-store.ts";
import { openKubernetes, openReceiver } from "../../../src/adapters/flux.ts";
import type { Environment } from "../../../src/core/environment.ts";
import type { Step } from "../../../src/core/plan.ts";
import type { ObjectStore } from "../../../src/core/ports.ts";
import { bundleKey, renderBundle } from "../../../src/core/render/bundle.ts";
import type { Log } from "../../../src/core/record.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startFlux, type FluxSettings, type SandboxFlux } from "../../../src/sandbox/flux.ts";
import { claimStoreTarget, readLog } from "../../../src/targets/claim-store/claim-store.ts";
import { fluxTarget } from "../../../src/targets/flux/flux.ts";
import { pointerText } from "../../../src/targets/flux/pointer.ts";
import { planEnvironment, rollout } from "../../../src/targets/reconcile.ts";
import type { Target } from "../../../src/targets/target.ts";
import { anEnvironment, COMMITS, going, releaseOf } from "../an-environment.ts";

const signal = new AbortController().signal;
const BUCKET = { bucketName: "static-environments", endpoint: "minio.example.org", secretName: "reader" };
const READY_SERVICES = [
  { name: "shop-web", version: "1.0.0", dependsOn: ["shop-api"] },
  { name: "shop-api", version: "1.0.0" },
];
const shop = (maxNodes = 3): Environment => anEnvironment("dev", { services: READY_SERVICES, versions: {}, maxNodes });

interface World extends AsyncDisposable {
  readonly store: ObjectStore;
  readonly flux: SandboxFlux;
  readonly target: Target;
  /** One job: reads the log, plans, rolls out; the message of what it waits for, or "settled". */
  release(wanted: Environment, commit?: string): Promise<string>;
  /** The same by a job that dies before it tells Flux. */
  releaseUntold(wanted: Environment): Promise<string>;
  log(): Promise<Log>;
}

async function aWorld(settings: Partial<FluxSettings> & { readonly blind?: boolean } = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-flux-"));
  const store = await openDirectoryStore(directory);
  const flux = await startFlux({ store, receiverToken: "r3ceiver", apiToken: "t0ken", ...settings });
  const kubernetes = settings.blind ? undefined : openKubernetes({ url: flux.url, token: new Secret("t0ken") });
  const receiver = openReceiver({ url: flux.receiverUrl, token: new Secret("r3ceiver") });
  const target = fluxTarget({ store, bucket: BUCKET, receiver, kubernetes });
  const untold = fluxTarget({ store, bucket: BUCKET, receiver: undefined, kubernetes });
  const releaseBy = async (last: Target, wanted: Environment, commit: string = COMMITS.first): Promise<string> => {
    const targets = [claimStoreTarget(store), last] as readonly Target[];
    const environment = { ...wanted, log: await readLog(store, wanted.name) };
    try {
      const plan = await planEnvironment(targets, environment, { inputs: "i", rules: "r" }, signal);
      const made = { ...releaseOf(environment, [], commit), plan, planDigest: plan.digest };
      await rollout(targets, made, async () => {}, signal);
      return "settled";
    } catch (error) {
      if (error instanceof Error) return `${error.name}: ${error.message}`;
      throw error;
    }
  };
  return {
    store,
    flux,
    target,
    log: async () => readLog(store, "shop-dev"),
    release: async (wanted, commit) => releaseBy(target, wanted, commit),
    releaseUntold: async (wanted) => releaseBy(untold, wanted),
    async [Symbol.asyncDispose]() {
      await flux[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const pointerOf = (flux: SandboxFlux) =>
  flux.objects().find(({ kind, metadata }) => kind === "Kustomization" && metadata.name === "env-shop-dev");
const isReady = (flux: SandboxFlux, claim: string): boolean => {
  const pointer = pointerOf(flux);
  const conditions = (pointer?.status?.["conditions"] ?? []) as { type: string; status: string }[];
  const isOurs = pointer?.metadata.annotations?.["event.toolkit.fluxcd.io/claim"] === claim;
  return (
    isOurs &&
    pointer.status?.["observedGeneration"] === pointer.metadata.generation &&
    conditions.some(({ type, status }) => type === "Ready" && status === "True")
  );
};
const inEnvironment = (flux: SandboxFlux) =>
  flux.objects().filter(({ metadata }) => metadata.namespace === "env-shop-dev" || metadata.name === "env-shop-dev");

/** Releases again and again, each time after something has changed in the cluster, as the queue would. */
async function untilSettled(world: World, wanted: Environment, commit?: string): Promise<readonly string[]> {
  const said: string[] = [];
  for (let run = 0; run < 40; run += 1) {
    const outcome = await world.release(wanted, commit);
    if (outcome !== said.at(-1)) said.push(outcome);
    if (outcome === "settled" || outcome.startsWith("Stalled")) return said;
    let changes = 0;
    // Two changes, or none for a while: then this run's observation was the last word of the cluster.
    const moved = world.flux.until(() => (changes += 1) > 2, 300);
    await Promise.allSettled([moved]);
  }
  return [...said, "never settled"];
}

describe("publishing", () => {
  test("tells Flux again where the one who moved the pointer died before", async () => {
    await using world = await aWorld();
    expect(await world.releaseUntold(shop())).toContain("Flux has not taken up the pointer yet");
    expect(pointerOf(world.flux)).toBeUndefined();
    expect((await untilSettled(world, shop())).at(-1)).toBe("settled");
  });

  test("builds what the record says, and is settled when Flux has applied exactly that", async () => {
    await using world = await aWorld();
    const said = await untilSettled(world, shop());
    expect(said.at(-1)).toBe("settled");
    const [record] = await world.log();
    expect(pointerOf(world.flux)?.metadata.annotations).toMatchObject({
      "claimbot.dev/release": renderBundle(shop()).digest,
      "event.toolkit.fluxcd.io/claim": "shop-dev/00000001",
    });
    expect(record).toMatchObject({ sequence: 1, releaseDigest: renderBundle(shop()).digest });
    const applied = renderBundle(shop()).objects.every(({ kind, metadata }) =>
      world.flux
        .objects()
        .some(
          (live) => live.kind === kind && live.metadata.name === metadata.name && live.metadata.namespace === metadata.namespace,
        ),
    );
    expect(applied).toBe(true);
  });

  test("is repeated without any further effect", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    const before = await world.store.list("");
    world.flux.faults.requests.length = 0;
    expect(await world.release(shop())).toBe("settled");
    expect(await world.store.list("")).toEqual(before);
    expect(world.flux.faults.requests.filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("waits while Flux builds, whatever was ready before", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    const goOn = world.flux.holdBuild("shop-dev");
    expect(await world.release(shop(5), COMMITS.second)).toMatch(/^Waiting: flux: /);
    expect(await world.release(shop(5), COMMITS.second)).toMatch(/^Waiting: flux: /);
    goOn();
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000002"));
    expect(await world.release(shop(5), COMMITS.second)).toBe("settled");
    const cluster = world.flux.objects().find(({ kind }) => kind === "KubernetesCluster");
    expect(cluster?.spec).toMatchObject({ nodePools: [{ maxNodes: 5 }] });
  });

  test("stops with Flux's own words when the build fails, and goes on once it is mended", async () => {
    await using world = await aWorld({ retryMs: 20 });
    world.flux.failBuild("shop-dev", {
      reason: "ReconciliationFailed",
      message: "Deployment/shop-web dry-run failed: quota exceeded",
    });
    const said = await untilSettled(world, shop());
    expect(said.at(-1)).toContain(
      "Stalled: Flux cannot build shop-dev: ReconciliationFailed: Deployment/shop-web dry-run failed: quota exceeded",
    );
    world.flux.mendBuild("shop-dev");
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000001"));
    expect(await world.release(shop())).toBe("settled");
  });

  test("says why a service cannot be built, as soon as it cannot", async () => {
    await using world = await aWorld({ retryMs: 20 });
    const pinned = (digit: string): Environment =>
      anEnvironment("dev", {
        services: READY_SERVICES,
        versions: { "shop-api": { constraint: "1.0.0", tag: "1.0.0", digest: `sha256:${digit.repeat(64)}` } },
      });
    await untilSettled(world, pinned("1"));
    world.flux.failBuild("shop-dev/shop-api", { reason: "ReconciliationFailed", message: "no matches for kind Nonsense" });
    const last = (await untilSettled(world, pinned("2"), COMMITS.second)).at(-1);
    expect(last).toMatch(/^Stalled: Flux cannot build shop-dev: HealthCheckFailed: .*failed early/);
    expect(last).toContain("shop-api: ReconciliationFailed: no matches for kind Nonsense");
    world.flux.mendBuild("shop-dev/shop-api");
    expect((await untilSettled(world, pinned("3"), COMMITS.third)).at(-1)).toBe("settled");
  });

  test("a failed release keeps nobody from releasing what mends it", async () => {
    await using world = await aWorld({ retryMs: 20 });
    world.flux.failBuild("shop-dev", { reason: "BuildFailed", message: "no" });
    expect((await untilSettled(world, shop())).at(-1)).toMatch(/^Stalled/);
    world.flux.mendBuild("shop-dev");
    expect((await untilSettled(world, shop(6), COMMITS.second)).at(-1)).toBe("settled");
  });

  test("waits for a service, in the order of dependencies", async () => {
    await using world = await aWorld();
    const goOn = world.flux.holdBuild("shop-dev/shop-api");
    await world.release(shop());
    const service = (name: string) =>
      world.flux.objects().find(({ kind, metadata }) => kind === "Kustomization" && metadata.name === name);
    await world.flux.until(() => JSON.stringify(service("shop-web")?.status ?? {}).includes("DependencyNotReady"));
    expect(await world.release(shop())).toMatch(/^Waiting/);
    goOn();
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000001"));
    expect(await world.release(shop())).toBe("settled");
  });

  test("tries the Receiver again: the call is lost, the pointer is not", async () => {
    await using world = await aWorld();
    world.flux.faults.add({ path: /^\/hook\//, fault: { kind: "status", status: 503 } });
    world.flux.faults.add({ path: /^\/hook\//, fault: { kind: "cut-after" } });
    expect((await untilSettled(world, shop())).at(-1)).toBe("settled");
  });

  test("never points to a release that is not whole", async () => {
    await using world = await aWorld();
    const environment = shop();
    const changes = world.target.diff([], world.target.desired(environment));
    await expect(world.target.apply(changes, releaseOf(environment), signal)).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("missing"),
    });
    await world.store.putNew(bundleKey("shop-dev", renderBundle(environment).digest), Buffer.from("kind: Evil"));
    await expect(world.target.apply(changes, releaseOf(environment), signal)).rejects.toThrow("something else");
    expect(await world.store.list("current/")).toEqual([]);
  });

  test("never moves the pointer backwards", async () => {
    await using world = await aWorld();
    const late = releaseOf(shop());
    await untilSettled(world, shop());
    await untilSettled(world, shop(5), COMMITS.second);
    const changes = world.target.diff([], world.target.desired(late.environment));
    await expect(world.target.apply(changes, late, signal)).rejects.toMatchObject({ name: "Stale" });
  });

  test("stops at a pointer that is not ours, and at one without its bundle", async () => {
    await using world = await aWorld();
    await world.store.putNew("current/shop-dev.yaml", Buffer.from("hello"));
    await expect(world.target.observe(shop(), signal)).rejects.toThrow("current/shop-dev.yaml is not a pointer");
    const pointer = { kind: "release", environment: "other-dev", sequence: 1, digest: "0".repeat(64) } as const;
    await world.store.putNew("current/other-dev.yaml", Buffer.from(pointerText(pointer, BUCKET)));
    await expect(world.target.observe({ ...shop(), name: "other-dev" }, signal)).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("bundle.yaml is missing"),
    });
    await world.store.putNew("current/third-dev.yaml", Buffer.from(pointerText(pointer, BUCKET)));
    await expect(world.target.observe({ ...shop(), name: "third-dev" }, signal)).rejects.toThrow("not a pointer");
  });

  test("says so where nobody can see what Flux does", async () => {
    await using world = await aWorld({ blind: true });
    expect(world.target.unobserved).toBe("no CLAIMBOT_KUBERNETES_URL");
    expect(await world.release(shop())).toBe("settled");
  });

  test("waits, and does not fail, while the Kubernetes API is away", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    world.flux.faults.add({ path: /kustomizations/, fault: { kind: "status", status: 503 }, times: 3 });
    await expect(world.target.observe({ ...shop(), log: await world.log() }, signal)).rejects.toMatchObject({ name: "Waiting" });
  });
});

describe("removing", () => {
  test("takes the protection off, removes, waits for the provider, and only then says Removed", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    const goOn = world.flux.holdBuild("shop-dev/teardown");
    const gone = going(shop(), []);
    expect(await world.release(gone, COMMITS.second)).toBe("Waiting: Flux takes the protection off shop-dev");
    expect((await world.log()).map(({ kind }) => kind)).toEqual(["Publication", "Tombstone"]);
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000002"));
    expect(world.flux.objects().find(({ kind }) => kind === "KubernetesCluster")?.spec).toMatchObject({
      deletionProtection: false,
    });
    expect(await world.release(gone, COMMITS.second)).toMatch(/^Waiting: flux: .*still there/);
    await world.flux.until(() => world.flux.objects().every(({ kind }) => kind !== "KubernetesCluster"));
    expect(await world.release(gone, COMMITS.second)).toContain("of the provider's nodepools of shop-dev are still there");
    expect((await world.log()).at(-1)?.kind).toBe("Tombstone");
    goOn();
    await world.flux.until(() => inEnvironment(world.flux).length === 0);
    expect(await world.release(gone, COMMITS.second)).toBe("settled");
    expect((await world.log()).map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Removed"]);
    expect((await world.store.list("current/")).map(({ key }) => key)).toEqual(["current/shop-dev.yaml"]);
  });

  test("waits for the namespace where Flux has given up waiting: nothing can be made anew in one that is on its way out", async () => {
    await using world = await aWorld({ healthTimeoutMs: 50 });
    await untilSettled(world, shop());
    const goOn = world.flux.holdBuild("shop-dev/teardown");
    const gone = going(shop(), []);
    await world.release(gone, COMMITS.second);
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000002"));
    await world.release(gone, COMMITS.second);
    await world.flux.until(() => pointerOf(world.flux) === undefined);
    expect(await world.release(gone, COMMITS.second)).toMatch(/^Waiting: .*namespaces env-shop-dev is still there/);
    goOn();
    await world.flux.until(() => inEnvironment(world.flux).length === 0);
    expect(await world.release(gone, COMMITS.second)).toBe("settled");
  });

  test("shows the same changes from the first run to the last", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    const observe = async () => world.target.observe(going(shop(), await world.log()), signal);
    const before = await observe();
    await world.release(going(shop(), []), COMMITS.second);
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000002"));
    expect((await observe()).resources).toEqual(before.resources);
    expect(before.resources).toHaveLength(renderBundle(shop()).objects.length);
  });

  test("removes an environment whose services are sick", async () => {
    await using world = await aWorld({ retryMs: 20 });
    world.flux.failBuild("shop-dev/shop-api", { reason: "ReconciliationFailed", message: "crash loop" });
    await world.release(shop());
    await world.flux.until(() => pointerOf(world.flux)?.status?.["lastAttemptedRevision"] !== undefined);
    expect((await untilSettled(world, going(shop(), []), COMMITS.second)).at(-1)).toBe("settled");
    expect(inEnvironment(world.flux)).toEqual([]);
  });

  test("brings it back where the claim came back meanwhile", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    await world.release(going(shop(), []), COMMITS.second);
    expect((await untilSettled(world, shop(), COMMITS.third)).at(-1)).toBe("settled");
    expect(world.flux.objects().find(({ kind }) => kind === "KubernetesCluster")?.spec).toMatchObject({
      deletionProtection: true,
    });
    expect((await world.log()).map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Publication"]);
  });

  test("brings it back also where the pointer's objects are on their way out, and take the new one with them", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    const goOn = world.flux.holdBuild("shop-dev/teardown");
    await world.release(going(shop(), []), COMMITS.second);
    await world.flux.until(() => isReady(world.flux, "shop-dev/00000002"));
    await world.release(going(shop(), []), COMMITS.second);
    await world.flux.until(() => pointerOf(world.flux)?.metadata.deletionTimestamp !== undefined);
    expect(await world.release(shop(), COMMITS.third)).toMatch(/^Waiting: flux: /);
    await world.flux.until(
      () => pointerOf(world.flux)?.metadata.annotations?.["event.toolkit.fluxcd.io/claim"] === "shop-dev/00000003",
    );
    goOn();
    await world.flux.until(() => pointerOf(world.flux) === undefined);
    expect((await untilSettled(world, shop(), COMMITS.third)).at(-1)).toBe("settled");
  });

  test("makes it anew under the same name", async () => {
    await using world = await aWorld();
    await untilSettled(world, shop());
    expect((await untilSettled(world, going(shop(), []), COMMITS.second)).at(-1)).toBe("settled");
    expect((await untilSettled(world, shop(), COMMITS.third)).at(-1)).toBe("settled");
    expect(pointerOf(world.flux)?.metadata.annotations).toMatchObject({ "event.toolkit.fluxcd.io/claim": "shop-dev/00000004" });
  });

  test("gives Flux time where nobody can see it", async () => {
    await using world = await aWorld({ blind: true });
    await world.release(shop());
    const gone = going(shop(), []);
    expect(await world.release(gone, COMMITS.second)).toMatch(/^Waiting: Flux takes the protection off/);
    expect(await world.release(gone, COMMITS.second)).toMatch(/^Waiting: Flux is given time/);
  });
});

test("a plan holds every object with what it is, and deletes each of them in a removal", async () => {
  await using world = await aWorld();
  await untilSettled(world, shop());
  const environment = going(shop(), await world.log());
  const plan = await planEnvironment([world.target], environment, { inputs: "i", rules: "r" }, signal);
  const [step] = plan.steps as readonly Extract<Step, { changes: unknown }>[];
  expect(step?.changes.map(({ verb, key }) => `${verb} ${key}`)).toContain("delete KubernetesCluster env-shop-dev/shop-dev");
  expect(step?.changes).toHaveLength(renderBundle(shop()).objects.length);
});
