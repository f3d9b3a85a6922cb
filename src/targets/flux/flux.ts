/** Flux as a target: one pointer per environment says which release is built; Flux's own status says whether it is. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Kubernetes, ObjectKind, Receiver } from "../../adapters/flux.ts";
import type { Environment } from "../../core/environment.ts";
import { Stale, Stalled, Waiting } from "../../core/errors.ts";
import { sameJson, type Digest } from "../../core/json.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { bundleKey, disarmedBundle } from "../../core/render/bundle.ts";
import { namespaceOf, type KubernetesObject } from "../../core/render/bundle/kubernetes-object.ts";
import { diffResources, type Observation, type Resources } from "../../core/resource.ts";
import { retainUntil } from "../retention.ts";
import { readBundle } from "../stored-bundle.ts";
import type { Release, Target } from "../target.ts";
import { desiredObjects, pointerOf, recordSequence, removalStep, resourcesOf, type FluxObject } from "./model.ts";
import {
  claimName,
  parsePointer,
  pointerKey,
  pointerName,
  pointerText,
  POINTER_NAMESPACE,
  type BucketAddress,
  type Pointer,
} from "./pointer.ts";
import { bucketRevision, condition, failingPart, verdict, type Verdict } from "./verdict.ts";

export interface FluxOptions {
  readonly store: ObjectStore;
  readonly bucket: BucketAddress;
  /** Without one, Flux looks at its own interval. */
  readonly receiver: Receiver | undefined;
  /** Where Flux's status is read. Without it nobody sees whether a release was built. */
  readonly kubernetes?: Kubernetes | undefined;
  readonly now?: () => Date;
}

type ReleasePointer = Extract<Pointer, { kind: "release" }>;

