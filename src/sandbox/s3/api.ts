/** Every request to the sandbox S3: whose it is, what it is, whether that is allowed, and how the answer looks. Path style only. */
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { checkKey, readAddress, type Address } from "./address.ts";
import type { S3FaultKind } from "./faults.ts";
import { operationOf } from "./operations.ts";
import { S3Error } from "./refusal.ts";
import { refusalAnswer, toResponse } from "./response.ts";
import { mayDo } from "./rights.ts";
import { verifySignature } from "./signature.ts";
import { assumeRole } from "./sts.ts";
import type { JournalEntry, S3Answer, S3Request, World } from "./world.ts";

const SIGN_IN = { name: "AssumeRoleWithWebIdentity", handle: assumeRole };

export function s3Api(world: World): Hono {
  const app = new Hono();
  let requests = 0;
  app.all("*", async (context) => {
    requests += 1;
    const requestId = requests.toString(16).toUpperCase().padStart(16, "0");
    const { incoming } = context.env as HttpBindings;
    const body = new Uint8Array(await context.req.raw.arrayBuffer());
    const request = { ...readAddress(incoming.url ?? "/"), headers: context.req.raw.headers, body };
    const { method } = context.req;
    const { answer, fault, entry } = await answerOf(world, method, request);
    world.journal.push(entry);
    const cut = (): void => void incoming.socket.destroy();
    if (fault?.kind === "lost-response" && answer.status < 300) cut();
    return toResponse(answer, method, requestId, fault, cut);
  });
  return app;
}

interface Outcome {
  readonly answer: S3Answer;
  readonly fault: S3FaultKind | undefined;
  readonly entry: JournalEntry;
}

async function answerOf(world: World, method: string, request: S3Request & Address): Promise<Outcome> {
  const { path, bucketName, key, query, headers } = request;
  const so: { operation?: string; accessKeyId?: string; fault?: S3FaultKind } = {};
  const outcome = (answer: S3Answer): Outcome => {
    const { operation, accessKeyId, fault } = so;
    const versionId = query.get("versionId") ?? undefined;
    const entry = { operation, bucket: bucketName, key, versionId, accessKeyId, status: answer.status, code: answer.code };
    return { answer, fault, entry };
  };
  try {
    // STS lives at the root of the same address, as MinIO's does, and nobody signs for it.
    const signIn = method === "POST" && path === "/";
    const user = signIn ? undefined : verifySignature({ method, path, query: [...query], headers }, world.users, world.now());
    if (user !== undefined) so.accessKeyId = user.accessKeyId;
    const operation = signIn ? SIGN_IN : operationOf(method, key, query, headers);
    if (operation === undefined) throw new S3Error("NotImplemented");
    so.operation = operation.name;
    checkKey(key);
    if (method === "PUT" && !headers.has("content-length")) throw new S3Error("MissingContentLength");
    const fault = world.faults.strike(operation.name, key === "" ? (query.get("prefix") ?? "") : key);
    if (fault !== undefined) so.fault = fault;
    if (fault?.kind === "refuse") throw refusalOf(fault);
    if (user !== undefined && !mayDo(user, operation.name, request)) throw new S3Error("AccessDenied");
    if (fault?.kind === "short-listing") query.set("max-keys", String(fault.entries));
    return outcome(await operation.handle(world, request));
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return outcome(refusalAnswer(error, method, request));
  }
}

/** MinIO asks for a minute with every 503. */
function refusalOf({ code, retryAfterSeconds = 60 }: Extract<S3FaultKind, { kind: "refuse" }>): S3Error {
  const error = new S3Error(code);
  return error.status === 503 ? new S3Error(code, { headers: { "retry-after": String(retryAfterSeconds) } }) : error;
}
