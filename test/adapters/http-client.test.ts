import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  checkedUrl,
  httpClient,
  Refused,
  retryAfterMs,
  Uncertain,
  type HttpClientOptions,
} from "../../src/adapters/http-client.ts";
import { Stalled, Waiting } from "../../src/core/errors.ts";

interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly seen: string[];
}

async function serve(listener: RequestListener): Promise<Listening> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const CANARY = "canary-token-7531";

function clientOf(url: string, options: Partial<HttpClientOptions> = {}) {
  return httpClient({
    service: "GitLab",
    url,
    setting: "CLAIMBOT_GITLAB_URL",
    credentials: () => ({ "private-token": CANARY }),
    backoffMs: 1,
    ...options,
  });
}

async function failureOf(run: Promise<unknown>): Promise<Error> {
  const error = await run.then(
    () => new Error("did not fail"),
    (error: unknown) => error,
  );
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(CANARY);
  return error as Error;
}

describe("an answer", () => {
  test("is read as JSON, with the credentials sent and the names of its headers in lower case", async () => {
    await using server = await serve((request, response) =>
      response
        .writeHead(200, { "Content-Type": "application/json; charset=utf-8", "X-Next-Page": "2" })
        .end(JSON.stringify(request.headers)),
    );
    const answer = await clientOf(server.url)({ path: "/api?x=1" });
    expect(answer.json()).toMatchObject({ "private-token": CANARY, accept: "application/json" });
    expect(answer.headers["x-next-page"]).toBe("2");
    expect(server.seen).toEqual(["GET /api?x=1"]);
  });

  test("of HTML stalls a read and leaves a write uncertain", async () => {
    await using server = await serve((_, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<html>Sign in</html>"),
    );
    const client = clientOf(server.url);
    const read = await client({ path: "/" });
    expect(() => read.json()).toThrow(Stalled);
    const write = await client({ method: "POST", path: "/", body: "{}" });
    expect(() => write.json()).toThrow(Uncertain);
  });

  test.each([
    ["the wrong type", "text/plain", "{}"],
    ["a torn body", "application/json", '{"a":'],
  ])("with %s is not JSON", async (_, type, body) => {
    await using server = await serve((_, response) => response.writeHead(200, { "content-type": type }).end(body));
    const answer = await clientOf(server.url)({ path: "/" });
    expect(() => answer.json()).toThrow("not JSON");
  });

  test("of 204 has no value", async () => {
    await using server = await serve((_, response) => response.writeHead(204).end());
    expect((await clientOf(server.url)({ path: "/" })).json()).toBeUndefined();
  });

  test("that is too long stalls, and is not read on", async () => {
    await using server = await serve((_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const more = (): void => void response.write("x".repeat(65_536), (error) => (error ? undefined : setImmediate(more)));
      more();
    });
    const error = await failureOf(clientOf(server.url, { maxBytes: 100_000 })({ path: "/" }));
    expect(error).toBeInstanceOf(Stalled);
    expect(error.message).toContain("more than 100000 bytes");
  });
});

describe("a refusal", () => {
  test.each([
    [401, '{"message":"401 Unauthorized"}', "401 Unauthorized", /Renew CLAIMBOT_GITLAB_TOKEN/],
    [403, '{"error":"insufficient_scope"}', "insufficient_scope", /Give CLAIMBOT_GITLAB_TOKEN the right/],
    [404, '{"message":"404 Project Not Found"}', "404 Project Not Found", /still there/],
    [422, '{"message":{"base":["too many jobs"]}}', '{"base":["too many jobs"]}', /mend it/],
    [400, '{"errors":[{"code":1}]}', '[{"code":1}]', /mend it/],
  ])("%i stalls with what the service said and a way out", async (status, body, detail, wayOut) => {
    await using server = await serve((_, response) =>
      response.writeHead(status, { "content-type": "application/json" }).end(body),
    );
    const error = await failureOf(clientOf(server.url)({ path: "/x" }));
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ status, detail });
    expect((error as Refused).wayOut).toMatch(wayOut);
    expect(server.seen).toHaveLength(1);
  });

  test("is an answer where the caller accepts it", async () => {
    await using server = await serve((_, response) =>
      response.writeHead(404, { "content-type": "application/json" }).end('{"message":"no"}'),
    );
    expect((await clientOf(server.url)({ path: "/", accept: [404] })).status).toBe(404);
  });
});

