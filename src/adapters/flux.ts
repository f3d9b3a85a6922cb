/** Flux from outside: the Receiver that makes it look at once, and the Kubernetes API where its status is read. */
import { createHmac } from "node:crypto";
import type { JsonObject } from "../core/json.ts";
import type { Secret } from "../core/secret.ts";
import { httpClient } from "./http-client.ts";

export interface Receiver {
  /** Asks Flux to look at `current/` now. 200 means that it was told so, not that it has done so. Throws Waiting or Stalled. */
  trigger(body: JsonObject, signal?: AbortSignal): Promise<void>;
}

/** The whole URL of a Receiver of type generic-hmac; no query, which Flux answers with 404. */
export function openReceiver({ url, token }: { readonly url: string; readonly token: Secret }): Receiver {
  const call = httpClient({ service: "the Flux Receiver", url, setting: "CLAIMBOT_FLUX_RECEIVER_URL", deadlineMs: 30_000 });
  const { pathname } = new URL(url);
  return {
    async trigger(body, signal) {
      // Signed and sent are the same bytes.
      const bytes = Buffer.from(JSON.stringify(body));
      const signature = createHmac("sha256", token.reveal()).update(bytes).digest("hex");
      const headers = { "content-type": "application/json", "x-signature": `sha256=${signature}` };
      await call({ method: "POST", path: pathname, headers, body: bytes, signal });
    },
  };
}

/** A kind of object: `{group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations"}`. */
export interface ObjectKind {
  /** Empty for Kubernetes' own first kinds. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export interface Kubernetes {
  /** Undefined when there is no such object, or no such kind; without a namespace for a kind that has none. Throws Waiting or Stalled. */
  get(kind: ObjectKind, namespace: string | undefined, name: string, signal?: AbortSignal): Promise<unknown>;
  /** Objects with a label; none when there is no such kind. */
  list(kind: ObjectKind, namespace: string, labelSelector: string, signal?: AbortSignal): Promise<readonly unknown[]>;
}

/** Reads only: get and list on named kinds is all that the token needs. */
export function openKubernetes(options: { readonly url: string; readonly token: Secret; readonly ca?: string }): Kubernetes {
  const call = httpClient({
    service: "the Kubernetes API",
    url: options.url,
    setting: "CLAIMBOT_KUBERNETES_URL",
    ...(options.ca !== undefined && { ca: options.ca }),
    credentials: () => ({ authorization: `Bearer ${options.token.reveal()}` }),
  });
  const base = new URL(options.url).pathname.replace(/\/$/, "");
  const folder = ({ group, version, plural }: ObjectKind, namespace: string | undefined): string => {
    const served = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    return `${base}/${served}${namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/${plural}`;
  };
  const read = async (path: string, signal?: AbortSignal): Promise<unknown> => {
    const answer = await call({ path, accept: [404], signal });
    return answer.status === 404 ? undefined : answer.json();
  };
  return {
    get: async (kind, namespace, name, signal) => read(`${folder(kind, namespace)}/${encodeURIComponent(name)}`, signal),
    async list(kind, namespace, labelSelector, signal) {
      const answer = await read(`${folder(kind, namespace)}?labelSelector=${encodeURIComponent(labelSelector)}`, signal);
      const items = answer !== null && typeof answer === "object" && "items" in answer ? answer.items : [];
      return Array.isArray(items) ? (items as readonly unknown[]) : [];
    },
  };
}
