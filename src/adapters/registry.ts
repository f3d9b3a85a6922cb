/**
 * The OCI registry of the services: lists tags to the end and tells the digest behind one (distribution spec 1.1). Reads only.
 * Credentials go to the registry's own origin alone: a token service elsewhere is refused, as is every redirect away.
 */
import { createHash } from "node:crypto";
import { Stalled } from "../core/errors.ts";
import type { Registry } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import { httpClient, type HttpAnswer, type HttpCall, type HttpClient } from "./http-client.ts";

export interface RegistryOptions {
  /** `https://registry.example.org`, or http to loopback. */
  readonly url: string;
  /** The path below which each service has the repository of its name. */
  readonly repository: string;
  readonly username?: string;
  readonly password?: Secret;
  /** Of one call; 20 s without. */
  readonly deadlineMs?: number;
}

const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const TAGS_PER_PAGE = 1000;
/** More than any service has: a registry that pages for ever is not believed. */
const MAX_PAGES = 100;
const MAX_BYTES = 4 * 1024 * 1024;
const CREDENTIALS_HINT = "Set CLAIMBOT_REGISTRY_USERNAME and CLAIMBOT_REGISTRY_PASSWORD to an account that may pull it";

/** Throws Stalled for an address that is neither https nor loopback. The calls throw Waiting or Stalled, and never name a credential. */
export function openRegistry(options: RegistryOptions): Registry {
  const call = authorised(
    httpClient({
      service: "The registry",
      url: options.url,
      setting: "CLAIMBOT_REGISTRY_URL",
      maxBytes: MAX_BYTES,
      ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
    }),
    options,
  );
  const { host } = new URL(options.url);
  const nameOf = (service: string): string => {
    const name = `${options.repository}/${service}`;
    if (!/^[a-z0-9]+((\.|_|__|-+|\/)[a-z0-9]+)*$/.test(name)) throw new Error(`bug: ${name} is no repository's name`);
    return name;
  };
  return {
    async tags(service, signal) {
      const name = nameOf(service);
      const path = `/v2/${name}/tags/list`;
      const tags: string[] = [];
      const seen = new Set<string>();
      for (let query: string | undefined = `?n=${TAGS_PER_PAGE}`; query !== undefined;) {
        if (seen.has(query) || seen.size >= MAX_PAGES)
          throw new Stalled(`${host} never comes to the end of the tags of ${name}`, `Look at what ${path}${query} answers`);
        seen.add(query);
        const answer = await call(name, { path: path + query, accept: [404], signal });
        if (answer.status === 404) return undefined;
        tags.push(...tagsOf(answer, `${host} answers for ${name}`));
        query = nextQuery(answer);
      }
      return [...new Set(tags)];
    },
    async digest(service, tag, signal) {
      const name = nameOf(service);
      if (!/^\w[\w.-]{0,127}$/.test(tag)) throw new Error(`bug: ${tag} is no tag`);
      const manifest = { path: `/v2/${name}/manifests/${tag}`, headers: { accept: MANIFEST_TYPES }, accept: [404, 405], signal };
      const head = await call(name, { ...manifest, method: "HEAD" });
      if (head.status === 404) throw missing(host, name, tag);
      const told = head.status === 405 ? undefined : digestHeader(head);
      if (told !== undefined) return told;
      const answer = await call(name, manifest);
      if (answer.status !== 200) throw missing(host, name, tag);
      return digestOfManifest(answer, `${host}/${name}:${tag}`);
    },
  };
}

type Call = (repository: string, call: HttpCall) => Promise<HttpAnswer>;

/** Answers a challenge once, and keeps what was let in for the next calls to the same repository. */
function authorised(client: HttpClient, options: RegistryOptions): Call {
  const kept = new Map<string, string>();
  const { host } = new URL(options.url);
  return async (repository, call) => {
    const send = async (authorization: string | undefined): Promise<HttpAnswer> =>
      client({
        ...call,
        accept: [...(call.accept ?? []), 401, 403],
        headers: { ...call.headers, ...(authorization !== undefined && { authorization }) },
      });
    let answer = await send(kept.get(repository));
    if (answer.status === 401) {
      const authorization = await answerTo(challengeOf(answer), client, options, repository, call.signal);
      answer = await send(authorization);
      if (answer.status < 400) kept.set(repository, authorization);
    }
    if (answer.status === 401 || answer.status === 403)
      throw new Stalled(`${host} does not let us read ${repository} (${answer.status})`, CREDENTIALS_HINT);
    return answer;
  };
}

