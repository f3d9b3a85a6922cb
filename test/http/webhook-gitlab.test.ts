import { connect } from "node:net";
import { expect, test } from "vitest";
import { digestOfBytes } from "../../src/core/json.ts";
import {
  httpBench,
  NOW,
  OLD_SECRET,
  OLD_SIGNING_TOKEN,
  raw,
  SECRET,
  secrets,
  signed,
  SIGNING_TOKEN,
  spoken,
  visible,
} from "./bench.ts";

const BODY = '{"object_kind":"push"}';
const SIGNED_ONLY = { webhook: { secrets: secrets(SECRET), signingTokens: secrets(SIGNING_TOKEN, OLD_SIGNING_TOKEN) } };
const withToken = (token = SECRET): Record<string, string> => ({ "x-gitlab-token": token });
const without = (headers: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

test("an event for us is stored with its jobs and answered 202 with nothing", async () => {
  await using http = await httpBench();
  const response = await http.send("/webhooks/gitlab", BODY, { ...withToken(), "idempotency-key": "key-1" });
  expect([response.status, await response.text()]).toEqual([202, ""]);
  expect(http.accepted).toEqual([
    {
      id: "key-1",
      source: "gitlab",
      event: "Push Hook",
      receivedAt: NOW.toISOString(),
      decision: "the default branch moved",
      jobs: [{ kind: "fan-out" }],
    },
  ]);
});

test("an event that is not for us is answered 200 and not stored", async () => {
  await using http = await httpBench();
  const response = await http.send("/webhooks/gitlab", BODY, { ...withToken(), "x-gitlab-event": "Wiki Page Hook" });
  expect([response.status, await response.text()]).toEqual([200, ""]);
  expect(http.accepted).toEqual([]);
});

test("who pushed a head is stored even where nothing is to be done", async () => {
  const pushed = { sha: "a".repeat(40), userId: 5 };
  await using http = await httpBench({ decide: () => ({ jobs: [], decision: "a branch", pushed }) });
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(202);
  expect(http.accepted).toMatchObject([{ pushed }]);
});

test("each live secret opens, the old one too", async () => {
  await using http = await httpBench();
  for (const token of [SECRET, OLD_SECRET])
    expect((await http.send("/webhooks/gitlab", BODY, withToken(token))).status).toBe(202);
});

test("an absent, short, wrong or nearly right token get the same answer", async () => {
  await using http = await httpBench();
  const answers = [];
  for (const headers of [
    {},
    withToken("x"),
    withToken(SECRET.slice(1)),
    withToken(`${SECRET}0`),
    withToken(SECRET.toUpperCase()),
  ]) {
    answers.push(await visible(await http.send("/webhooks/gitlab", BODY, headers)));
  }
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]).toMatchObject({ status: 401 });
  expect(http.accepted).toEqual([]);
});

test("every live signing token opens, and its webhook-id is the delivery's", async () => {
  await using http = await httpBench(SIGNED_ONLY);
  for (const token of [SIGNING_TOKEN, OLD_SIGNING_TOKEN]) {
    expect((await http.send("/webhooks/gitlab", BODY, signed(BODY, { id: token.slice(0, 9), token }))).status).toBe(202);
  }
  expect(http.accepted.map(({ id }) => id)).toEqual([SIGNING_TOKEN.slice(0, 9), OLD_SIGNING_TOKEN.slice(0, 9)]);
});

test("one good signature among several is enough", async () => {
  await using http = await httpBench(SIGNED_ONLY);
  const headers = signed(BODY);
  const several = { ...headers, "webhook-signature": `v1a,zzz v1,AAAA ${headers["webhook-signature"]}` };
  expect((await http.send("/webhooks/gitlab", BODY, several)).status).toBe(202);
});

test.each<[string, (headers: Record<string, string>) => Record<string, string>]>([
  ["the right token and no signature", () => withToken()],
  ["the right token beside a wrong signature", (headers) => ({ ...headers, ...withToken(), "webhook-signature": "v1,AAAA" })],
  ["an empty signature", (headers) => ({ ...headers, "webhook-signature": "" })],
  ["a signature without its version", (headers) => ({ ...headers, "webhook-signature": headers["webhook-signature"]!.slice(3) })],
  ["another id", (headers) => ({ ...headers, "webhook-id": "another" })],
  ["no id", (headers) => without(headers, "webhook-id")],
  ["another time", (headers) => ({ ...headers, "webhook-timestamp": String(NOW.getTime() / 1000 + 1) })],
  ["no time", (headers) => without(headers, "webhook-timestamp")],
  ["a time that is no number", (headers) => ({ ...headers, "webhook-timestamp": "NaN" })],
  ["a foreign key", () => signed(BODY, { token: `whsec_${Buffer.alloc(32, 7).toString("base64")}` })],
  ["a signature of another body", () => signed(`${BODY} `)],
  ["a replay after an hour", () => signed(BODY, { at: later(-3_600) })],
  ["a time that is 301 s old", () => signed(BODY, { at: later(-301) })],
  ["a time that is 301 s ahead", () => signed(BODY, { at: later(301) })],
])("where a signing token is configured, %s is refused, and all refusals look alike", async (_, change) => {
  await using http = await httpBench(SIGNED_ONLY);
  const refusal = await visible(await http.send("/webhooks/gitlab", BODY, change(signed(BODY))));
  expect(refusal).toEqual(await visible(await http.send("/webhooks/gitlab", BODY)));
  expect(refusal).toMatchObject({ status: 401 });
  expect(http.accepted).toEqual([]);
});

