import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { startRegistry } from "../../src/sandbox/registry.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const API = "services/payments-api";
const ACCOUNT = { username: "claimbot", password: "pull-password" };
const BASIC = `Basic ${Buffer.from("claimbot:pull-password").toString("base64")}`;

test("lists tags in byte order, a page at a time", async () => {
  await using registry = await startRegistry({ repositories: { [API]: ["2.10.0", "2.3.0", "latest", "2.4.0"] } });
  const list = `${registry.url}/v2/${API}/tags/list`;
  const first = await fetch(`${list}?n=3`);
  expect(await first.json()).toEqual({ name: API, tags: ["2.10.0", "2.3.0", "2.4.0"] });
  expect(first.headers.get("link")).toBe(`</v2/${API}/tags/list?last=2.4.0&n=3>; rel="next"`);
  const second = await fetch(`${list}?last=2.4.0&n=3`);
  expect(await second.json()).toEqual({ name: API, tags: ["latest"] });
  expect(second.headers.has("link")).toBe(false);
  expect((await fetch(`${list}?n=x`)).status).toBe(400);
});

test("serves manifests whose digest is that of their bytes, by tag and by digest", async () => {
  await using registry = await startRegistry({ repositories: { [API]: ["2.4.0"] } });
  const manifests = `${registry.url}/v2/${API}/manifests`;
  const headers = { accept: TYPE };
  const byTag = await fetch(`${manifests}/2.4.0`, { headers });
  const bytes = Buffer.from(await byTag.arrayBuffer());
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  expect(byTag.headers.get("docker-content-digest")).toBe(digest);
  expect(byTag.headers.get("content-type")).toBe(TYPE);
  expect(registry.digest(API, "2.4.0")).toBe(digest);
  const head = await fetch(`${manifests}/${digest}`, { method: "HEAD", headers });
  expect([head.status, head.headers.get("docker-content-digest"), head.headers.get("content-length")]).toEqual([
    200,
    digest,
    String(bytes.length),
  ]);
  const layer = (JSON.parse(bytes.toString()) as { layers: [{ digest: string }] }).layers[0].digest;
  expect(await (await fetch(`${registry.url}/v2/${API}/blobs/${layer}`)).text()).toBe("{}");
});

test.each([
  ["/v2/services/none/tags/list", 404, "NAME_UNKNOWN"],
  ["/v2/Services/none/tags/list", 400, "NAME_INVALID"],
  [`/v2/${API}/manifests/9.9.9`, 404, "MANIFEST_UNKNOWN"],
  [`/v2/${API}/blobs/sha256:00`, 404, "BLOB_UNKNOWN"],
])("answers %s with %i %s", async (path, status, code) => {
  await using registry = await startRegistry({ repositories: { [API]: ["2.4.0"] } });
  const answer = await fetch(registry.url + path, { headers: { accept: TYPE } });
  expect([answer.status, await answer.json()]).toMatchObject([status, { errors: [{ code }] }]);
});

test("has no manifest for a client that does not accept its type", async () => {
  await using registry = await startRegistry({ repositories: { [API]: ["2.4.0"] } });
  expect((await fetch(`${registry.url}/v2/${API}/manifests/2.4.0`, { headers: { accept: "application/json" } })).status).toBe(
    404,
  );
});

test("publishes and moves tags", async () => {
  await using registry = await startRegistry({ repositories: {} });
  const first = registry.addTag("services/new", "1.0.0");
  expect(registry.addTag("services/new", "1.0.0")).toBe(first);
  const second = registry.addTag("services/new", "1.0.0", 2);
  expect(second).not.toBe(first);
  expect(registry.digest("services/new", "1.0.0")).toBe(second);
  const old = await fetch(`${registry.url}/v2/services/new/manifests/${first}`, { headers: { accept: TYPE } });
  expect(old.status).toBe(200);
});

test("wants a user and a password where it was told so", async () => {
  await using registry = await startRegistry({
    repositories: { [API]: ["2.4.0"] },
    credentials: { scheme: "basic", ...ACCOUNT },
  });
  const refused = await fetch(`${registry.url}/v2/`);
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="sandbox-registry"']);
  expect((await fetch(`${registry.url}/v2/`, { headers: { authorization: BASIC } })).status).toBe(200);
});

test("hands out tokens that open one repository", async () => {
  await using registry = await startRegistry({
    repositories: { [API]: ["2.4.0"], other: ["1.0.0"] },
    credentials: { scheme: "bearer", ...ACCOUNT },
  });
  const list = `${registry.url}/v2/${API}/tags/list`;
  const challenge = (await fetch(list)).headers.get("www-authenticate");
  expect(challenge).toBe(`Bearer realm="${registry.url}/token",service="sandbox-registry",scope="repository:${API}:pull"`);
  expect((await fetch(`${registry.url}/token?scope=repository:${API}:pull`)).status).toBe(401);
  const granted = await fetch(`${registry.url}/token?scope=repository:${API}:pull`, { headers: { authorization: BASIC } });
  const { token } = (await granted.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(list, { headers })).status).toBe(200);
  expect((await fetch(`${registry.url}/v2/other/tags/list`, { headers })).status).toBe(401);
  registry.revokeTokens();
  expect((await fetch(list, { headers })).status).toBe(401);
});

test("takes nothing and writes down what it does not know", async () => {
  await using registry = await startRegistry({ repositories: { [API]: ["2.4.0"] } });
  expect((await fetch(`${registry.url}/v2/${API}/manifests/2.4.0`, { method: "DELETE" })).status).toBe(405);
  expect((await fetch(`${registry.url}/v2/_catalog`)).status).toBe(404);
  expect(registry.unexpected).toEqual([`DELETE /v2/${API}/manifests/2.4.0`, "GET /v2/_catalog"]);
});
