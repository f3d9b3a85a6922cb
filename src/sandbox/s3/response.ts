/** How an answer looks on the wire, and what a fault makes of it. */
import type { Address } from "./address.ts";
import type { S3FaultKind } from "./faults.ts";
import type { S3Error } from "./refusal.ts";
import type { S3Answer } from "./world.ts";
import { plainDocument, type Element } from "./xml.ts";

/** `cut` ends the connection, for the fault that asks for it. */
export function toResponse(
  answer: S3Answer,
  method: string,
  requestId: string,
  fault: S3FaultKind | undefined,
  cut: () => void,
): Response {
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
  return new Response(bodyUnder(fault, answer.body, cut), { status: answer.status, headers });
}

/** The page says that it is the last. */
function withoutNext(listing: string): string {
  return listing
    .replace("<IsTruncated>true<", "<IsTruncated>false<")
    .replaceAll(/<(NextContinuationToken|NextKeyMarker)>[^<]*<\/\1>/g, "");
}

function bodyUnder(fault: S3FaultKind | undefined, body: Uint8Array, cut: () => void): Buffer<ArrayBuffer> | ReadableStream {
  const copy = Buffer.from(body);
  if (fault?.kind === "damaged-body" && copy.byteLength > 0) copy.writeUInt8(copy.readUInt8(0) ^ 1, 0);
  if (fault?.kind !== "cut-body") return copy;
  return new ReadableStream({
    start: (controller) => controller.enqueue(copy.subarray(0, copy.byteLength >> 1)),
    // Asked for the second half, the first is on its way, and out of the process one turn later.
    pull: () => void setImmediate(cut),
  });
}

/** A HEAD has no body to say it in: MinIO has headers for that, but not for conditions. */
export function refusalAnswer({ code, message, status, headers }: S3Error, method: string, request: Address): S3Answer {
  if (method === "HEAD" && code !== "PreconditionFailed") {
    return { status, code, headers: { ...headers, "x-minio-error-code": code, "x-minio-error-desc": `"${message}"` } };
  }
  const place: readonly Element[] = [
    ...(request.key === "" ? [] : [["Key", request.key] as const]),
    ...(request.bucketName === "" ? [] : [["BucketName", request.bucketName] as const]),
    ["Resource", request.path],
  ];
  return { status, code, headers, body: plainDocument("Error", [["Code", code], ["Message", message], ...place]) };
}