test("a clock that is five minutes off is borne", async () => {
  await using http = await httpBench(SIGNED_ONLY);
  for (const at of [later(-299), later(299)]) {
    expect((await http.send("/webhooks/gitlab", BODY, signed(BODY, { at, id: String(at.getTime()) }))).status).toBe(202);
  }
});

test("a replay within the time is answered as before, and nothing happens twice", async () => {
  await using http = await httpBench(SIGNED_ONLY);
  const headers = signed(BODY);
  for (let count = 0; count < 3; count += 1) expect((await http.send("/webhooks/gitlab", BODY, headers)).status).toBe(202);
  expect(http.accepted).toHaveLength(1);
});

test("without any id the body's digest tells deliveries apart", async () => {
  await using http = await httpBench();
  await http.send("/webhooks/gitlab", BODY, withToken());
  await http.send("/webhooks/gitlab", BODY, withToken());
  await http.send("/webhooks/gitlab", '{"object_kind":"push","n":2}', { ...withToken(), "idempotency-key": "x".repeat(300) });
  expect(http.accepted.map(({ id }) => id)).toEqual([
    `sha256:${digestOfBytes(BODY)}`,
    `sha256:${digestOfBytes('{"object_kind":"push","n":2}')}`,
  ]);
});

test("a delivery that cannot be stored is answered 503, to be sent again", async () => {
  await using http = await httpBench({
    jobs: {
      accept: async () => {
        throw new Error("the database is away");
      },
    },
  });
  const response = await http.send("/webhooks/gitlab", BODY, withToken());
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(await response.text()).not.toContain("database");
  expect(http.logged()).toContain("the database is away");
});

test("a mistake of ours is answered 503 and does not end the service", async () => {
  await using http = await httpBench({
    decide: (event) => {
      if (event === "Note Hook") throw new TypeError("undefined is not a function");
      return { jobs: [], decision: "fine" };
    },
  });
  expect((await http.send("/webhooks/gitlab", BODY, { ...withToken(), "x-gitlab-event": "Note Hook" })).status).toBe(503);
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(200);
});

test("while it drains it takes nothing", async () => {
  await using http = await httpBench({ draining: () => true });
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(503);
  expect(http.accepted).toEqual([]);
});

