/** What a failed request to S3 means, read from the SDK's many kinds of errors (client-s3 3.1175, seen 2026-11-24). */

export type Verdict =
  /** The server understood and did nothing. `code` is S3's, such as `PreconditionFailed`; empty where something else answered. */
  | { readonly kind: "refused"; readonly code: string; readonly status: number; readonly said: string }
  /** Too much is asked of it at once. */
  | { readonly kind: "busy"; readonly code: string; readonly retryAfterMs: number | undefined }
  /** Sent, and the answer is lost or cannot be read: it may have been carried out. */
  | { readonly kind: "lost"; readonly said: string }
  /** What was read is not what the server says that it is. */
  | { readonly kind: "damaged" }
  /** Nothing was sent. `code` is the operating system's, such as `ECONNREFUSED`. */
  | { readonly kind: "unreachable"; readonly code: string }
  /** Not an error of S3's: ours. */
  | { readonly kind: "unknown" };

/** An answer with a status of success that is not what S3 answers: a proxy's or a sign-in page. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

/** A body whose digest is not the one that the server keeps for it. */
export class DamagedBody extends Error {
  override readonly name = "DamagedBody";
}

const NEVER_SENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EPROTO"]);
/** How Node names certificates that it does not believe. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CRL_|HOSTNAME_MISMATCH)/;
/** The request was damaged on its way, or its sender was too slow: nothing was done, and the next try may be better. */
const ON_THE_WAY = new Set([
  "BadDigest",
  "XAmzContentChecksumMismatch",
  "XAmzContentSHA256Mismatch",
  "IncompleteBody",
  "RequestTimeout",
]);

/** What the SDK calls an answer that did not say its code: a HEAD's, or that of something else than S3. */
const UNNAMED = new Set(["Unknown", "Error", "NotFound"]);

export function verdictOf(error: unknown): Verdict {
  if (!(error instanceof Error)) return { kind: "unknown" };
  if (error instanceof UnreadableAnswer) return { kind: "lost", said: error.message };
  if (error instanceof DamagedBody || /checksum mismatch/i.test(error.message)) return { kind: "damaged" };
  const status = statusOf(error);
  if (status === undefined) return networkVerdict(error);
  const code = UNNAMED.has(error.name) ? (codeInHeader(error) ?? codeWithoutWords(error, status)) : error.name;
  if (status === 429 || code === "SlowDown" || code === "TooManyRequests" || status === 409) {
    return { kind: "busy", code: code || String(status), retryAfterMs: retryAfterMs(error) };
  }
  if (status === 503) return { kind: "busy", code: code || "503", retryAfterMs: retryAfterMs(error) };
  // 501 is an answer about the request; every other 5xx is one about the server, or of a proxy that gave up.
  if (status >= 500 && status !== 501) return { kind: "lost", said: `${status}${code === "" ? "" : ` ${code}`}` };
  if (status < 300) return { kind: "lost", said: "something that is not S3's XML" };
  if (ON_THE_WAY.has(code)) return { kind: "lost", said: code };
  return { kind: "refused", code, status, said: code === "" ? "" : oneLine(error.message) };
}

/** S3's code of a refusal; undefined for everything else. */
export function refusalCode(error: unknown): string | undefined {
  const verdict = verdictOf(error);
  return verdict.kind === "refused" ? verdict.code : undefined;
}

/** A refused HEAD has no body: 404, or 405 for a delete marker. The request's id tells S3 from a proxy that has no such page. */
export function isNothingThere(error: unknown): boolean {
  const { requestId, httpStatusCode } =
    (error as { $metadata?: { requestId?: string; httpStatusCode?: number } }).$metadata ?? {};
  if (requestId === undefined || (httpStatusCode !== 404 && httpStatusCode !== 405)) return false;
  return refusalCode(error) !== "NoSuchBucket";
}

/** True for the code of a certificate that is not believed, or of a server that does not speak TLS. */
export function isAboutTls(code: string): boolean {
  return code === "EPROTO" || CERTIFICATE.test(code);
}

function networkVerdict(error: Error): Verdict {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (NEVER_SENT.has(code) || CERTIFICATE.test(code)) return { kind: "unreachable", code };
  if (
    error.name === "TimeoutError" ||
    error.name === "AbortError" ||
    /^E[A-Z]+$|^ERR_STREAM|^ERR_HTTP/.test(code) ||
    error.message === "aborted"
  ) {
    return { kind: "lost", said: code === "" ? "nothing" : code };
  }
  return { kind: "unknown" };
}

interface Answered {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

function statusOf(error: Error & Answered): number | undefined {
  return error.$metadata?.httpStatusCode;
}

/** A refused HEAD has no body to say why; MinIO has a header for it. */
function codeInHeader(error: Error & Answered): string | undefined {
  return error.$response?.headers?.["x-minio-error-code"];
}

/** AWS has none: what it says without words is told by the status and the id that S3 gives each request. Else empty: a proxy, or a console. */
function codeWithoutWords(error: Error & Answered, status: number): string {
  if (error.$metadata?.requestId === undefined) return "";
  if (status === 403) return "AccessDenied";
  const isOfAnotherRegion = error.$response?.headers?.["x-amz-bucket-region"] !== undefined;
  return isOfAnotherRegion && (status === 301 || status === 307 || status === 400) ? "PermanentRedirect" : "";
}

/** Said in seconds, or as a date (RFC 9110, 10.2.3). */
function retryAfterMs(error: Error & Answered): number | undefined {
  const said = error.$response?.headers?.["retry-after"] ?? "";
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return seconds > 0 ? Math.min(seconds, 3600) * 1000 : undefined;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 200);
}
