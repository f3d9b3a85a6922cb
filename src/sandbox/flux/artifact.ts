/** What source-controller makes of a bucket, and kustomize of a directory (source 1.9, kustomize 1.9; run on real ones 2026-11-23). */
import { createHash } from "node:crypto";
import { parseAllDocuments } from "yaml";
import type { ObjectStore } from "../../core/ports.ts";
import { idOf, type LiveObject } from "./cluster.ts";

export type Listing = Pick<ObjectStore, "read" | "list">;

export interface Artifact {
  readonly revision: string;
  /** Key → content. The prefix stays in the paths. */
  readonly files: ReadonlyMap<string, string>;
}

/** Lists, then fetches one by one: what vanishes in between is dropped, what changes is taken with its new ETag. Torn by construction. */
export async function fetchBucket(store: Listing, prefix: string): Promise<Artifact> {
  const listed = (await store.list(prefix)).filter(({ key }) => !key.endsWith("/") && !key.endsWith(".sourceignore"));
  const files = new Map<string, string>();
  const index: string[] = [];
  for (const { key } of listed) {
    const object = await store.read(key);
    if (object === undefined) continue;
    files.set(key, Buffer.from(object.body).toString("utf8"));
    index.push(`${key} ${object.etag.replaceAll('"', "")}\n`);
  }
  return { revision: `sha256:${createHash("sha256").update(index.toSorted().join("")).digest("hex")}`, files };
}

export type BuildFailure = { readonly reason: "ArtifactFailed" | "BuildFailed"; readonly message: string };

/** The objects below a path of an artifact; a path of `./` exists even when nothing is in it, any other must hold a file. */
export function build({ files }: Artifact, path: string): readonly LiveObject[] | BuildFailure {
  const folder = path.replace(/^\.\//, "").replace(/\/?$/, "/");
  const isRoot = folder === "/";
  const inside = [...files].filter(([key]) => (isRoot || key.startsWith(folder)) && /\.ya?ml$/.test(key));
  if (!isRoot && ![...files.keys()].some((key) => key.startsWith(folder))) {
    const temporary = `/tmp/kustomization-${Math.floor(Math.random() * 1e9)}`;
    const message = `kustomization path not found: stat ${temporary}/${folder.slice(0, -1)}: no such file or directory`;
    return { reason: "ArtifactFailed", message };
  }
  const objects = new Map<string, LiveObject>();
  for (const [key, text] of inside) {
    for (const document of parseAllDocuments(text, { version: "1.1" })) {
      const object: unknown = document.toJS();
      if (object === null) continue;
      if (document.errors.length > 0 || !isManifest(object)) return buildFailure(`failed to decode Kubernetes YAML from ${key}`);
      const id = idOf(object);
      if (objects.has(id)) return buildFailure(`may not add resource with an already registered id: ${id}`);
      objects.set(id, object);
    }
  }
  return [...objects.values()];
}

function buildFailure(message: string): BuildFailure {
  return { reason: "BuildFailed", message: `kustomize build failed: ${message}` };
}

function isManifest(value: unknown): value is LiveObject {
  if (value === null || typeof value !== "object") return false;
  const { apiVersion, kind, metadata } = value as Partial<LiveObject>;
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string";
}
