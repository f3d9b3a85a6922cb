/**
 * An OCI registry (distribution spec 1.1) as far as claimbot and Flux read it: tags and manifests, which are real: a digest is that of
 * the bytes served. Strict about names, paging, Accept and credentials; nothing can be pushed over HTTP.
 */
import { createHash, randomBytes } from "node:crypto";
import { Hono, type Context } from "hono";
import { startServer, type SandboxServer } from "./server.ts";

export interface RegistryOptions {
  /** Repository, such as `services/payments-api`, to its tags. */
  readonly repositories: Readonly<Record<string, readonly string[]>>;
  /** Without, everybody may read. */
  readonly credentials?: {
    readonly scheme: "basic" | "bearer";
    readonly username: string;
    readonly password: string;
    /** Where tokens are handed out; the registry's own /token without. */
    readonly realm?: string;
  };
  /** The most tags of one page, whatever was asked for; 100 without. */
  readonly pageSize?: number;
  readonly port?: number;
}

export interface SandboxRegistry extends SandboxServer {
  /** Calls that no part of the specification above knows. A test ends with this empty. */
  readonly unexpected: readonly string[];
  /** Publishes a tag, and its repository where it is new. Another build of a tag that is there moves it. Gives the digest. */
  addTag(repository: string, tag: string, build?: number): string;
  /** `sha256:…`; throws for what is not there. */
  digest(repository: string, tag: string): string;
  /** Every token handed out so far is worth nothing any more. */
  revokeTokens(): void;
}