const KUSTOMIZATIONS: ObjectKind = { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations" };
const BUCKETS: ObjectKind = { group: "source.toolkit.fluxcd.io", version: "v1", plural: "buckets" };
const CLUSTERS: ObjectKind = { group: "platform.claimbot.dev", version: "v1alpha1", plural: "kubernetesclusters" };
/** What a cluster consists of at the provider: Crossplane drops the KubernetesCluster before these are gone. */
const MANAGED: readonly ObjectKind[] = ["kubernetes", "nodepools"].map((plural) => ({
  group: "kubernetes.vultr.m.upbound.io",
  version: "v1alpha1",
  plural,
}));

/** The last to go: as long as something in it does not, nothing new can be made under the name. */
const NAMESPACES: ObjectKind = { group: "", version: "v1", plural: "namespaces" };

/** Whose failing says why an environment's health check fails. */
const PARTS: readonly ObjectKind[] = [KUSTOMIZATIONS, { group: "helm.toolkit.fluxcd.io", version: "v2", plural: "helmreleases" }];

const POLL_MS = 10_000;
const KNOWN_RELEASES = 100;

interface KnownRelease {
  readonly resources: Resources<FluxObject>;
  /** What source-controller will call it. */
  readonly revision: string;
}

export function fluxTarget(options: FluxOptions): Target<FluxObject> {
  const flux = new Flux(options);
  return {
    name: "flux",
    unobserved: options.kubernetes === undefined ? "no CLAIMBOT_KUBERNETES_URL" : undefined,
    desired: desiredObjects,
    observe: async (environment, signal) => flux.observe(environment, signal),
    diff: diffResources,
    async apply(changes, release, signal) {
      if (changes.length === 0) await flux.remind(release.environment.name, signal);
      else await (release.environment.wish === undefined ? flux.remove(release, signal) : flux.publish(release, signal));
    },
  };
}

class Flux {
  readonly #store: ObjectStore;
  readonly #options: FluxOptions;
  readonly #now: () => Date;
  /** Releases never change, so the last ones read are not read again. */
  readonly #known = new Map<string, KnownRelease>();

  constructor(options: FluxOptions) {
    this.#store = options.store;
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  async observe(environment: Environment, signal: AbortSignal): Promise<Observation<FluxObject>> {
    const { pointer } = await this.#pointer(environment.name, signal);
    if (pointer === undefined) return { resources: [], pending: [], contested: [] };
    if (pointer.kind === "removed")
      return { resources: [], pending: await this.#remains(environment.name, signal), contested: [] };
    // While it goes, the protection is taken off: that is a step of the removal, and no change of what is to be removed.
    const shown = environment.wish === undefined ? (pointer.disarms?.digest ?? pointer.digest) : pointer.digest;
    const { resources } = await this.#knownRelease(environment.name, shown, signal);
    if (environment.wish === undefined) return { resources, pending: [], contested: [] };
    return { resources, pending: await this.#pending(environment, pointer, resources, signal), contested: [] };
  }

  async publish(release: Release, signal: AbortSignal): Promise<void> {
    const pointer = pointerOf(release);
    // The bundle is proved to be whole before anything points to it.
    if (pointer.kind === "release") await this.#bundle(pointer.environment, pointer.digest, signal);
    await this.#point(pointer, signal);
  }

  async remove(release: Release, signal: AbortSignal): Promise<void> {
    const { name } = release.environment;
    const step = removalStep((await this.#pointer(name, signal)).pointer);
    if (step.kind === "disarm") {
      const { digest, yaml } = disarmedBundle(await this.#bundle(name, step.pointer.digest, signal));
      await this.#store.putNew(bundleKey(name, digest), Buffer.from(yaml), { retainUntil: retainUntil(release) });
      await this.#bundle(name, digest, signal);
      const { mergeRequest: _before, ...base } = step.pointer;
      const { mergeRequest } = release.source;
      const disarms = { digest: step.pointer.digest, at: release.at };
      await this.#point(
        { ...base, ...(mergeRequest !== undefined && { mergeRequest }), sequence: recordSequence(release), digest, disarms },
        signal,
      );
      throw new Waiting(`Flux takes the protection off ${name}`, POLL_MS);
    }
    if (step.kind === "remove") {
      await this.#requireDisarmed(step.pointer, step.unseenUntil, release, signal);
      await this.#point({ kind: "removed", environment: name, sequence: recordSequence(release) }, signal);
    }
  }

  /** Whoever moved the pointer may have died before Flux was told; without this it would hear of it at its own interval. */
  async remind(environment: string, signal: AbortSignal): Promise<void> {
    const { pointer } = await this.#pointer(environment, signal);
    if (pointer === undefined) return;
    const found = pointer.kind === "release" ? await this.#verdict(pointer, signal) : undefined;
    if (pointer.kind === "removed" || (found?.kind === "pending" && found.untaken)) await this.#trigger(pointer, signal);
  }

  async #pointer(
    environment: string,
    signal: AbortSignal,
  ): Promise<{ pointer: Pointer | undefined; text: string; etag: string | undefined }> {
    const key = pointerKey(environment);
    const object = await this.#store.read(key, signal);
    if (object === undefined) return { pointer: undefined, text: "", etag: undefined };
    const text = Buffer.from(object.body).toString("utf8");
    const pointer = parsePointer(text);
    if (pointer?.environment === environment) return { pointer, text, etag: object.etag };
    throw new Stalled(
      `${this.#store.name}: ${key} is not a pointer of claimbot's to ${environment}`,
      "Find out who wrote that object",
    );
  }

  async #bundle(environment: string, digest: Digest, signal: AbortSignal): Promise<readonly KubernetesObject[]> {
    const wayOut = "Nothing points to it as long as it is so; claimbot verify shows what else deviates";
    return readBundle(this.#store, environment, digest, wayOut, signal);
  }

  async #knownRelease(environment: string, digest: Digest, signal: AbortSignal): Promise<KnownRelease> {
    const key = bundleKey(environment, digest);
    const known = this.#known.get(key) ?? (await this.#readRelease(environment, digest, signal));
    this.#known.delete(key);
    this.#known.set(key, known);
    const [oldest = key] = this.#known.keys();
    if (this.#known.size > KNOWN_RELEASES) this.#known.delete(oldest);
    return known;
  }

  async #readRelease(environment: string, digest: Digest, signal: AbortSignal): Promise<KnownRelease> {
    const [objects, listed] = await Promise.all([
      this.#bundle(environment, digest, signal),
      // Flux lists too, and a gateway may give another ETag to a listing than to an upload.
      this.#store.list(bundleKey(environment, digest), signal),
    ]);
    return { resources: resourcesOf(objects), revision: bucketRevision(listed) };
  }

  /** Moves the pointer, never backwards, and tells Flux. */
  async #point(pointer: Pointer, signal: AbortSignal): Promise<void> {
    const key = pointerKey(pointer.environment);
    const there = await this.#pointer(pointer.environment, signal);
    if (there.pointer !== undefined && there.pointer.sequence > pointer.sequence) {
      throw new Stale(`${key} is at ${claimName(there.pointer)} already, and this would be ${claimName(pointer)}`);
    }
    const text = pointerText(pointer, this.#options.bucket);
    if (text !== there.text && (await this.#store.replace(key, Buffer.from(text), there.etag)) === "conflict") {
      throw new Stale(`somebody else moved ${key} meanwhile`);
    }
    await this.#trigger(pointer, signal);
  }

  /** May be sent twice without harm, so it is tried again; a call that is lost for good is made up for by Flux's own interval. */
  async #trigger(pointer: Pointer, signal: AbortSignal): Promise<void> {
    const body = {
      key: pointerKey(pointer.environment),
      environment: pointer.environment,
      release: pointer.kind === "release" ? pointer.digest : null,
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#options.receiver?.trigger(body, signal);
      } catch (error) {
        if (!(error instanceof Waiting) || attempt === 3) throw error;
        await sleep(200 * attempt, undefined, { signal });
      }
    }
  }

  async #verdict(pointer: ReleasePointer, signal: AbortSignal): Promise<Verdict | undefined> {
    const { kubernetes } = this.#options;
    if (kubernetes === undefined) return undefined;
    const { environment, digest } = pointer;
    const [kustomization, { revision }] = await Promise.all([
      kubernetes.get(KUSTOMIZATIONS, POINTER_NAMESPACE, pointerName(environment), signal),
      this.#knownRelease(environment, digest, signal),
    ]);
    const expected = { revision, claim: claimName(pointer) };
    const found = verdict(kustomization, expected, this.#now());
    if (found.kind !== "failed") return found;
    // A failed health check may only mean that the cluster is not up yet.
    const cluster = await kubernetes.get(CLUSTERS, namespaceOf(environment), environment, signal);
    const judged = verdict(kustomization, expected, this.#now(), cluster);
    if (judged.kind !== "failed" || !judged.message.startsWith("HealthCheckFailed")) return judged;
    return { kind: "failed", message: [judged.message, ...(await this.#failing(kubernetes, environment, signal))].join("; ") };
  }

  /** A health check names what is not ready; why it is not, each part says itself. */
  async #failing(kubernetes: Kubernetes, environment: string, signal: AbortSignal): Promise<readonly string[]> {
    const label = `claimbot.dev/environment=${environment}`;
    const parts = await Promise.all(PARTS.map(async (kind) => kubernetes.list(kind, namespaceOf(environment), label, signal)));
    return parts.flat().flatMap(failingPart);
  }

  async #pending(
    environment: Environment,
    pointer: ReleasePointer,
    resources: readonly FluxObject[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const found = await this.#verdict(pointer, signal);
    if (found === undefined || found.kind === "applied") return [];
    if (found.kind === "superseded") throw new Stale(found.message);
    if (found.kind === "pending") return [found.message];
    // What was replaced or is still to be released may have failed: that must not keep anybody from planning what mends it.
    const head = environment.log.at(-1);
    const isPublished = head?.kind === "Publication" && head.claimDigest === environment.wish?.claimDigest;
    if (!isPublished || !sameJson(resources, desiredObjects(environment)))
      return [`what is there now has failed (${found.message})`];
    throw failedRelease(environment.name, found.message);
  }

  async #requireDisarmed(pointer: ReleasePointer, unseenUntil: Date, release: Release, signal: AbortSignal): Promise<void> {
    const found = await this.#verdict(pointer, signal);
    if (found === undefined) {
      const leftMs = unseenUntil.getTime() - Date.parse(release.at);
      if (leftMs > 0) throw new Waiting("Flux is given time to take the protection off, which nobody can see here", leftMs);
      return;
    }
    if (found.kind === "applied") return;
    if (found.kind === "failed") throw failedRelease(pointer.environment, found.message);
    if (found.kind === "pending" && found.untaken) await this.#trigger(pointer, signal);
    throw new Waiting(`Flux takes the protection off ${pointer.environment}: ${found.message}`, POLL_MS);
  }

  /** What of a removed environment is still there. Flux and Crossplane both let go before the cluster is gone, so each is looked for. */
  async #remains(environment: string, signal: AbortSignal): Promise<readonly string[]> {
    const { kubernetes } = this.#options;
    if (kubernetes === undefined) return [];
    const namespace = namespaceOf(environment);
    const name = pointerName(environment);
    const one = async (kind: ObjectKind, inNamespace: string | undefined, object: string): Promise<readonly string[]> => {
      const found = await kubernetes.get(kind, inNamespace, object, signal);
      const ready = condition(found, "Ready");
      // What is still Ready from before says nothing of its end.
      const message = ready?.status === "False" ? ready.message : "";
      const place = inNamespace === undefined ? object : `${inNamespace}/${object}`;
      return found === undefined ? [] : [`${kind.plural} ${place} is still there${message && ` (${message})`}`];
    };
    const managed = async (kind: ObjectKind): Promise<readonly string[]> => {
      const left = await kubernetes.list(kind, namespace, `crossplane.io/composite=${environment}`, signal);
      return left.length === 0 ? [] : [`${left.length} of the provider's ${kind.plural} of ${environment} are still there`];
    };
    const found = await Promise.all([
      one(KUSTOMIZATIONS, POINTER_NAMESPACE, name),
      one(BUCKETS, POINTER_NAMESPACE, name),
      one(CLUSTERS, namespace, environment),
      ...MANAGED.map(managed),
      one(NAMESPACES, undefined, namespace),
    ]);
    return found.flat();
  }
}

function failedRelease(environment: string, message: string): Stalled {
  return new Stalled(
    `Flux cannot build ${environment}: ${message}`,
    "Nothing new is exposed. Mend the claim or the service and merge that; claimbot looks again by itself, and /claim apply looks now",
  );
}
