/** What notification-controller posts to a Provider of type generic-hmac: at most once, and not the same thing twice in five minutes. */
import { createHmac } from "node:crypto";
import type { LiveObject } from "./cluster.ts";

export interface FluxEvent {
  readonly object: LiveObject;
  readonly severity: "info" | "error";
  readonly reason: string;
  readonly message: string;
  readonly revision?: string | undefined;
  /** The last word of a successful reconciliation. */
  readonly final?: boolean;
}

export class Events {
  /** Bodies as they were sent, oldest first, whether they arrived or not. */
  readonly sent: string[] = [];
  readonly #url: string | undefined;
  readonly #token: string;
  readonly #seen = new Set<string>();
  #queue: Promise<void> = Promise.resolve();

  constructor(url: string | undefined, token: string) {
    this.#url = url;
    this.#token = token;
  }

  post(event: FluxEvent): void {
    const { kind, metadata } = event.object;
    const identity = [kind, metadata.namespace, metadata.name, event.message, event.revision].join("\n");
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    const body = bodyOf(event);
    this.sent.push(body);
    const controller = kind === "Kustomization" ? "kustomize-controller" : "source-controller";
    this.#queue = this.#queue.then(async () => this.#send(body, controller));
  }

  async drained(): Promise<void> {
    await this.#queue;
  }

  async #send(body: string, controller: string): Promise<void> {
    if (this.#url === undefined) return;
    const signature = createHmac("sha256", this.#token).update(body).digest("hex");
    const headers = { "content-type": "application/json", "gotk-component": controller, "x-signature": `sha256=${signature}` };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        const answer = await fetch(this.#url, { method: "POST", headers, body, signal: AbortSignal.timeout(15_000) });
        await answer.arrayBuffer();
        if (answer.ok) return;
      } catch {
        // As with the real one: an event that cannot be delivered is lost, and nobody is told.
      }
    }
  }
}

/** Field order and escapes are those of Go's encoder: a signature holds for bytes, not for values. */
function bodyOf({ object, severity, reason, message, revision, final }: FluxEvent): string {
  const { kind, apiVersion, metadata } = object;
  const controller = kind === "Kustomization" ? "kustomize-controller" : "source-controller";
  const body = {
    involvedObject: {
      kind,
      namespace: metadata.namespace,
      name: metadata.name,
      uid: metadata.uid,
      apiVersion,
      resourceVersion: metadata.resourceVersion,
    },
    severity,
    timestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    message,
    reason,
    metadata: metadataOf(metadata.annotations ?? {}, revision, final),
    reportingController: controller,
    reportingInstance: `${controller}-sandbox`,
  };
  return JSON.stringify(body).replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

function metadataOf(
  annotations: Readonly<Record<string, string>>,
  revision: string | undefined,
  final = false,
): Record<string, string> {
  const prefix = "event.toolkit.fluxcd.io/";
  const own = Object.entries(annotations).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
  );
  const all: [string, string][] = [...(own as [string, string][])];
  if (revision !== undefined) all.push(["revision", revision]);
  if (final) all.push(["commit_status", "update"]);
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
