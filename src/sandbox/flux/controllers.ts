/** Flux's controllers and Crossplane, as far as claimbot can tell them from the real ones. Each object is reconciled by one worker at a time. */
import { setTimeout as sleep } from "node:timers/promises";
import { build, fetchBucket, type Artifact, type Listing } from "./artifact.ts";
import { ApiRefusal, Cluster, idOf, KINDS, type Condition, type LiveObject } from "./cluster.ts";
import { PLATFORM } from "./platform.ts";
import {
  entriesOf,
  environmentOf,
  healthOf,
  idOfSource,
  isFromBucket,
  isTrue,
  notReady,
  ociRevision,
  progressing,
} from "./status.ts";
import type { Events } from "./events.ts";

export interface Failure {
  readonly reason: "BuildFailed" | "ReconciliationFailed" | "HealthCheckFailed";
  readonly message: string;
}

export interface ControllerOptions {
  readonly store: Listing;
  readonly events: Events;
  /** How long a service, a cluster or its removal takes. */
  readonly buildMs: number;
  /** How long a Kustomization waits for what it applied; `spec.timeout` of the real one. */
  readonly healthTimeoutMs: number;
  /** `spec.retryInterval` of the real one. */
  readonly retryMs: number;
}

type Health = "healthy" | "canceled" | { readonly message: string };

const ROOT_BUCKET = "Bucket/environments/current";
const ROOT = "Kustomization/environments/current";

export class Controllers {
  readonly cluster = new Cluster();
  /** Environment, or environment/service → how its build fails. */
  readonly failures = new Map<string, Failure>();
  /** Environment, or environment/service → resolves when its build may go on. */
  readonly holds = new Map<string, Promise<void>>();
  readonly #options: ControllerOptions;
  readonly #artifacts = new Map<string, Artifact>();
  readonly #workers = new Map<string, { again: boolean; done: Promise<void> }>();
  readonly #stop = new AbortController();

  constructor(options: ControllerOptions) {
    this.#options = options;
    for (const object of PLATFORM) this.cluster.apply(object);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What a call of the Receiver sets off (deploy/flux/ names both), or the interval. */
  trigger(): void {
    this.enqueue(ROOT_BUCKET);
    if (this.#artifacts.has(ROOT_BUCKET)) this.enqueue(ROOT);
  }

  enqueue(id: string): void {
    if (this.signal.aborted) return;
    const worker = this.#workers.get(id);
    if (worker !== undefined) {
      worker.again = true;
      this.cluster.touch(id);
      return;
    }
    const started = { again: false, done: Promise.resolve() };
    this.#workers.set(id, started);
    started.done = this.#work(id, started);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    while (this.#workers.size > 0) await Promise.all([...this.#workers.values()].map(async ({ done }) => done));
  }

  async #work(id: string, worker: { again: boolean }): Promise<void> {
    try {
      do {
        worker.again = false;
        // Once around the event loop, so that a caller sees the state before.
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        if (!this.signal.aborted) await this.#reconcile(id, worker);
      } while (worker.again && !this.signal.aborted);
    } catch (error) {
      if (!this.signal.aborted) throw error;
    } finally {
      this.#workers.delete(id);
    }
  }

  async #reconcile(id: string, worker: { readonly again: boolean }): Promise<void> {
    const object = this.cluster.at(id);
    if (object === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) return this.#finalize(id, object);
    if (object.kind === "Bucket") return this.#bucket(id, object);
    if (object.kind === "Kustomization")
      return isFromBucket(object) ? this.#kustomization(id, object, worker) : this.#service(id, object, worker);
    if (object.kind === "KubernetesCluster") return this.#composite(id, object);
    if (object.kind === "HelmRelease") return this.#simple(id, object, "InstallSucceeded", "Helm install succeeded");
    if (object.kind === "OCIRepository") return this.#repository(id, object);
  }

  async #bucket(id: string, object: LiveObject): Promise<void> {
    const artifact = await fetchBucket(this.#options.store, (object.spec?.["prefix"] as string | undefined) ?? "");
    if (artifact.revision !== this.#artifacts.get(id)?.revision) {
      this.#artifacts.set(id, artifact);
      const message = `stored artifact with ${artifact.files.size} fetched files from 'static-environments' bucket`;
      const status = { observedGeneration: object.metadata.generation, artifact: { revision: artifact.revision } };
      this.cluster.setStatus(id, status, [{ type: "Ready", status: "True", reason: "Succeeded", message }]);
      this.#options.events.post({ object, severity: "info", reason: "NewArtifact", message, revision: artifact.revision });
    }
    this.#wake(id, artifact.revision);
  }

