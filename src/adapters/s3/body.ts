/** An object's content, read to its end and checked against what the server says of it. */
import { createHash } from "node:crypto";
import { addAbortSignal, type Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { DamagedBody, UnreadableAnswer } from "./verdict.ts";

/** Throws DamagedBody where it is not what was stored, UnreadableAnswer where the answer has no length. */
export async function readBody(
  { Body, ContentLength, ChecksumSHA256 }: GetObjectCommandOutput,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | "too-large"> {
  if (ContentLength === undefined || Body === undefined) throw new UnreadableAnswer("an object without a length");
  const stream = addAbortSignal(signal, Body as Readable);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      stream.destroy();
      return "too-large";
    }
    chunks.push(chunk);
  }
  if (sizeBytes !== ContentLength) throw new UnreadableAnswer(`${sizeBytes} of ${ContentLength} bytes`);
  const body = Buffer.concat(chunks, sizeBytes);
  // The checksum of a multipart upload ends in its number of parts; claimbot makes none.
  const isWhole = ChecksumSHA256 !== undefined && !ChecksumSHA256.includes("-");
  if (isWhole && createHash("sha256").update(body).digest("base64") !== ChecksumSHA256) throw new DamagedBody("other bytes");
  return body;
}
