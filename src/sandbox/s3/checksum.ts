/** The digests that a client sends with a body: compared, and the x-amz-checksum one kept, as MinIO does (measured 2026-11-24). */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { S3Error } from "./refusal.ts";

export interface Checksum {
  readonly algorithm: "sha256" | "crc32";
  /** Base64. */
  readonly value: string;
}

const DIGESTS = {
  sha256: { bytes: 32, of: (body: Uint8Array): string => createHash("sha256").update(body).digest("base64") },
  crc32: {
    bytes: 4,
    of: (body: Uint8Array): string => Buffer.from(crc32(body).toString(16).padStart(8, "0"), "hex").toString("base64"),
  },
} as const;

/** What the headers say; throws S3Error for a malformed one, two at once, or an algorithm that is not known here. */
export function readChecksum(headers: Headers): Checksum | undefined {
  const sent = [...headers].filter(([name]) => /^x-amz-checksum-(?!mode$|algorithm$|type$)/.test(name));
  const [header] = sent;
  if (header === undefined) return undefined;
  const algorithm = header[0].slice("x-amz-checksum-".length);
  if (algorithm !== "sha256" && algorithm !== "crc32") throw new S3Error("NotImplemented");
  if (sent.length > 1 || !isBase64Of(DIGESTS[algorithm].bytes, header[1])) {
    throw new S3Error("InvalidArgument", { message: "Invalid checksum provided." });
  }
  return { algorithm, value: header[1] };
}

export function checkChecksum({ algorithm, value }: Checksum, body: Uint8Array): void {
  if (DIGESTS[algorithm].of(body) !== value) throw new S3Error("XAmzContentChecksumMismatch");
}

/** Throws for a malformed Content-MD5; what it returns is for `checkMd5`. */
export function readMd5(headers: Headers): string | undefined {
  const header = headers.get("content-md5");
  if (header === null) return undefined;
  if (!isBase64Of(16, header)) throw new S3Error("InvalidDigest");
  return header;
}

export function checkMd5(md5: string, body: Uint8Array): void {
  if (createHash("md5").update(body).digest("base64") !== md5) throw new S3Error("BadDigest");
}

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value, "x-amz-checksum-type": "FULL_OBJECT" };
}

function isBase64Of(bytes: number, text: string): boolean {
  const decoded = Buffer.from(text, "base64");
  return decoded.byteLength === bytes && decoded.toString("base64") === text;
}
