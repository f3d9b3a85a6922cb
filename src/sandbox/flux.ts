/**
 * Flux in one process: a Receiver, the part of the Kubernetes API that shows what became of it, and events. It reads the claim store as
 * source-controller reads a bucket, and is as unforgiving: torn listings, "path not found", duplicate identities, protected deletions.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Hono, type Context } from "hono";
import type { Listing } from "./flux/artifact.ts";
import { KINDS, type LiveObject } from "./flux/cluster.ts";
import { Controllers, type Failure } from "./flux/controllers.ts";
import { Events } from "./flux/events.ts";
import { startServer, type SandboxServer } from "./server.ts";

export interface FluxSettings {
  /** What the Bucket sources read: the claim store itself. */
  readonly store: Listing;
  /** The Receiver's token, which also makes its path. */
  readonly receiverToken: string;
  /** The bearer token of the Kubernetes API. */
  readonly apiToken: string;
  /** Where events are posted, such as `http://127.0.0.1:8080/webhooks/flux`; nowhere without. */
  readonly eventsUrl?: string | undefined;
  readonly eventsToken?: string;
  /** How long each service, cluster and removal takes; nothing without. */
  readonly buildMs?: number;
  /** `spec.timeout` of the Kustomizations; 5 minutes without. */
  readonly healthTimeoutMs?: number;
  /** `spec.retryInterval` of the Kustomizations; 1 s without. */
  readonly retryMs?: number;
  /** How often the root Bucket is read without being told to; never without. */
  readonly intervalMs?: number;
  readonly port?: number;
}

/** `shop-dev`, `shop-dev/shop-api` (a service), `shop-dev/cluster`, `shop-dev/teardown`. */
type BuildName = string;

