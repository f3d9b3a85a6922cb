/** The state of one sandbox S3: its buckets, who may come in, and what it is asked to do wrongly. */
import type { Bucket } from "./bucket.ts";
import type { S3Flaw, S3Faults } from "./faults.ts";
import type { Holder } from "./rights.ts";
import type { Credential } from "./signature.ts";
import type { RoleOptions } from "./sts.ts";

export type User = Credential & Holder;

/** One request as the journal keeps it. */
export interface JournalEntry {
  /** S3's name such as `PutObject`; undefined: no operation that is known here. */
  readonly operation: string | undefined;
  /** Empty where there is none. */
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly status: number;
  /** S3's code of a refusal. */
  readonly code: string | undefined;
}

export interface World {
  readonly buckets: Map<string, Bucket>;
  /** By access key; STS adds to them. */
  readonly users: Map<string, User>;
  /** The role that tokens can assume, of one bucket. */
  readonly role: (RoleOptions & { readonly bucket: string }) | undefined;
  readonly faults: S3Faults;
  readonly flaws: Set<S3Flaw>;
  readonly journal: JournalEntry[];
  readonly now: () => Date;
}

/** A request whose signature and rights have been checked. */
export interface S3Request {
  readonly bucketName: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is XML. */
  readonly body?: string | Uint8Array;
  /** Of a refusal, for the journal. */
  readonly code?: string;
}

export type Handler = (world: World, request: S3Request) => S3Answer | Promise<S3Answer>;