describe("a service that is not well", () => {
  test.each([500, 502, 503, 504])("%i: a read is tried three times, a write once", async (status) => {
    await using server = await serve((_, response) => response.writeHead(status, { "content-type": "text/html" }).end("<html>"));
    const client = clientOf(server.url);
    expect(await failureOf(client({ path: "/" }))).toBeInstanceOf(Waiting);
    expect(server.seen).toHaveLength(3);
    expect(await failureOf(client({ method: "POST", path: "/", body: "{}" }))).toBeInstanceOf(Uncertain);
    expect(server.seen).toHaveLength(4);
  });

  test("is asked again, and the good answer counts", async () => {
    let left = 2;
    await using server = await serve((request, response) => {
      left -= 1;
      if (left === 1) request.socket.destroy();
      else response.writeHead(left === 0 ? 200 : 502, { "content-type": "application/json" }).end("[1]");
    });
    expect((await clientOf(server.url)({ path: "/" })).json()).toEqual([1]);
  });

  test("that limits our rate is left alone for as long as it says", async () => {
    await using server = await serve((_, response) => response.writeHead(429, { "retry-after": "30" }).end("Retry later"));
    const client = clientOf(server.url);
    for (const call of [{ path: "/" }, { method: "POST", path: "/", body: "{}" }]) {
      const error = await failureOf(client(call));
      expect(error).toBeInstanceOf(Waiting);
      // Nothing was done: no reason to look for it.
      expect(error).not.toBeInstanceOf(Uncertain);
      expect(error).toMatchObject({ retryAfterMs: 30_000 });
    }
    expect(server.seen).toHaveLength(2);
  });

  test("that cuts the connection leaves a write uncertain", async () => {
    await using server = await serve((request) => request.socket.destroy());
    expect(await failureOf(clientOf(server.url)({ method: "PUT", path: "/", body: "{}" }))).toBeInstanceOf(Uncertain);
  });

  test("that cuts its answer short is not believed", async () => {
    await using server = await serve((request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("[]");
      setImmediate(() => request.socket.destroy());
    });
    expect(await failureOf(clientOf(server.url)({ path: "/" }))).toBeInstanceOf(Waiting);
  });

  test("that says nothing is given up after the deadline", async () => {
    await using server = await serve(() => undefined);
    const error = await failureOf(clientOf(server.url, { deadlineMs: 50, attempts: 1 })({ path: "/slow" }));
    expect(error).toBeInstanceOf(Waiting);
    expect(error.message).toBe("GitLab did not answer GET /slow within 50 ms");
  });

  test("whose body never ends is given up after the deadline", async () => {
    await using server = await serve(
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).write("["),
    );
    expect(await failureOf(clientOf(server.url, { deadlineMs: 50, attempts: 1 })({ path: "/" }))).toBeInstanceOf(Waiting);
  });

  test("that does not speak HTTP is waited for", async () => {
    const server = createTcpServer((socket) => socket.resume().end("garbage\n\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const error = await failureOf(clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)({ path: "/" }));
    await new Promise((resolve) => server.close(resolve));
    expect(error).toBeInstanceOf(Waiting);
  });

  test("that is not there is waited for; nothing was sent, so nothing is uncertain", async () => {
    const server = await serve(() => undefined);
    await server[Symbol.asyncDispose]();
    const error = await failureOf(clientOf(server.url)({ method: "POST", path: "/", body: "{}" }));
    expect(error).toBeInstanceOf(Waiting);
    expect(error).not.toBeInstanceOf(Uncertain);
  });
});

describe("the caller's signal", () => {
  test("ends a call with its own reason", async () => {
    const controller = new AbortController();
    await using server = await serve(() => controller.abort(new Error("the job was ended")));
    const error = await failureOf(clientOf(server.url)({ path: "/", signal: controller.signal }));
    expect(error.message).toBe("the job was ended");
  });
});

describe("addresses", () => {
  test("a redirect within the origin is followed by a read, and only there", async () => {
    await using server = await serve((request, response) =>
      request.url === "/old"
        ? response.writeHead(301, { location: "/new" }).end()
        : response.writeHead(200, { "content-type": "application/json" }).end("[1]"),
    );
    const client = clientOf(server.url);
    expect((await client({ path: "/old" })).json()).toEqual([1]);
    expect(await failureOf(client({ method: "POST", path: "/old", body: "{}" }))).toBeInstanceOf(Stalled);
  });

  test("a redirect to another origin is not followed: the token stays", async () => {
    await using other = await serve((_, response) => response.writeHead(200).end());
    await using server = await serve((_, response) => response.writeHead(302, { location: `${other.url}/steal` }).end());
    const error = await failureOf(clientOf(server.url)({ path: "/" }));
    expect(error).toBeInstanceOf(Stalled);
    expect((error as Stalled).wayOut).toContain("CLAIMBOT_GITLAB_URL");
    expect(other.seen).toEqual([]);
  });

  test("redirects in a circle end", async () => {
    await using server = await serve((_, response) => response.writeHead(302, { location: "/" }).end());
    expect(await failureOf(clientOf(server.url)({ path: "/" }))).toBeInstanceOf(Stalled);
  });

  test.each(["https://evil.example.org/x", "//evil.example.org/x"])("a call to %s is our own bug", async (path) => {
    await expect(clientOf("https://gitlab.example.org")({ path })).rejects.toThrow("bug");
  });

  test.each([
    ["https://gitlab.example.org", true],
    ["https://gitlab.example.org:8443/gitlab", true],
    ["http://127.0.0.1:8080", true],
    ["http://127.8.9.10", true],
    ["http://localhost:1", true],
    ["http://[::1]:1", true],
    ["http://gitlab.example.org", false],
    ["http://127.0.0.1.example.org", false],
    ["http://localhost.example.org", false],
    ["http://10.0.0.1", false],
    ["ftp://127.0.0.1", false],
    ["file:///etc/passwd", false],
    ["https://user:password@gitlab.example.org", false],
    ["gitlab.example.org", false],
    ["", false],
  ])("%s may be called: %s", (url, allowed) => {
    const check = (): URL => checkedUrl(url, "CLAIMBOT_GITLAB_URL");
    if (allowed) expect(check().href).toContain("://");
    else expect(check).toThrow(Stalled);
  });
});

describe("when a service wants us back", () => {
  const now = Date.parse("2026-11-24T10:00:00Z");

  test.each([
    [{ "retry-after": "30" }, 30_000],
    [{ "retry-after": "0" }, 1000],
    [{ "retry-after": "999999" }, 3_600_000],
    [{ "retry-after": "Tue, 24 Nov 2026 10:00:20 GMT" }, 20_000],
    [{ "retry-after": "soon", "ratelimit-reset": "12" }, 12_000],
    [{ "ratelimit-reset": String(now / 1000 + 45) }, 45_000],
    [{ "ratelimit-reset": String(now / 1000 - 45) }, 1000],
    [{}, undefined],
  ])("%j means %s ms", (headers, expected) => {
    expect(retryAfterMs({ headers }, now)).toBe(expected);
  });
});