  /** Nothing is fetched: what the reference names is taken to be there. */
  #repository(id: string, object: LiveObject): void {
    const revision = ociRevision(object);
    const status = { observedGeneration: object.metadata.generation, artifact: { revision } };
    const message = `stored artifact for digest '${revision}'`;
    this.cluster.setStatus(id, status, [{ type: "Ready", status: "True", reason: "Succeeded", message }]);
    this.#wake(id, revision);
  }

  /** A new artifact is what sets a Kustomization off; otherwise it sleeps until its interval. */
  #wake(source: string, revision: string): void {
    for (const each of this.cluster.all()) {
      const isFollower = each.kind === "Kustomization" && idOfSource(each) === source;
      if (isFollower && each.status?.["lastAppliedRevision"] !== revision) this.enqueue(idOf(each));
    }
  }

  async #kustomization(id: string, object: LiveObject, worker: { readonly again: boolean }): Promise<void> {
    const started = Date.now();
    const { events, buildMs, healthTimeoutMs } = this.#options;
    const artifact = this.#artifacts.get(idOfSource(object));
    const fail = (reason: string, message: string, terminal = false): void => {
      this.cluster.setStatus(id, terminal ? { observedGeneration: object.metadata.generation } : {}, [notReady(reason, message)]);
      events.post({ object, severity: "error", reason, message, revision: artifact?.revision });
      this.#retry(id);
    };
    if (artifact === undefined) {
      // Without an event, as the real one; its Bucket's first artifact sets it off again.
      return this.cluster.setStatus(id, {}, [notReady("ArtifactFailed", "Source artifact not found, retrying in 30s")]);
    }
    const built = build(artifact, String(object.spec?.["path"]));
    if ("reason" in built && built.reason === "ArtifactFailed") return fail(built.reason, built.message);
    this.cluster.setStatus(
      id,
      { lastAttemptedRevision: artifact.revision },
      progressing(`Building manifests for revision ${artifact.revision}`),
    );
    if ("reason" in built) return fail(built.reason, built.message);
    const name = environmentOf(object);
    const failure = this.failures.get(name);
    if (failure?.reason === "BuildFailed") return fail(failure.reason, failure.message);
    await this.#hold(name, id === ROOT ? 0 : buildMs);
    if (failure?.reason === "ReconciliationFailed") return fail(failure.reason, failure.message);
    const before = entriesOf(object);
    let lines: readonly string[];
    try {
      lines = this.#apply(built);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      return fail("ReconciliationFailed", error.message);
    }
    const now = built.map(idOf);
    const pruned = this.#prune(object.spec?.["prune"] === true ? before.filter((entry) => !now.includes(entry)) : []);
    this.cluster.setStatus(
      id,
      { inventory: { entries: [...now, ...pruned.refused].map((entry) => ({ id: entry, v: "v1" })) } },
      progressing(`Running health checks for revision ${artifact.revision} with a timeout of ${healthTimeoutMs}ms`),
    );
    for (const message of [lines.join("\n"), pruned.lines.join("\n")]) {
      if (message !== "") events.post({ object, severity: "info", reason: "Progressing", message, revision: artifact.revision });
    }
    if (pruned.refused.length > 0) return fail("PruneFailed", pruned.lines.join("\n"));
    if (failure !== undefined) return fail(failure.reason, failure.message);
    if (object.spec?.["wait"] === true) {
      const outcome = await this.#healthy(built, healthTimeoutMs, () => worker.again);
      if (outcome === "canceled") {
        this.cluster.setStatus(id, {}, [notReady("HealthCheckCanceled", "New reconciliation triggered")]);
        return;
      }
      if (outcome !== "healthy")
        return fail("HealthCheckFailed", `health check failed after ${Date.now() - started}ms: ${outcome.message}`);
    }
    const ready: Condition = {
      type: "Ready",
      status: "True",
      reason: "ReconciliationSucceeded",
      message: `Applied revision: ${artifact.revision}`,
    };
    // Conditions first, as a watch of the real one saw it: Ready=True stands beside the old revision for a moment.
    this.cluster.setStatus(id, {}, [ready]);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    const status = { observedGeneration: object.metadata.generation, lastAppliedRevision: artifact.revision };
    this.cluster.setStatus(id, status, [ready]);
    const message = `Reconciliation finished in ${Date.now() - started}ms, next run in 10m0s`;
    events.post({ object, severity: "info", reason: ready.reason, message, revision: artifact.revision, final: true });
  }

  /** Namespaces first, as Flux stages them; what was created or changed is reconciled by its own controller. */
  #apply(objects: readonly LiveObject[]): readonly string[] {
    const staged = objects.toSorted((a, b) => Number(b.kind === "Namespace") - Number(a.kind === "Namespace"));
    const lines: string[] = [];
    const changed: LiveObject[] = [];
    for (const object of staged) {
      const word = this.cluster.apply(object);
      if (word === "unchanged") continue;
      lines.push(`${idOf(object)} ${word}`);
      changed.push(object);
    }
    // Before its Bucket has fetched anew, a moved Kustomization meets the old artifact: that is what Flux does, too.
    for (const object of changed.toSorted((a, b) => Number(a.kind === "Bucket") - Number(b.kind === "Bucket")))
      this.enqueue(idOf(object));
    return lines;
  }

  #prune(ids: readonly string[]): { lines: readonly string[]; deleted: readonly string[]; refused: readonly string[] } {
    const lines: string[] = [];
    const deleted: string[] = [];
    const refused: string[] = [];
    for (const id of ids) {
      const object = this.cluster.at(id);
      if (object === undefined) continue;
      const marks = { ...object.metadata.labels, ...object.metadata.annotations };
      if (marks["kustomize.toolkit.fluxcd.io/prune"] === "disabled") {
        lines.push(`${id} skipped`);
        continue;
      }
      try {
        this.#delete(object);
        deleted.push(id);
        lines.push(`${id} deleted`);
      } catch (error) {
        if (!(error instanceof ApiRefusal)) throw error;
        lines.push(`${id} delete failed: ${error.message}`);
        refused.push(id);
      }
    }
    return { lines, deleted, refused };
  }

  /** Crossplane lets go of a composite at once; what it was made of goes in the background. */
  #delete(object: LiveObject): void {
    const id = idOf(object);
    this.cluster.delete(id);
    this.enqueue(id);
    if (object.kind !== "KubernetesCluster") return;
    for (const kind of ["Kubernetes", "NodePools"]) {
      const part = this.cluster.get(kind, object.metadata.namespace, object.metadata.name);
      if (part !== undefined) this.#delete(part);
    }
  }

  /** Deletion: what was applied goes too, unless it is marked; Flux gives up waiting after the timeout and lets go. */
  async #finalize(id: string, object: LiveObject): Promise<void> {
    const { events, buildMs, healthTimeoutMs } = this.#options;
    if (object.kind === "Kustomization") {
      const { lines, deleted, refused } = this.#prune(object.spec?.["prune"] === true ? entriesOf(object) : []);
      const revision = object.status?.["lastAppliedRevision"] as string | undefined;
      const reason = "ReconciliationSucceeded";
      if (lines.length > 0)
        events.post({ object, severity: refused.length > 0 ? "error" : "info", reason, message: lines.join("\n"), revision });
      if (refused.length > 0) return this.#retry(id);
      if (object.spec?.["deletionPolicy"] === "WaitForTermination") {
        const gone = await this.#until(() => deleted.every((entry) => this.cluster.at(entry) === undefined), healthTimeoutMs);
        if (!gone)
          events.post({ object, severity: "error", reason, message: "failed to wait for resources termination", revision });
      }
    }
    if (object.kind === "Kubernetes" || object.kind === "NodePools")
      await this.#hold(`${environmentOf(object)}/teardown`, buildMs);
    if (object.kind === "Namespace") await this.#emptyNamespace(object.metadata.name);
    this.cluster.finalize(id);
  }

  async #emptyNamespace(name: string): Promise<void> {
    const inside = (): readonly LiveObject[] => this.cluster.all().filter(({ metadata }) => metadata.namespace === name);
    for (const object of inside()) {
      try {
        // Workloads go with their namespace, so that nothing is left for the services' own Kustomizations to prune.
        if (object.kind === "Kustomization") this.cluster.finalize(idOf(object));
        else this.#delete(object);
      } catch (error) {
        if (!(error instanceof ApiRefusal)) throw error;
      }
    }
    await this.#until(() => inside().length === 0, undefined);
  }

  /** A service's Kustomization: waits for its artifact and for what it depends on, and is built then; what is in it nobody looks at. */
  async #service(id: string, object: LiveObject, worker: { readonly again: boolean }): Promise<void> {
    const source = this.cluster.at(idOfSource(object))?.status?.["artifact"] as { readonly revision?: string } | undefined;
    const revision = source?.revision;
    if (revision === undefined)
      return this.cluster.setStatus(id, {}, [notReady("ArtifactFailed", "Source artifact not found, retrying in 30s")]);
    const dependsOn = (object.spec?.["dependsOn"] ?? []) as readonly { name: string; namespace?: string }[];
    for (const { name, namespace = object.metadata.namespace } of dependsOn) {
      const dependency = (): LiveObject | undefined => this.cluster.get("Kustomization", namespace, name);
      if (isTrue(dependency(), "Ready")) continue;
      const message = `dependency '${namespace}/${name}' is not ready`;
      this.cluster.setStatus(id, {}, [notReady("DependencyNotReady", message)]);
      this.#options.events.post({ object, severity: "info", reason: "DependencyNotReady", message });
      await this.#until(() => isTrue(dependency(), "Ready") || worker.again || this.#isGone(id, object), undefined);
      if (worker.again || this.#isGone(id, object)) return;
    }
    const name = `${environmentOf(object)}/${object.metadata.name}`;
    this.cluster.setStatus(id, { lastAttemptedRevision: revision }, progressing(`Building manifests for revision ${revision}`));
    await this.#hold(name, this.#options.buildMs);
    const failure = this.failures.get(name);
    if (failure !== undefined) {
      this.cluster.setStatus(id, {}, [notReady(failure.reason, failure.message)]);
      this.#options.events.post({ object, severity: "error", reason: failure.reason, message: failure.message });
      return this.#retry(id);
    }
    const status = { observedGeneration: object.metadata.generation, lastAppliedRevision: revision };
    const message = `Applied revision: ${revision}`;
    this.cluster.setStatus(id, status, [{ type: "Ready", status: "True", reason: "ReconciliationSucceeded", message }]);
  }

  /** Crossplane: composes the provider's resources, is Ready when they are, and lets go at once when it is deleted. */
  async #composite(id: string, object: LiveObject): Promise<void> {
    const synced: Condition = { type: "Synced", status: "True", reason: "ReconcileSuccess", message: "" };
    if (!isTrue(object, "Ready")) {
      this.cluster.setStatus(id, {}, [
        synced,
        { type: "Ready", status: "False", reason: "Creating", message: "Unready resources: cluster" },
      ]);
    }
    for (const kind of ["Kubernetes", "NodePools"]) this.#compose(kind, object);
    await this.#hold(`${environmentOf(object)}/cluster`, this.#options.buildMs);
    if (this.#isGone(id, object)) return;
    this.cluster.setStatus(id, {}, [synced, { type: "Ready", status: "True", reason: "Available", message: "" }]);
  }

  #compose(kind: string, { metadata }: LiveObject): void {
    const { name, namespace = "" } = metadata;
    const apiVersion = KINDS[kind]?.apiVersion ?? "";
    this.cluster.apply({ apiVersion, kind, metadata: { name, namespace, labels: { "crossplane.io/composite": name } } });
  }

  async #simple(id: string, object: LiveObject, reason: string, message: string): Promise<void> {
    const status = { observedGeneration: object.metadata.generation };
    this.cluster.setStatus(id, status, [{ type: "Ready", status: "True", reason, message }]);
  }

  /** Ends as soon as one has failed for good, as the real one does. */
  async #healthy(objects: readonly LiveObject[], timeoutMs: number, isCanceled: () => boolean): Promise<Health> {
    const watched = objects
      .filter(({ kind }) => ["Kustomization", "HelmRelease", "OCIRepository", "KubernetesCluster"].includes(kind))
      .map(idOf);
    const sick = (health: string): string =>
      watched
        .filter((id) => healthOf(this.cluster.at(id)) === health)
        .map((id) => `${id} status: '${health}'`)
        .join(", ");
    const settled = await this.#until(() => isCanceled() || sick("Failed") !== "" || sick("InProgress") === "", timeoutMs);
    if (isCanceled()) return "canceled";
    if (sick("Failed") !== "") return { message: `failed early due to stalled resources: [${sick("Failed")}]` };
    return settled ? "healthy" : { message: `timeout waiting for: [${sick("InProgress")}]` };
  }

  #isGone(id: string, { metadata }: LiveObject): boolean {
    return this.signal.aborted || this.cluster.at(id)?.metadata.uid !== metadata.uid;
  }

  /** False when the time is over first. */
  async #until(check: () => boolean, timeoutMs: number | undefined): Promise<boolean> {
    const deadline = timeoutMs === undefined ? this.signal : AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]);
    while (!check()) {
      if (deadline.aborted) return false;
      await this.cluster.changed(deadline);
    }
    return true;
  }

  async #hold(name: string, ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.signal });
    const stopped = new Promise<void>((resolve) => {
      this.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const held = this.holds.get(name);
    if (held !== undefined) await Promise.race([held, stopped]);
  }

  #retry(id: string): void {
    setTimeout(() => this.enqueue(id), this.#options.retryMs).unref();
  }
}
