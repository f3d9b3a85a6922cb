/**
 * The claim store on S3: conditional writes make the order, every object goes up in one PUT with its SHA-256 and, where it is written once,
 * a COMPLIANCE lock; every read is checked against the SHA-256 that the server keeps. Nothing here deletes, and nothing shortens a lock.
 *
 * A put whose answer was lost may have been carried out, and then its second try is refused (412). So each put carries an id of its own in
 * the object's metadata: after a refused second try, the id of what is there tells ours from somebody else's, also where the bytes are the same.
 */
import { createHash, randomUUID } from "node:crypto";
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, PutObjectRetentionCommand } from "@aws-sdk/client-s3";
import { Stalled } from "../../core/errors.ts";
import { LOCK_SLACK_MS, type AuditableStore, type ObjectFacts, type ObjectVersion, type StoredObject } from "../../core/ports.ts";
import { assertKey } from "../object-key.ts";
import { readBody } from "./body.ts";
import { unlessRefused } from "./calls.ts";
import { connect, type S3Connection, type S3Options } from "./connection.ts";
import { etagOf, listKeys, listVersions, type ListedKey } from "./listing.ts";
import { isNothingThere, refusalCode, UnreadableAnswer } from "./verdict.ts";

/** The name of the put's id in an object's metadata. */
const WRITE_ID = "claimbot-write";

/** Nothing is sent before the first call; what the server can do is proved by proof.ts. */
export async function openS3Store(options: S3Options): Promise<AuditableStore> {
  return new S3Store(connect(options));
}

class S3Store implements AuditableStore {
  readonly name: string;
  readonly locks = true;
  readonly #connection: S3Connection;

  constructor(connection: S3Connection) {
    this.name = connection.address;
    this.#connection = connection;
  }