const NAME = /^[a-z0-9]+((\.|_|__|-+|\/)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
/** The one layer of every manifest. */
const EMPTY = { bytes: Buffer.from("{}"), mediaType: "application/vnd.oci.empty.v1+json" } as const;

interface Repository {
  readonly tags: Map<string, string>;
  readonly manifests: Map<string, Buffer>;
}

type Code =
  | "NAME_UNKNOWN"
  | "NAME_INVALID"
  | "MANIFEST_UNKNOWN"
  | "BLOB_UNKNOWN"
  | "UNAUTHORIZED"
  | "UNSUPPORTED"
  | "PAGINATION_NUMBER_INVALID";

/** Port 0 or none takes a free one. */
export async function startRegistry(options: RegistryOptions): Promise<SandboxRegistry> {
  const { credentials, pageSize = 100 } = options;
  const repositories = new Map<string, Repository>();
  const unexpected: string[] = [];
  const tokens = new Map<string, string>();
  const basic = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  const addTag = (name: string, tag: string, build = 1): string => {
    if (!NAME.test(name) || !TAG.test(tag)) throw new Error(`${name}:${tag} is no reference`);
    const repository = repositories.get(name) ?? { tags: new Map(), manifests: new Map() };
    repositories.set(name, repository);
    const manifest = manifestOf(name, tag, build);
    const digest = digestOf(manifest);
    repository.tags.set(tag, digest);
    repository.manifests.set(digest, manifest);
    return digest;
  };
  for (const [name, tags] of Object.entries(options.repositories)) for (const tag of tags) addTag(name, tag);

  const app = new Hono();
  app.get("/token", (context) => {
    if (credentials === undefined || context.req.header("authorization") !== basic) return refused(context, 401, "UNAUTHORIZED");
    const token = randomBytes(24).toString("base64url");
    tokens.set(token, context.req.query("scope") ?? "");
    return context.json({ token, expires_in: 300, issued_at: new Date().toISOString() });
  });
  app.all("/v2/*", (context) => {
    const { name, rest, reference } = partsOf(new URL(context.req.url).pathname);
    const scope = name === undefined ? "" : `repository:${name}:pull`;
    const authorization = context.req.header("authorization");
    const bearer = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    const mayRead =
      credentials?.scheme === "bearer" ? bearer !== undefined && tokens.get(bearer) === scope : authorization === basic;
    if (credentials !== undefined && !mayRead) {
      const realm = credentials.realm ?? `${new URL(context.req.url).origin}/token`;
      const bearerChallenge = `Bearer realm="${realm}",service="sandbox-registry"${scope && `,scope="${scope}"`}`;
      context.header("WWW-Authenticate", credentials.scheme === "bearer" ? bearerChallenge : 'Basic realm="sandbox-registry"');
      return refused(context, 401, "UNAUTHORIZED");
    }
    if (context.req.method !== "GET" && context.req.method !== "HEAD") {
      unexpected.push(`${context.req.method} ${context.req.path}`);
      return refused(context, 405, "UNSUPPORTED");
    }
    if (rest === "") return context.json({});
    if (name === undefined || rest === undefined) {
      unexpected.push(`${context.req.method} ${context.req.path}`);
      return context.text("404 page not found", 404);
    }
    if (!NAME.test(name)) return refused(context, 400, "NAME_INVALID");
    const repository = repositories.get(name);
    if (repository === undefined) return refused(context, 404, "NAME_UNKNOWN");
    if (rest === "tags") return tagList(context, name, [...repository.tags.keys()].toSorted(), pageSize);
    if (rest === "manifests") return manifest(context, repository, reference ?? "");
    return reference === digestOf(EMPTY.bytes)
      ? content(context, EMPTY.bytes, EMPTY.mediaType)
      : refused(context, 404, "BLOB_UNKNOWN");
  });
  app.all("*", (context) => {
    unexpected.push(`${context.req.method} ${context.req.path}`);
    return context.text("404 page not found", 404);
  });
  const server = await startServer(app, options.port === undefined ? {} : { port: options.port });
  return {
    ...server,
    unexpected,
    addTag,
    digest(name, tag) {
      const digest = repositories.get(name)?.tags.get(tag);
      if (digest === undefined) throw new Error(`the sandbox has no ${name}:${tag}`);
      return digest;
    },
    revokeTokens: () => tokens.clear(),
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

/** What a path asks for: `rest` is empty for the root and undefined for what no endpoint has. */
function partsOf(path: string): { readonly name?: string; readonly rest?: string; readonly reference?: string } {
  if (path === "/v2/") return { rest: "" };
  const groups = /^\/v2\/(?<name>.+)\/(?:(?<rest>tags)\/list|(?<kind>manifests|blobs)\/(?<reference>[^/]+))$/.exec(path)?.groups;
  const { name, rest = groups?.["kind"], reference } = groups ?? {};
  return {
    ...(name !== undefined && { name }),
    ...(rest !== undefined && { rest }),
    ...(reference !== undefined && { reference }),
  };
}

/** In byte order, `n` at a time, from the one after `last`; a Link says that there is more. */
function tagList(context: Context, name: string, tags: readonly string[], pageSize: number): Response {
  const asked = context.req.query("n");
  if (asked !== undefined && !/^\d+$/.test(asked)) return refused(context, 400, "PAGINATION_NUMBER_INVALID");
  const size = Math.min(Number(asked ?? pageSize), pageSize);
  const last = context.req.query("last");
  const left = last === undefined ? tags : tags.filter((tag) => tag > last);
  const page = left.slice(0, size);
  const end = page.at(-1);
  if (end !== undefined && left.length > page.length)
    context.header("Link", `</v2/${name}/tags/list?last=${encodeURIComponent(end)}&n=${size}>; rel="next"`);
  return context.json({ name, tags: page });
}

/** As ghcr.io does: a client that does not accept the manifest's type is told that there is none. */
function manifest(context: Context, { tags, manifests }: Repository, reference: string): Response {
  const bytes = manifests.get(tags.get(reference) ?? reference);
  const accepted = (context.req.header("accept") ?? "").split(",").map((type) => type.split(";")[0]?.trim());
  if (bytes === undefined || !accepted.includes(MANIFEST_TYPE)) return refused(context, 404, "MANIFEST_UNKNOWN");
  return content(context, bytes, MANIFEST_TYPE);
}

function content(context: Context, bytes: Buffer, type: string): Response {
  return context.body(new Uint8Array(bytes), 200, {
    "Content-Type": type,
    "Content-Length": String(bytes.byteLength),
    "Docker-Content-Digest": digestOf(bytes),
  });
}

function refused(context: Context, status: 400 | 401 | 404 | 405, code: Code): Response {
  return context.json({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " "), detail: null }] }, status);
}

function manifestOf(name: string, tag: string, build: number): Buffer {
  const empty = { mediaType: EMPTY.mediaType, digest: digestOf(EMPTY.bytes), size: EMPTY.bytes.byteLength };
  const annotations = {
    "org.opencontainers.image.title": name,
    "org.opencontainers.image.version": tag,
    ...(build !== 1 && { "org.example.build": String(build) }),
  };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: empty, layers: [empty], annotations }));
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