type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string | undefined }
  | { readonly scheme: "other" };

/** Bearer wins where both are offered. */
function challengeOf({ headers }: HttpAnswer): Challenge {
  const text = headers["www-authenticate"] ?? "";
  const bearer = /\bBearer\s+(.*)$/is.exec(text)?.[1];
  if (bearer !== undefined) {
    const members = new Map(
      [...bearer.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
    );
    return { scheme: "bearer", realm: members.get("realm") ?? "", service: members.get("service") };
  }
  return { scheme: /\bBasic\b/i.test(text) ? "basic" : "other" };
}

/** The Authorization header that a challenge asks for. */
async function answerTo(
  challenge: Challenge,
  client: HttpClient,
  options: RegistryOptions,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { host, origin } = new URL(options.url);
  const basic = basicOf(options);
  switch (challenge.scheme) {
    case "other":
      throw new Stalled(
        `${host} wants a kind of credentials that claimbot does not have`,
        "Let the registry offer Basic or Bearer",
      );
    case "basic":
      if (basic === undefined) throw new Stalled(`${host} wants a user and a password for ${repository}`, CREDENTIALS_HINT);
      return basic;
    case "bearer": {
      const realm = URL.parse(challenge.realm);
      if (realm === null || realm.origin !== origin)
        throw new Stalled(
          `${host} sends us to ${realm === null ? "nowhere" : realm.origin} for a token, and credentials never leave ${origin}`,
          "Serve the registry's tokens from its own host, or let it take Basic",
        );
      if (challenge.service !== undefined) realm.searchParams.set("service", challenge.service);
      realm.searchParams.set("scope", `repository:${repository}:pull`);
      const answer = await client({
        path: realm.pathname + realm.search,
        accept: [400, 401, 403],
        signal,
        ...(basic !== undefined && { headers: { authorization: basic } }),
      });
      if (answer.status >= 400)
        throw new Stalled(`${host} gives us no token for ${repository} (${answer.status})`, CREDENTIALS_HINT);
      return `Bearer ${tokenOf(answer.json(), host)}`;
    }
  }
}

function basicOf({ username, password }: RegistryOptions): string | undefined {
  if (username === undefined || password === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString("base64")}`;
}

function tokenOf(body: unknown, host: string): string {
  const { token, access_token: accessToken } = (body ?? {}) as { readonly token?: unknown; readonly access_token?: unknown };
  const found = token ?? accessToken;
  if (typeof found === "string" && /^[\w.~+/=-]+$/.test(found)) return found;
  throw new Stalled(`${host} answers without a token`, "Look at the registry's token service");
}

function tagsOf(answer: HttpAnswer, where: string): readonly string[] {
  const body = answer.json();
  const tags = body !== null && typeof body === "object" && "tags" in body ? (body.tags ?? []) : undefined;
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  throw new Stalled(
    `${where} with something that is no list of tags`,
    "Look whether CLAIMBOT_REGISTRY_URL is that of an OCI registry",
  );
}

/** Only the query of the next page is taken from the answer, so that a Link can lead nowhere else. */
function nextQuery({ headers }: HttpAnswer): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(headers["link"] ?? "")?.[1];
  return target === undefined ? undefined : URL.parse(target, "https://registry.invalid")?.search;
}

function digestHeader({ headers }: HttpAnswer): string | undefined {
  const digest = headers["docker-content-digest"] ?? "";
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

function digestOfManifest(answer: HttpAnswer, reference: string): string {
  const digest = `sha256:${createHash("sha256").update(answer.body).digest("hex")}`;
  const told = digestHeader(answer);
  if (told === undefined || told === digest) return digest;
  throw new Stalled(
    `${reference} has other content than its digest says`,
    "Do not release it: find out what stands before the registry",
  );
}

function missing(host: string, name: string, tag: string): Stalled {
  return new Stalled(`${host} has no ${name}:${tag}`, "Publish it again, or comment /claim plan to choose another version");
}
