/** Every request to the sandbox S3: whose it is, what it is, whether that is allowed, and how the answer looks. Path style only. */
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { S3FaultKind } from "./faults.ts";
import { operationOf } from "./operations.ts";
import { S3Error } from "./refusal.ts";
import { mayDo } from "./rights.ts";
import { verifySignature } from "./signature.ts";
import type { JournalEntry, S3Answer, S3Request, World } from "./world.ts";
import { plainDocument, type Element } from "./xml.ts";

export function s3Api(world: World): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  let requests = 0;
  app.all("*", async (context) => {
    requests += 1;
    const requestId = requests.toString(16).toUpperCase().padStart(16, "0");
    const address = readAddress(context.env.incoming.url ?? "/");
    const body = new Uint8Array(await context.req.raw.arrayBuffer());
    const request = { ...address, headers: context.req.raw.headers, body };
    const { answer, fault, entry } = await answerOf(world, context.req.method, request);
    world.journal.push(entry);
    if (fault?.kind === "lost-response" && answer.status < 300) {
      context.env.incoming.socket.destroy();
      return new Response();
    }
    return toResponse(answer, context.req.method, requestId, fault);
  });
  return app;
}

interface Address {
  readonly path: string;
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

interface Outcome {
  readonly answer: S3Answer;
  readonly fault: S3FaultKind | undefined;
  readonly entry: JournalEntry;
}

async function answerOf(world: World, method: string, request: S3Request & Address): Promise<Outcome> {
  const { bucketName, key, query, headers } = request;
  const entry: { -readonly [Name in keyof JournalEntry]: JournalEntry[Name] } = {
    operation: undefined,
    bucket: bucketName,
    key,
    versionId: query.get("versionId") ?? undefined,
    accessKeyId: undefined,
    status: 0,
    code: undefined,
  };
  let fault: S3FaultKind | undefined;
  try {
    const find = (accessKeyId: string) => world.users.get(accessKeyId);
    const user = verifySignature({ method, path: request.path, query: [...query], headers }, find, world.now());
    entry.accessKeyId = user.accessKeyId;
    const operation = operationOf(method, key, query, headers);
    if (operation === undefined) throw new S3Error("NotImplemented");
    entry.operation = operation.name;
    checkKey(key);
    if (method === "PUT" && !headers.has("content-length")) throw new S3Error("MissingContentLength");
    fault = world.faults.strike(operation.name, operation.on === "object" ? key : (query.get("prefix") ?? ""));
    if (fault?.kind === "refuse") throw refusalOf(fault);
    if (!mayDo(user.rights, operation.name, request)) throw new S3Error("AccessDenied");
    if (fault?.kind === "short-listing") query.set("max-keys", String(fault.entries));
    const answer = await operation.handle(world, request);
    entry.status = answer.status;
    return { answer, fault, entry };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    entry.status = error.status;
    entry.code = error.code;
    return { answer: refusalAnswer(error, method, request), fault, entry };
  }
}

/** `/bucket/key/with/slashes?…`, as it came over the wire: nothing is resolved. */
function readAddress(target: string): Address {
  const [rawPath = "/", ...rest] = target.split("?");
  const path = decodeURIComponent(rawPath);
  const [, bucketName = "", ...segments] = path.split("/");
  return { path, bucketName, key: segments.join("/"), query: new URLSearchParams(rest.join("?")) };
}

function checkKey(key: string): void {
  const segments = key.split("/");
  if (segments.some((segment) => segment === "." || segment === "..")) throw new S3Error("XMinioInvalidResourceName");
  if (Buffer.byteLength(key) > 1024) throw new S3Error("KeyTooLongError");
  // A key that ends in a slash is a directory to MinIO, with rules of its own.
  if (key.endsWith("/")) throw new S3Error("NotImplemented");
  if (key !== "" && segments.some((segment) => segment === "" || Buffer.byteLength(segment) > 255))
    throw new S3Error("XMinioInvalidObjectName");
}

function refusalOf({ code, retryAfterSeconds = 60 }: Extract<S3FaultKind, { kind: "refuse" }>): S3Error {
  const error = new S3Error(code);
  return error.status === 503 ? new S3Error(code, { headers: { "retry-after": String(retryAfterSeconds) } }) : error;
}

/** A HEAD has no body to say it in: MinIO has headers for that. */
function refusalAnswer({ code, message, status, headers }: S3Error, method: string, request: Address): S3Answer {
  if (method === "HEAD") {
    return { status, headers: { ...headers, "x-minio-error-code": code, "x-minio-error-desc": `"${message}"` } };
  }
  const place: readonly Element[] = [
    ...(request.key === "" ? [] : [["Key", request.key] as const]),
    ...(request.bucketName === "" ? [] : [["BucketName", request.bucketName] as const]),
    ["Resource", request.path],
  ];
  return { status, headers, body: plainDocument("Error", [["Code", code], ["Message", message], ...place]) };
}

function toResponse(answer: S3Answer, method: string, requestId: string, fault: S3FaultKind | undefined): Response {
  const headers = new Headers({ "accept-ranges": "bytes", "x-amz-request-id": requestId, ...answer.headers });
  if (typeof answer.body === "string") {
    headers.set("content-type", "application/xml");
    const body = fault?.kind === "short-listing" ? withoutNext(answer.body) : answer.body;
    return new Response(body.replace("</Error>", `<RequestId>${requestId}</RequestId></Error>`), {
      status: answer.status,
      headers,
    });
  }
  if (answer.body === undefined || method === "HEAD") {
    if (answer.status !== 204 && !headers.has("content-length")) headers.set("content-length", "0");
    return new Response(null, { status: answer.status, headers });
  }
  headers.set("content-length", String(answer.body.byteLength));
  return new Response(bodyUnder(fault, answer.body), { status: answer.status, headers });
}

/** The page says that it is the last. */
function withoutNext(listing: string): string {
  return listing
    .replace("<IsTruncated>true<", "<IsTruncated>false<")
    .replaceAll(/<(NextContinuationToken|NextKeyMarker)>[^<]*<\/\1>/g, "");
}

function bodyUnder(fault: S3FaultKind | undefined, body: Uint8Array): Buffer<ArrayBuffer> | ReadableStream {
  const copy = Buffer.from(body);
  if (fault?.kind === "damaged-body") copy.writeUInt8(copy.readUInt8(0) ^ 1, 0);
  if (fault?.kind !== "cut-body") return copy;
  return new ReadableStream({
    start: (controller) => controller.enqueue(copy.subarray(0, copy.byteLength >> 1)),
    pull: (controller) => controller.error(new Error("cut by a fault")),
  });
}