const DEEP = 100_000;
test.each<[string, string | Uint8Array]>([
  ["nothing", ""],
  ["no JSON", "object_kind=push"],
  ["half of JSON", '{"object_kind":'],
  ["null", "null"],
  ["a number", "1e999"],
  ["an array for the object", '[{"object_kind":"push"}]'],
  ["nulls everywhere", '{"object_kind":null,"project":null,"object_attributes":null,"user":null}'],
  ["arrays everywhere", '{"object_kind":[],"project":[],"object_attributes":[[]],"user":[]}'],
  ["arrays 100,000 deep", "[".repeat(DEEP) + "]".repeat(DEEP)],
  ["objects 100,000 deep", `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`],
  ["a prototype", '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'],
  ["broken UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
  ["a NUL", '{"object_kind":"\\u0000"}'],
])("an authentic sender of %s gets 200, 202 or 503, and the next one is served", async (_, body) => {
  await using http = await httpBench();
  expect([200, 202, 503]).toContain((await http.send("/webhooks/gitlab", body, withToken())).status);
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(202);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("a body that is announced too large is refused unread", async () => {
  await using http = await httpBench();
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: ${SECRET}\r\nContent-Length: 1073741824\r\n\r\n`;
  expect(await raw(http.url, head)).toMatch(/^HTTP\/1\.1 413 /);
});

test.each([
  ["with the right token", `X-Gitlab-Token: ${SECRET}`, {}],
  [
    "with the headers of a signature",
    "webhook-id: a\r\nwebhook-timestamp: 1795507200\r\nwebhook-signature: v1,AAAA",
    SIGNED_ONLY,
  ],
])("1 GiB %s is cut off at the limit, in bounded memory", async (_, header, deps) => {
  await using http = await httpBench({ ...deps, now: () => new Date(1_795_507_200_000) });
  const chunk = new Uint8Array(64 * 1024).fill(0x20);
  const before = process.memoryUsage.rss();
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\n${header}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const framed = Buffer.concat([Buffer.from("10000\r\n"), chunk, Buffer.from("\r\n")]);
  expect(await raw(http.url, head, { chunk: framed, times: 16_384 })).toMatch(/^HTTP\/1\.1 413 /);
  const grownMiB = (process.memoryUsage.rss() - before) / 1024 / 1024;
  // 25 MiB may be kept, and the sender of this test lives in the same process.
  expect(grownMiB).toBeLessThan(80);
});

test.each([
  ["a body that is too large", `X-Gitlab-Token: ${SECRET}`, 413],
  ["a stranger's body", "X-Other: x", 401],
])("who sends %s whole before listening hears the answer all the same", async (_, header, status) => {
  await using http = await httpBench({ limits: { bytes: 1_000, totalBytes: 100_000, deadlineMs: 5_000 } });
  const size = 16 * 1024 * 1024;
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\n${header}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), new Uint8Array(size), Buffer.from("\r\n0\r\n\r\n")]);
  expect(await spoken(http.url, Buffer.concat([Buffer.from(head), body]))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

test("1 GiB of a stranger is not read at all", async () => {
  await using http = await httpBench();
  const head = "POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  const framed = Buffer.concat([Buffer.from("10000\r\n"), new Uint8Array(64 * 1024), Buffer.from("\r\n")]);
  expect(await raw(http.url, head, { chunk: framed, times: 16_384 })).toMatch(/^HTTP\/1\.1 401 /);
});

test("many large bodies at a time are refused rather than kept", async () => {
  await using http = await httpBench({ limits: { bytes: 1_000, totalBytes: 1_500, deadlineMs: 5_000 } });
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: ${SECRET}\r\nContent-Length: 900\r\n\r\n`;
  const first = raw(http.url, head + " ".repeat(899));
  // The first is being read before the second comes: both are on their way in this order, and only one can have its place.
  const second = raw(http.url, head + " ".repeat(899));
  expect(await Promise.race([first, second])).toMatch(/^HTTP\/1\.1 503 /);
});

test("a body that comes too slowly is given up", async () => {
  await using http = await httpBench({ limits: { bytes: 1_000, totalBytes: 10_000, deadlineMs: 50 } });
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: ${SECRET}\r\nContent-Length: 900\r\n\r\n{`;
  expect(await raw(http.url, head)).toMatch(/^HTTP\/1\.1 503 /);
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(202);
});

test("a sender that hangs up in the middle leaves the service well", async () => {
  await using http = await httpBench({ limits: { bytes: 1_000, totalBytes: 1_000, deadlineMs: 5_000 } });
  for (let count = 0; count < 5; count += 1) {
    const socket = connect(Number(new URL(http.url).port), "127.0.0.1");
    await new Promise<void>((resolve) =>
      socket.write(
        `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Gitlab-Token: ${SECRET}\r\nContent-Length: 900\r\n\r\n${" ".repeat(500)}`,
        () => resolve(),
      ),
    );
    socket.resetAndDestroy();
  }
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(202);
});

test("headers beyond the limit are refused and the service lives", async () => {
  await using http = await httpBench();
  const head = `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`;
  expect(await raw(http.url, head)).toMatch(/^HTTP\/1\.1 431 /);
  const many = Array.from({ length: 1_000 }, (_, index) => `X-${index}: ${"a".repeat(10)}`).join("\r\n");
  expect(await raw(http.url, `POST /webhooks/gitlab HTTP/1.1\r\nHost: x\r\n${many}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  expect((await http.send("/webhooks/gitlab", BODY, withToken())).status).toBe(202);
});

test("a canary in a request's headers or body is in no reply, log or metric", async () => {
  const canary = "canary-4f1e77-do-not-show";
  await using http = await httpBench({
    decide: () => {
      throw new Error("a mistake of ours");
    },
  });
  const replies = [];
  const body = `{"object_kind":"push","secret":"${canary}"}`;
  for (const headers of [
    withToken(canary),
    { ...withToken(), "x-other": canary, authorization: `Bearer ${canary}` },
    { ...signed(body), "webhook-signature": `v1,${canary}` },
  ]) {
    replies.push(JSON.stringify(await visible(await http.send(`/webhooks/gitlab?token=${canary}`, body, headers))));
  }
  replies.push(await (await fetch(`${http.url}/metrics`)).text(), http.logged());
  expect(http.logged()).toContain("a mistake of ours");
  for (const reply of replies) {
    expect(reply).not.toContain(canary);
    expect(reply).not.toContain(SECRET);
  }
});
