/** Answers that no sandbox gives: of servers that cut listings, list out of order, move, or are not who they say. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openS3Store } from "../../../src/adapters/s3/store.ts";
import type { AuditableStore } from "../../../src/core/ports.ts";
import { Secret } from "../../../src/core/secret.ts";

interface Strange extends AsyncDisposable {
  readonly store: AuditableStore;
  readonly requests: readonly string[];
}

type Answer = readonly [status: number, body: string, headers?: Readonly<Record<string, string>>];

/** Answers the requests one after the other, and all further ones as the last. */
async function strange(...answers: readonly Answer[]): Promise<Strange> {
  const requests: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [status, body, headers] = answers[Math.min(requests.length, answers.length - 1)] ?? [500, ""];
    requests.push(`${request.method} ${request.url}`);
    request.resume().once("end", () => {
      response.writeHead(status, { "content-type": "application/xml", "x-amz-request-id": "1", ...headers }).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const store = await openS3Store({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bucket: "claims",
    region: "us-east-1",
    credentials: { accessKeyId: "claimbot", secretAccessKey: new Secret("secret") },
    backoffMs: 1,
  });
  return {
    store,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function listing(keys: readonly string[], end: string): Answer {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><ETag>"${"0".repeat(32)}"</ETag></Contents>`);
  return [200, `<ListBucketResult>${contents.join("")}${end}</ListBucketResult>`];
}

const LAST = "<IsTruncated>false</IsTruncated>";
const MORE = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>";

const refusal = (status: number, code: string, more = ""): Answer => [
  status,
  `<Error><Code>${code}</Code><Message>of the test</Message>${more}</Error>`,
];

test.each([
  ["says that more follows, and not where", [listing(["a"], "<IsTruncated>true</IsTruncated>")]],
  ["says that more follows, and brings nothing", [listing([], MORE)]],
  ["does not say whether it is whole", [listing(["a"], "")]],
  ["is torn", [[200, "<ListBucketResult><Contents><Key>a</Key>"] as Answer]],
  ["is another document", [[200, "<html><body>Sign in</body></html>"] as Answer]],
  [
    "has an object without an ETag",
    [[200, `<ListBucketResult><Contents><Key>a</Key></Contents>${LAST}</ListBucketResult>`] as Answer],
  ],
] as const)("a listing that %s is not believed, and asked for again later", async (_, answers) => {
  await using server = await strange(...answers);
  await expect(server.store.list("")).rejects.toMatchObject({ name: "Waiting" });
  expect(server.requests.length).toBeGreaterThan(1);
});

test.each([
  ["out of order", [listing(["b", "a"], LAST)]],
  ["twice on one page", [listing(["a", "a"], LAST)]],
  ["again on the next page", [listing(["a", "b"], MORE), listing(["b", "c"], LAST)]],
  ["again behind the end", [listing(["a", "b"], LAST), listing(["a", "b"], LAST)]],
] as const)("a server that lists %s cannot be believed at all", async (_, answers) => {
  await using server = await strange(...answers);
  await expect(server.store.list("")).rejects.toMatchObject({ name: "Stalled", message: expect.stringContaining("order") });
});

test("a listing is followed over its pages, and looked at once more behind its end", async () => {
  await using server = await strange(listing(["a", "b"], MORE), listing(["c"], LAST), listing(["d"], LAST), listing([], LAST));
  expect((await server.store.list("")).map(({ key }) => key)).toEqual(["a", "b", "c", "d"]);
  expect(server.requests.map((request) => /(continuation-token|start-after)=\w+/.exec(request)?.[0])).toEqual([
    undefined,
    "continuation-token=next",
    "start-after=c",
    "start-after=d",
  ]);
});

test("a conflict of conditional writes is tried again", async () => {
  await using server = await strange(refusal(409, "ConditionalRequestConflict"), [200, "", { etag: '"abc"' }]);
  expect(await server.store.putNew("claims/a", Buffer.from("x"))).toEqual({ etag: "abc" });
});

test("a damaged upload is tried again", async () => {
  await using server = await strange(refusal(400, "XAmzContentChecksumMismatch"), [200, "", { etag: '"abc"' }]);
  expect(await server.store.putNew("claims/a", Buffer.from("x"))).toEqual({ etag: "abc" });
});

/** AWS answers a HEAD that it refuses without a body, and so without a code. */
test.each<readonly [string, Answer, string]>([
  ["that we may not read", [403, ""], "s3:GetObject"],
  ["of another region", [301, "", { "x-amz-bucket-region": "eu-west-1" }], "CLAIMBOT_S3_REGION"],
  ["of another region, asked with the wrong one", [400, "", { "x-amz-bucket-region": "eu-west-1" }], "CLAIMBOT_S3_REGION"],
])("a HEAD of an object %s is told from a server that is none", async (_, answer, wayOut) => {
  await using server = await strange(answer);
  const error: unknown = await server.store.facts("claims/a").catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "Stalled", wayOut: expect.stringContaining(wayOut) });
});

test("a time that a busy server asks for is taken in seconds and as a date", async () => {
  const busy = (after: string): Answer => [503, "<Error><Code>SlowDown</Code></Error>", { "retry-after": after }];
  await using inSeconds = await strange(busy("120"));
  await expect(inSeconds.store.read("claims/a")).rejects.toMatchObject({ name: "Waiting", retryAfterMs: 120_000 });
  await using byDate = await strange(busy(new Date(Date.now() + 120_000).toUTCString()));
  const error = await byDate.store.read("claims/a").catch((error: unknown) => error as { readonly retryAfterMs?: number });
  expect(error).toMatchObject({ name: "Waiting" });
  expect(error && "retryAfterMs" in error ? error.retryAfterMs : 0).toBeGreaterThan(100_000);
});

test("an object that is larger than anything of ours is not read into memory", async () => {
  const body = "x".repeat(1024 * 1024);
  const server = createServer((_, response) => {
    response.writeHead(200, { etag: '"abc"', "content-length": String(65 * body.length) });
    for (let part = 0; part < 65; part += 1) response.write(body);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: "claimbot", secretAccessKey: new Secret("secret") };
    const store = await openS3Store({ endpoint, bucket: "claims", region: "us-east-1", credentials, backoffMs: 1 });
    await expect(store.read("claims/a")).rejects.toMatchObject({ name: "Stalled", message: expect.stringContaining("larger") });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test.each([
  ["is elsewhere", refusal(301, "PermanentRedirect", "<Endpoint>elsewhere.example.org</Endpoint>"), "CLAIMBOT_S3_ENDPOINT"],
  ["is elsewhere for now", refusal(307, "TemporaryRedirect"), "CLAIMBOT_S3_ENDPOINT"],
  ["has another region", refusal(400, "AuthorizationHeaderMalformed"), "CLAIMBOT_S3_REGION"],
  ["cannot do what is asked", refusal(501, "NotImplemented"), "conditional writes"],
  ["has another clock", refusal(403, "RequestTimeTooSkewed"), "NTP"],
  ["says something that nobody knows", refusal(400, "Whatever"), "what the server says"],
] as const)("a server that %s is said so, with the way out", async (_, answer, wayOut) => {
  await using server = await strange(answer);
  const error: unknown = await server.store.putNew("claims/a", Buffer.from("x")).catch((error: unknown) => error);
  expect(error).toMatchObject({ name: "Stalled", wayOut: expect.stringContaining(wayOut) });
});
