/** Object Lock: what headers and bodies ask for, and what may become of a lock. As MinIO answers (measured 2026-11-24). */
import type { Bucket } from "./bucket.ts";
import { S3Error } from "./refusal.ts";
import { readElements } from "./xml.ts";

export interface Lock {
  readonly mode: "COMPLIANCE" | "GOVERNANCE";
  readonly retainUntil: Date;
}

const DAY_MS = 86_400_000;
const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** The lock that a PUT gets: its own headers', else the bucket's default. Throws S3Error for headers that say nothing good. */
export function lockOfPut(headers: Headers, bucket: Bucket | undefined, now: Date): Lock | undefined {
  const mode = headers.get("x-amz-object-lock-mode");
  const date = headers.get("x-amz-object-lock-retain-until-date");
  if (mode === null && date === null) return bucket && defaultLock(bucket, now);
  if (bucket?.locks !== true) throw invalid("Bucket is missing ObjectLockConfiguration");
  if (mode === null || date === null) {
    throw invalid("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied");
  }
  if (!isMode(mode)) throw invalid("unknown wormMode directive");
  if (!ISO_DATE.test(date)) throw invalid("Date must be provided in ISO 8601 format");
  const retainUntil = new Date(date);
  if (!(retainUntil > now)) throw invalid("the retain until date must be in the future");
  return { mode, retainUntil };
}

/** The lock that a `<Retention>` body asks for; `undefined` where it asks for none. */
export function lockOfBody(body: string, now: Date): Lock | undefined {
  const elements = readElements(body, "Retention");
  if (elements === undefined) throw new S3Error("MalformedXML");
  const { Mode: mode, RetainUntilDate: date } = elements;
  if (mode === undefined && date === undefined) return undefined;
  if (!isMode(mode)) throw new S3Error("MalformedXML", { message: "unknown WORM mode directive" });
  if (date === undefined || !ISO_DATE.test(date)) throw new S3Error("MalformedXML");
  const retainUntil = new Date(date);
  if (!(retainUntil > now)) throw new S3Error("MalformedXML", { message: "the retain until date must be in the future" });
  return { mode, retainUntil };
}

/**
 * Throws S3Error where the lock of today forbids the one of tomorrow: without the bypass a lock is only extended, also one of GOVERNANCE,
 * and one of COMPLIANCE with it, too.
 */
export function checkLockChange(before: Lock | undefined, after: Lock | undefined, bypass: boolean, now: Date): void {
  if (before === undefined || before.retainUntil <= now) return;
  if (before.mode === "GOVERNANCE" && bypass) return;
  if (after?.mode !== before.mode || after.retainUntil < before.retainUntil) throw wormProtected();
}

/** Throws S3Error where a version may not be deleted yet. */
export function checkUnlocked(lock: Lock | undefined, bypass: boolean, now: Date): void {
  if (lock === undefined || lock.retainUntil <= now) return;
  if (lock.mode === "GOVERNANCE" && bypass) return;
  throw wormProtected();
}

export function lockHeaders(lock: Lock | undefined): Record<string, string> {
  if (lock === undefined) return {};
  return {
    "x-amz-object-lock-mode": lock.mode,
    "x-amz-object-lock-retain-until-date": lock.retainUntil.toISOString(),
  };
}

function defaultLock({ defaultRetention }: Bucket, now: Date): Lock | undefined {
  if (defaultRetention === undefined) return undefined;
  return { mode: defaultRetention.mode, retainUntil: new Date(now.getTime() + defaultRetention.days * DAY_MS) };
}

function isMode(mode: string | undefined): mode is Lock["mode"] {
  return mode === "COMPLIANCE" || mode === "GOVERNANCE";
}

function invalid(message: string): S3Error {
  return new S3Error("InvalidRequest", { message });
}

function wormProtected(): S3Error {
  return invalid("Object is WORM protected and cannot be overwritten");
}
