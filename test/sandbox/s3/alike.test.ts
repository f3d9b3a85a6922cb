/** Any sequence of requests gets the same answers of the sandbox and of a real MinIO. Only with CLAIMBOT_TEST_S3_URL. */
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { RawAnswer, RawRequest } from "./signed-fetch.ts";
import { servers, type ServerUnderTest } from "./under-test.ts";

const [double, real] = servers;

/** A request but for its bucket and the ids of versions, which are numbered in the order in which the server told them. */
interface Step extends RawRequest {
  readonly version?: number;
}

const KEYS = ["a-x", "a/b", "a/c", "ä+&"];
const BODIES = ["", "one", "two"];
const etag = (body: string): string => `"${createHash("md5").update(body).digest("hex")}"`;
const sha256 = (body: string): string => createHash("sha256").update(body).digest("base64");
const md5 = (body: string): string => createHash("md5").update(body).digest("base64");

const key = fc.constantFrom(...KEYS).map((key) => `/BUCKET/${key}`);
const version = fc.option(fc.nat({ max: 8 }), { nil: undefined, freq: 2 });
const date = fc.integer({ min: -1, max: 3 }).map((hours) => new Date(Date.UTC(2090, 0, 1, hours)).toISOString());
const mode = fc.constantFrom("COMPLIANCE", "GOVERNANCE");
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined, freq: 1 });

const put = fc
  .record({
    path: key,
    body: fc.constantFrom(...BODIES),
    ifMatch: maybe(fc.constantFrom("*", ...BODIES.map(etag))),
    ifNoneMatch: maybe(fc.constantFrom("*", ...BODIES.map(etag))),
    checksum: maybe(fc.constantFrom("x", ...BODIES.map(sha256))),
    md5: maybe(fc.constantFrom("x", ...BODIES.map(md5))),
    lock: maybe(fc.record({ mode: maybe(fc.oneof(mode, fc.constant("x"))), date: maybe(fc.oneof(date, fc.constant("x"))) })),
  })
  .map(({ path, body, ifMatch, ifNoneMatch, checksum, md5, lock }): Step => ({
    method: "PUT",
    path,
    body,
    headers: Object.fromEntries(
      [
        ["if-match", ifMatch],
        ["if-none-match", ifNoneMatch],
        ["x-amz-checksum-sha256", checksum],
        ["content-md5", md5],
        ["x-amz-object-lock-mode", lock?.mode],
        ["x-amz-object-lock-retain-until-date", lock?.date],
      ].filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
  }));

const read = fc
  .record({
    method: fc.constantFrom("GET", "HEAD"),
    path: key,
    version: version,
    ifMatch: maybe(fc.constantFrom(...BODIES.map(etag))),
  })
  .map(({ ifMatch, version, ...step }): Step => ({
    ...step,
    ...(version !== undefined && { version }),
    headers: { "x-amz-checksum-mode": "ENABLED", ...(ifMatch !== undefined && { "if-match": ifMatch }) },
  }));

const bypassed = fc
  .boolean()
  .map((bypass): Record<string, string> => (bypass ? { "x-amz-bypass-governance-retention": "true" } : {}));

const remove = fc
  .record({ path: key, version, headers: bypassed })
  .map(({ version, ...step }): Step => ({ method: "DELETE", ...step, ...(version !== undefined && { version }) }));

const retain = fc
  .record({ path: key, version, headers: bypassed, lock: maybe(fc.record({ mode, date })) })
  .map(({ version, lock, headers, path }): Step => {
    const inner = lock === undefined ? "" : `<Mode>${lock.mode}</Mode><RetainUntilDate>${lock.date}</RetainUntilDate>`;
    const body = `<Retention>${inner}</Retention>`;
    const seal = { "content-md5": md5(body), ...headers };
    return { method: "PUT", path, query: { retention: "" }, body, headers: seal, ...(version !== undefined && { version }) };
  });

const retention = fc
  .record({ path: key, version })
  .map(({ path, version }): Step => ({ path, query: { retention: "" }, ...(version !== undefined && { version }) }));

const list = fc
  .record({ prefix: fc.constantFrom("", "a", "a/", "b"), delimiter: fc.constantFrom("", "/"), versions: fc.boolean() })
  .map(({ prefix, delimiter, versions }): Step => ({
    path: "/BUCKET",
    query: versions ? { versions: "", prefix } : { "list-type": "2", prefix, ...(delimiter !== "" && { delimiter }) },
  }));

const steps = fc.array(
  fc.oneof(
    { arbitrary: put, weight: 5 },
    { arbitrary: remove, weight: 3 },
    { arbitrary: read, weight: 3 },
    { arbitrary: retain, weight: 2 },
    { arbitrary: retention, weight: 1 },
    { arbitrary: list, weight: 2 },
  ),
  { minLength: 5, maxLength: 25 },
);

const HEADERS = [
  "content-type",
  "content-length",
  "etag",
  "x-amz-delete-marker",
  "x-amz-checksum-sha256",
  "x-amz-checksum-type",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
];

async function play(server: ServerUnderTest, plan: readonly Step[]): Promise<readonly unknown[]> {
  const versions: string[] = [];
  const numbered = (text: string): string =>
    versions.reduce((text, id, index) => text.replaceAll(id, `version ${index}`), text).replaceAll(server.bucket, "BUCKET");
  const told: unknown[] = [];
  for (const { version, path, query = {}, ...step } of plan) {
    const versionId = version === undefined ? undefined : (versions[version] ?? "00000000-0000-4000-8000-000000000000");
    const whole = { ...query, ...(versionId !== undefined && { versionId }) };
    const answer = await server.fetch({ ...step, path: path.replace("BUCKET", server.bucket), query: whole });
    const id = answer.headers["x-amz-version-id"];
    if (typeof id === "string" && !versions.includes(id)) versions.push(id);
    told.push([answer.status, answer.code, ...headersOf(answer), numbered(String(id)), numbered(bodyOf(answer))]);
  }
  return told;
}

/** The length of XML differs by ids alone. */
function headersOf({ headers }: RawAnswer): readonly unknown[] {
  const isXml = headers["content-type"] === "application/xml";
  return HEADERS.map((name) => (isXml && name === "content-length" ? undefined : headers[name]));
}

/** But for times, ids of requests, and the words of XML mistakes. */
function bodyOf({ body }: RawAnswer): string {
  return body
    .replaceAll(/<(LastModified|RequestId|HostId)>[^<]*<\/\1>/g, "")
    .replace(/(<Code>MalformedXML<\/Code><Message>)[^<]*/, "$1");
}

test.skipIf(real === undefined)("any sequence of requests gets the answers of a real MinIO", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      await using ours = (await double?.start()) as ServerUnderTest;
      await using theirs = (await real?.start()) as ServerUnderTest;
      expect(await play(ours, plan)).toEqual(await play(theirs, plan));
    }),
    { numRuns: 100 },
  );
});