export interface SandboxFlux extends SandboxServer {
  /** For CLAIMBOT_FLUX_RECEIVER_URL. */
  readonly receiverUrl: string;
  /** Everything in the cluster, as it is now. */
  objects(): readonly LiveObject[];
  /** Bodies of all events so far. */
  readonly events: readonly string[];
  /** Makes an environment's or a service's build fail until it is mended. */
  failBuild(name: BuildName, failure: Failure): void;
  mendBuild(name: BuildName): void;
  /** Stops a build where it is; gives what lets it go on. */
  holdBuild(name: BuildName): () => void;
  /** Resolves as soon as `check` holds; rejects after `timeoutMs` (10 s). */
  until(check: () => boolean, timeoutMs?: number): Promise<void>;
  /** What the interval does. */
  reconcile(): void;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export async function startFlux(settings: FluxSettings): Promise<SandboxFlux> {
  const events = new Events(settings.eventsUrl, settings.eventsToken ?? "");
  const { buildMs = 0, healthTimeoutMs = 300_000, retryMs = 1000 } = settings;
  const controllers = new Controllers({ store: settings.store, events, buildMs, healthTimeoutMs, retryMs });
  const path = webhookPath(settings.receiverToken, "claimbot", "environments");
  const app = new Hono();
  // Looked up by the whole request URI: a query is another path. The method is not checked.
  app.all("/hook/*", async (context) => receive(context, path, settings.receiverToken, controllers));
  app.get("/apis/:group/:version/namespaces/:namespace/:plural/:name?", (context) =>
    answerApi(context, settings.apiToken, controllers),
  );
  app.get("/api/:version/:plural/:name", (context) => answerApi(context, settings.apiToken, controllers));
  const server = await startServer(app, settings.port === undefined ? {} : { port: settings.port });
  const timer = settings.intervalMs === undefined ? undefined : setInterval(() => controllers.trigger(), settings.intervalMs);
  timer?.unref();
  return {
    ...server,
    receiverUrl: server.url + path,
    objects: () => controllers.cluster.all(),
    events: events.sent,
    failBuild: (name, failure) => void controllers.failures.set(name, failure),
    mendBuild(name) {
      controllers.failures.delete(name);
      for (const id of idsOf(name)) controllers.enqueue(id);
    },
    holdBuild(name) {
      const held = Promise.withResolvers<void>();
      controllers.holds.set(name, held.promise);
      return () => {
        controllers.holds.delete(name);
        held.resolve();
      };
    },
    async until(check, timeoutMs = 10_000) {
      const deadline = AbortSignal.timeout(timeoutMs);
      while (!check()) {
        if (deadline.aborted) throw new Error(`the sandbox's Flux did not get there within ${timeoutMs} ms`);
        await controllers.cluster.changed(deadline);
      }
    },
    reconcile: () => controllers.trigger(),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await controllers.stop();
      await events.drained();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Plain concatenation, as in notification-controller 1.9. */
export function webhookPath(token: string, name: string, namespace: string): string {
  return `/hook/${createHash("sha256")
    .update(token + name + namespace)
    .digest("hex")}`;
}

async function receive(context: Context, path: string, token: string, controllers: Controllers): Promise<Response> {
  const url = new URL(context.req.url);
  if (url.pathname + url.search !== path) return new Response(null, { status: 404 });
  const body = Buffer.from(await context.req.arrayBuffer());
  if (body.byteLength > MAX_BODY_BYTES) return new Response(null, { status: 413 });
  if (!isSigned(body, context.req.header("x-signature") ?? "", token)) return new Response(null, { status: 400 });
  controllers.trigger();
  return new Response(null, { status: 200 });
}

function isSigned(body: Buffer, header: string, token: string): boolean {
  const [algorithm = "", digits = ""] = header.split("=");
  if (!["sha1", "sha256", "sha512"].includes(algorithm)) return false;
  const expected = createHmac(algorithm, token).update(body).digest();
  const given = Buffer.from(digits, "hex");
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
}

/** Get and list of namespaced kinds, and get of a namespace; errors are Status objects, as kubectl shows them. */
function answerApi(context: Context, token: string, { cluster }: Controllers): Response {
  const { group, version = "", namespace, plural = "", name } = context.req.param() as Record<string, string>;
  const apiVersion = group === undefined ? version : `${group}/${version}`;
  if (context.req.header("authorization") !== `Bearer ${token}`) return status(context, 401, "Unauthorized", "Unauthorized");
  const [kind, served] =
    Object.entries(KINDS).find(
      ([, each]) =>
        each.apiVersion === apiVersion && each.plural === plural && (each.clusterWide === true) === (namespace === undefined),
    ) ?? [];
  if (kind === undefined || served === undefined) return new Response("404 page not found\n", { status: 404 });
  if (name !== undefined) {
    const object = cluster.get(kind, namespace, name);
    if (object !== undefined) return context.json(object);
    const what = group === undefined ? plural : `${plural}.${group}`;
    return status(context, 404, "NotFound", `${what} "${name}" not found`, { name, ...(group && { group }), kind: plural });
  }
  const selector = (context.req.query("labelSelector") ?? "").split(",").filter((term) => term !== "");
  const items = cluster
    .all()
    .filter((each) => each.kind === kind && each.metadata.namespace === namespace && isSelected(each, selector));
  return context.json({ apiVersion: served.apiVersion, kind: `${kind}List`, metadata: { resourceVersion: "1" }, items });
}

function isSelected({ metadata }: LiveObject, terms: readonly string[]): boolean {
  return terms.every((term) => {
    const [label = "", value = ""] = term.split("=");
    return metadata.labels?.[label] === value;
  });
}

function status(context: Context, code: 401 | 404, reason: string, message: string, details?: object): Response {
  const body = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details && { details }),
    code,
  };
  return context.json(body, code);
}

function idsOf(name: BuildName): readonly string[] {
  const [environment = "", part] = name.split("/");
  return part === undefined
    ? [`Kustomization/environments/env-${environment}`]
    : [`Kustomization/env-${environment}/${part}`, `KubernetesCluster/env-${environment}/${environment}`];
}
