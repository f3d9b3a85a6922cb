/** AWS Signature Version 4 in the Authorization header, checked as MinIO does (measured 2026-11-24). Signed addresses are not known here. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Error } from "./refusal.ts";

/** What is signed, as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  /** Decoded, in any order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Headers;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Only temporary credentials have one, and then every request needs it. */
  readonly sessionToken?: string;
  /** Temporary credentials are unknown from then on. */
  readonly expiresAt?: Date;
}

const MAX_SKEW_MS = 15 * 60_000;

/** The credential that signed the request. Throws S3Error for one that none of them did, or not now. The body is for `checkBodyDigest`. */
export function verifySignature<C extends Credential>(request: SignedRequest, known: ReadonlyMap<string, C>, now: Date): C {
  const { headers } = request;
  const authorization = headers.get("authorization");
  if (authorization === null || !authorization.startsWith("AWS4-HMAC-SHA256")) throw new S3Error("AccessDenied");
  const at = requestTime(headers.get("x-amz-date"));
  if (Math.abs(at.getTime() - now.getTime()) > MAX_SKEW_MS) throw new S3Error("RequestTimeTooSkewed");
  const { accessKeyId, date, region, service, signedHeaders, signature } = parseAuthorization(authorization);
  if (service !== "s3") {
    const message = `Error parsing the Credential/X-Amz-Credential parameter; incorrect service. This endpoint belongs to "s3".`;
    throw new S3Error("AuthorizationParametersError", { message });
  }
  const credential = known.get(accessKeyId);
  if (credential === undefined || (credential.expiresAt !== undefined && credential.expiresAt <= now)) {
    throw new S3Error("InvalidAccessKeyId");
  }
  if ((headers.get("x-amz-security-token") ?? "") !== (credential.sessionToken ?? "")) throw new S3Error("InvalidTokenId");
  const missing = !signedHeaders.includes("host") || signedHeaders.some((name) => headers.get(name) === null);
  if (missing) {
    throw new S3Error("AccessDenied", {
      status: 400,
      message: "There were headers present in the request which were not signed",
    });
  }
  const scope = [date, region, service, "aws4_request"];
  const toSign = ["AWS4-HMAC-SHA256", headers.get("x-amz-date"), scope.join("/"), sha256(canonical(request, signedHeaders))];
  const key = scope.reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${credential.secretAccessKey}`);
  if (!same(hmac(key, toSign.join("\n")).toString("hex"), signature)) throw new S3Error("SignatureDoesNotMatch");
  return credential;
}

/** The digest that the signature stands for must be the body's. Chunked signing (`STREAMING-…`) is not known here. */
export function checkBodyDigest(headers: Headers, body: Uint8Array): void {
  const claimed = headers.get("x-amz-content-sha256");
  if (claimed === "UNSIGNED-PAYLOAD") return;
  if (claimed?.startsWith("STREAMING-")) throw new S3Error("NotImplemented");
  if (claimed !== sha256(body)) throw new S3Error("XAmzContentSHA256Mismatch");
}

function canonical({ method, path, query, headers }: SignedRequest, signedHeaders: readonly string[]): string {
  const pairs = query.map(([name, value]) => `${encode(name)}=${encode(value)}`).toSorted();
  const lines = signedHeaders.map((name) => `${name}:${(headers.get(name) ?? "").trim().replaceAll(/ +/g, " ")}`);
  const digest = headers.get("x-amz-content-sha256") ?? "";
  return [method, path.split("/").map(encode).join("/"), pairs.join("&"), ...lines, "", signedHeaders.join(";"), digest].join(
    "\n",
  );
}

function parseAuthorization(authorization: string): {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: readonly string[];
  signature: string;
} {
  const parts =
    /^AWS4-HMAC-SHA256 +Credential=([^/, ]+)\/(\d{8})\/([^/, ]*)\/([^/, ]+)\/aws4_request, *SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (parts === null) throw new S3Error("MissingFields");
  const [, accessKeyId = "", date = "", region = "", service = "", signedHeaders = "", signature = ""] = parts;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(";"), signature };
}

function requestTime(header: string | null): Date {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(header ?? "");
  const at = parts && new Date(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}Z`);
  if (at === null || Number.isNaN(at.getTime())) {
    const message = "AWS authentication requires a valid Date or x-amz-date header";
    throw new S3Error("AccessDenied", { status: 400, message });
  }
  return at;
}

/** Percent-encoding of everything that RFC 3986 does not leave alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.codePointAt(0)?.toString(16).toUpperCase() ?? ""}`);
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
