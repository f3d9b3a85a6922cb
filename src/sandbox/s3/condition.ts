/** If-Match and If-None-Match of a PUT, judged as MinIO does (master of 2026-02-12, measured 2026-11-24). */
import type { Version } from "./bucket.ts";
import type { S3Flaw } from "./faults.ts";
import { S3Error } from "./refusal.ts";

/**
 * Throws S3Error where a condition does not hold. A delete marker on top counts as nothing there.
 *
 *     on top          If-Match   If-None-Match: *   both
 *     nothing         404        passes             404
 *     other content   412        412                412
 *     that content    passes     412                412
 */
export function checkCondition(top: Version | undefined, headers: Headers, flaws: ReadonlySet<S3Flaw>): void {
  const ifMatch = flaws.has("ignores-if-match") ? null : headers.get("if-match");
  const ifNoneMatch = flaws.has("ignores-if-none-match") ? null : headers.get("if-none-match");
  if (top?.kind !== "object") {
    if (ifMatch !== null && !flaws.has("creates-on-if-match")) throw new S3Error("NoSuchKey");
    return;
  }
  const failed = (ifMatch !== null && !matches(top.etag, ifMatch)) || (ifNoneMatch !== null && matches(top.etag, ifNoneMatch));
  if (!failed) return;
  throw new S3Error("PreconditionFailed", {
    headers: { etag: `"${top.etag}"`, "last-modified": top.at.toUTCString() },
  });
}

/** With or without quotes; `*` matches any content. */
export function matches(etag: string, condition: string): boolean {
  return condition === "*" || condition.replaceAll('"', "") === etag;
}
