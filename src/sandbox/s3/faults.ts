/** What an S3 server does wrongly now and then (a fault), or always (a flaw); networks' faults are those of every sandbox server. */
import type { S3Code } from "./refusal.ts";

export type S3FaultKind =
  /** Refuses; nothing happens. SlowDown comes with Retry-After, as MinIO's does. */
  | { readonly kind: "refuse"; readonly code: S3Code; readonly retryAfterSeconds?: number }
  /** Where the request succeeds, its answer is lost with the connection: the client cannot know. A refused one is answered. */
  | { readonly kind: "lost-response" }
  /** A page of a listing ends after so many entries and claims to be the last (minio#11724). */
  | { readonly kind: "short-listing"; readonly entries: number }
  /** One bit of the body that is read is another. */
  | { readonly kind: "damaged-body" }
  /** The connection is cut after half of the body that is read. */
  | { readonly kind: "cut-body" };

export interface S3Fault {
  /** S3's name, such as `PutObject`; any without. */
  readonly operation?: string;
  /** Matched against the key, or the prefix of a listing; any without. */
  readonly key?: RegExp;
  readonly fault: S3FaultKind;
  /** How often it strikes; once without. */
  readonly times?: number;
}

/** What other servers than MinIO were seen to do (2025-2026); the start-up proof has to find each. */
export type S3Flaw =
  | "ignores-if-none-match"
  | "ignores-if-match"
  /** Takes If-Match for a missing key as fulfilled (minio#21526, before 2025-09-07). */
  | "creates-on-if-match"
  /** The condition is checked, then the object is written: parallel writers can all win (versitygw before 08/2026). */
  | "checks-then-acts"
  | "takes-wrong-checksums"
  /** A checksum is verified, and never told again. */
  | "forgets-checksums"
  /** Lock headers are taken and forgotten. */
  | "forgets-locks"
  /** A lock is told, but anybody shortens it or deletes what it holds. */
  | "breaks-locks";

export class S3Faults {
  #faults: { readonly fault: S3Fault; left: number }[] = [];

  add(fault: S3Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The next fault for a request, used up by one. */
  strike(operation: string, key: string): S3FaultKind | undefined {
    const entry = this.#faults.find(
      ({ fault, left }) =>
        left > 0 && (fault.operation ?? operation) === operation && (fault.key === undefined || fault.key.test(key)),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.fault.fault;
  }
}