  async read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const { client, calls, bucket, maxBytes } = this.#connection;
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: "ENABLED" });
    return calls.run(
      { operation: "GetObject", key },
      async (options) => {
        const answer = await unlessRefused(["NoSuchKey"], client.send(command, options));
        if (answer === undefined) return undefined;
        const etag = etagOf(answer.ETag);
        const body = await readBody(answer, maxBytes, options.abortSignal);
        if (body !== "too-large") return { body, etag };
        throw new Stalled(
          `${this.name}: ${key} is larger than ${maxBytes} bytes`,
          "It is not of claimbot's making: find out who wrote that object",
        );
      },
      signal,
    );
  }

  async putNew(
    key: string,
    body: Uint8Array,
    options: { readonly retainUntil?: Date } = {},
  ): Promise<{ readonly etag: string } | "exists"> {
    const { retainUntil } = options;
    const written = await this.#put(key, body, { IfNoneMatch: "*" }, retainUntil);
    if (written === undefined && retainUntil !== undefined) await this.#lockLonger(key, retainUntil);
    return written ?? "exists";
  }

  async replace(key: string, body: Uint8Array, expected: string | undefined): Promise<{ readonly etag: string } | "conflict"> {
    const condition = expected === undefined ? { IfNoneMatch: "*" } : { IfMatch: `"${expected}"` };
    return (await this.#put(key, body, condition)) ?? "conflict";
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly ListedKey[]> {
    return listKeys(this.#connection, prefix, signal);
  }

  async versions(prefix: string, signal?: AbortSignal): Promise<readonly ObjectVersion[]> {
    return listVersions(this.#connection, prefix, signal);
  }

  async facts(key: string, versionId?: string, signal?: AbortSignal): Promise<ObjectFacts | undefined> {
    const { calls } = this.#connection;
    return calls.run(
      { operation: "HeadObject", key },
      async (options) => {
        const head = await this.#head(key, options, versionId);
        if (head === undefined) return undefined;
        const { ContentLength, ChecksumSHA256, ObjectLockMode: mode, ObjectLockRetainUntilDate: retainUntil } = head;
        if (ContentLength === undefined) throw new UnreadableAnswer("a HEAD without a length");
        const lock = mode !== undefined && retainUntil !== undefined ? { mode, retainUntil } : undefined;
        return { sizeBytes: ContentLength, sha256: ChecksumSHA256 && hexOf(ChecksumSHA256), lock };
      },
      signal,
    );
  }

  /** Undefined: the condition did not hold, and what is there is not of this call. */
  async #put(
    key: string,
    content: Uint8Array,
    condition: { readonly IfNoneMatch: string } | { readonly IfMatch: string },
    retainUntil?: Date,
  ): Promise<{ readonly etag: string } | undefined> {
    assertKey(key);
    const { client, calls, bucket, maxBytes } = this.#connection;
    if (content.byteLength > maxBytes)
      throw new Stalled(
        `${this.name}: ${key} has ${content.byteLength} bytes, more than the ${maxBytes} that are read back, and was not written`,
        "What claimbot writes is far smaller: find out what makes it so large",
      );
    const body = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const writeId = randomUUID();
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ChecksumSHA256: createHash("sha256").update(body).digest("base64"),
      Metadata: { [WRITE_ID]: writeId },
      ...condition,
      ...(retainUntil !== undefined && { ObjectLockMode: "COMPLIANCE" as const, ObjectLockRetainUntilDate: retainUntil }),
    });
    // A missing key has no ETag that could match: servers answer 404 or 412.
    const refusals = ["PreconditionFailed", ...("IfMatch" in condition ? ["NoSuchKey"] : [])];
    return calls.run({ operation: "PutObject", key }, async (options, attempt) => {
      const answer = await unlessRefused(refusals, client.send(command, options));
      if (answer !== undefined) return { etag: etagOf(answer.ETag) };
      if (attempt === 1) return undefined;
      const head = await this.#head(key, options);
      return head?.Metadata?.[WRITE_ID] === writeId ? { etag: etagOf(head.ETag) } : undefined;
    });
  }

  /** A release may be published again long after it was first: it must outlive the newest record that names it. */
  async #lockLonger(key: string, retainUntil: Date): Promise<void> {
    const { client, calls, bucket } = this.#connection;
    await calls.run({ operation: "PutObjectRetention", key }, async (options) => {
      const head = await this.#head(key, options);
      if (head === undefined || isLockedUntil(head, retainUntil)) return;
      const Retention = { Mode: "COMPLIANCE" as const, RetainUntilDate: retainUntil };
      const version = head.VersionId === undefined ? {} : { VersionId: head.VersionId };
      const command = new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: key,
        ...version,
        Retention,
        ChecksumAlgorithm: "SHA256",
      });
      try {
        await client.send(command, options);
      } catch (error) {
        // Somebody else made it longer still meanwhile, and nothing shortens it.
        const isLonger = refusalCode(error) === "InvalidRequest" && isLockedUntil(await this.#head(key, options), retainUntil);
        if (!isLonger) throw error;
      }
    });
  }

  /** Undefined where there is nothing, or a delete marker. */
  async #head(key: string, options: { readonly abortSignal: AbortSignal }, versionId?: string) {
    const { client, bucket } = this.#connection;
    const command = new HeadObjectCommand({
      Bucket: bucket,
      Key: key,
      ChecksumMode: "ENABLED",
      ...(versionId !== undefined && { VersionId: versionId }),
    });
    try {
      const head = await client.send(command, options);
      etagOf(head.ETag);
      return head;
    } catch (error) {
      if (isNothingThere(error)) return undefined;
      throw error;
    }
  }
}

function isLockedUntil(head: { readonly ObjectLockRetainUntilDate?: Date | undefined } | undefined, wanted: Date): boolean {
  const until = head?.ObjectLockRetainUntilDate;
  return until !== undefined && until.getTime() + LOCK_SLACK_MS >= wanted.getTime();
}

/** Base64 to hexadecimal digits; undefined for the checksum of a multipart upload, which is none of the content. */
function hexOf(base64: string): string | undefined {
  const hex = Buffer.from(base64, "base64").toString("hex");
  return /^[A-Za-z0-9+/]{43}=$/.test(base64) ? hex : undefined;
}
