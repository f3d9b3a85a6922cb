import { createHmac } from "node:crypto";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { openKubernetes, openReceiver } from "../../src/adapters/flux.ts";
import { Secret } from "../../src/core/secret.ts";
import { startServer } from "../../src/sandbox/server.ts";

const KUSTOMIZATIONS = { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations" };

interface Call {
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

async function aServer(answer: (call: Call) => Response) {
  const calls: Call[] = [];
  const app = new Hono();
  app.all("*", async (context) => {
    const url = new URL(context.req.url);
    const call = {
      path: url.pathname + url.search,
      method: context.req.method,
      headers: context.req.raw.headers,
      body: await context.req.text(),
    };
    calls.push(call);
    return answer(call);
  });
  return Object.assign(await startServer(app), { calls });
}

describe("the Receiver", () => {
  test("is called once, with a signature over the bytes that are sent", async () => {
    await using server = await aServer(() => new Response(null, { status: 200 }));
    const receiver = openReceiver({ url: `${server.url}/hook/abc`, token: new Secret("s3cret") });
    await receiver.trigger({ environment: "shop-é", release: "9f" });
    expect(server.calls).toHaveLength(1);
    const [{ path, method, headers, body } = expect.fail("no call")] = server.calls;
    expect([method, path, headers.get("content-type")]).toEqual(["POST", "/hook/abc", "application/json"]);
    expect(JSON.parse(body)).toEqual({ environment: "shop-é", release: "9f" });
    expect(headers.get("x-signature")).toBe(`sha256=${createHmac("sha256", "s3cret").update(body).digest("hex")}`);
  });

  test.each([
    [400, "Stalled"],
    [404, "Stalled"],
    [429, "Waiting"],
    [503, "Waiting"],
  ])("answers %i: %s, without the token in the message", async (status, name) => {
    await using server = await aServer(() => new Response(null, { status }));
    const receiver = openReceiver({ url: `${server.url}/hook/abc`, token: new Secret("s3cret") });
    const error: unknown = await receiver.trigger({}).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name });
    expect(JSON.stringify([error, String(error), error instanceof Error ? error.stack : ""])).not.toContain("s3cret");
  });
});

describe("the Kubernetes API", () => {
  test("is asked for one object, with the bearer token, below the server's own path", async () => {
    await using server = await aServer(() => Response.json({ kind: "Kustomization" }));
    const kubernetes = openKubernetes({ url: `${server.url}/clusters/one/`, token: new Secret("t0ken") });
    expect(await kubernetes.get(KUSTOMIZATIONS, "environments", "env-shop")).toEqual({ kind: "Kustomization" });
    const [{ path, headers } = expect.fail("no call")] = server.calls;
    expect(path).toBe("/clusters/one/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/environments/kustomizations/env-shop");
    expect(headers.get("authorization")).toBe("Bearer t0ken");
  });

  test("is asked for a namespace where Kubernetes has its own first kinds", async () => {
    await using server = await aServer(() => Response.json({ kind: "Namespace" }));
    const kubernetes = openKubernetes({ url: server.url, token: new Secret("t0ken") });
    await kubernetes.get({ group: "", version: "v1", plural: "namespaces" }, undefined, "env-shop");
    expect(server.calls[0]?.path).toBe("/api/v1/namespaces/env-shop");
  });

  test("says that an object, or a kind, is not there by saying nothing", async () => {
    await using server = await aServer(() => new Response("404 page not found\n", { status: 404 }));
    const kubernetes = openKubernetes({ url: server.url, token: new Secret("t0ken") });
    expect(await kubernetes.get(KUSTOMIZATIONS, "environments", "env-shop")).toBeUndefined();
    expect(await kubernetes.list(KUSTOMIZATIONS, "environments", "a=b")).toEqual([]);
  });

  test("lists by label", async () => {
    await using server = await aServer(() => Response.json({ items: [1, 2] }));
    const kubernetes = openKubernetes({ url: server.url, token: new Secret("t0ken") });
    expect(await kubernetes.list(KUSTOMIZATIONS, "env-shop", "crossplane.io/composite=shop")).toEqual([1, 2]);
    expect(server.calls[0]?.path).toContain("?labelSelector=crossplane.io%2Fcomposite%3Dshop");
  });

  test.each([
    [401, "Stalled"],
    [403, "Stalled"],
    [500, "Waiting"],
  ])("answers %i: %s", async (status, name) => {
    await using server = await aServer(() => Response.json({ kind: "Status", message: "no" }, { status }));
    const kubernetes = openKubernetes({ url: server.url, token: new Secret("t0ken") });
    await expect(kubernetes.get(KUSTOMIZATIONS, "environments", "env-shop")).rejects.toMatchObject({ name });
  });

  test("is not taken from a page that is not JSON", async () => {
    await using server = await aServer(() => new Response("<html>sign in</html>", { headers: { "content-type": "text/html" } }));
    const kubernetes = openKubernetes({ url: server.url, token: new Secret("t0ken") });
    await expect(kubernetes.get(KUSTOMIZATIONS, "environments", "env-shop")).rejects.toMatchObject({ name: "Stalled" });
  });
});
