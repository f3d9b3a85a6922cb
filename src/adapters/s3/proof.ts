/**
 * The start-up proof: servers that answer 200 to everything and ignore conditions, checksums or locks exist, and on one of those two writers
 * would both have the same number of the log. So each thing that the claim store stands on is tried, on keys below `proof/` that are
 * locked for twenty minutes; a rule of the bucket throws them away (deploy/minio). Each request is sent once: an answer that is lost proves nothing.
 */
import { createHash, randomUUID } from "node:crypto";
import {
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { Stalled } from "../../core/errors.ts";
import type { ProofCheck } from "../../core/ports.ts";
import { connect, type S3Connection, type S3Options } from "./connection.ts";
import { isNothingThere, UnreadableAnswer, verdictOf } from "./verdict.ts";

/** S3 takes requests whose clock differs by a quarter of an hour; by the server's clock too the lock must end later. */
const LOCK_MS = 20 * 60_000;
const SHORTENED_MS = 18 * 60_000;
const WRITERS = 10;
/** A lock comes back in whole seconds. */
const ROUNDING_MS = 1_000;

/** Throws Waiting where the server cannot be reached, Stalled where a right is missing: then nothing is known of the server. */
export async function proveS3(options: S3Options, signal?: AbortSignal): Promise<readonly ProofCheck[]> {
  const trial = new Trial(connect(options), signal);
  const lockStatus = await trial.lockConfiguration();
  // A bucket without locks refuses every put that asks for one, which would hide how it does otherwise.
  trial.isLocked = lockStatus === "Enabled";
  const found: ProofCheck[] = [];
  for (const prove of CHECKS) found.push(await prove(trial));
  return [...found, verdict("object-lock", trial.isLocked, `object lock of the bucket: ${lockStatus}`)];
}

/** What a person does about a server that fails. */
export const PROOF_FIX = "Use a server of docs/operations.md, and a bucket that deploy/minio/set-up.sh made, with object lock";

/** Throws Stalled, naming every check that fails. `where` is the address of the bucket. */
export function requireProof(checks: readonly ProofCheck[], where: string): void {
  const failed = checks.filter(({ verdict }) => verdict === "fails");
  if (failed.length === 0) return;
  throw new Stalled(
    `${where} is no place for claims: ${failed.map(({ check, detail }) => `${check}: ${detail}`).join("; ")}`,
    `${PROOF_FIX}: claimbot doctor tries it`,
  );
}

type Answer = { readonly kind: "done" } | { readonly kind: "refused"; readonly words: string; readonly status: number };

const CHECKS: readonly ((trial: Trial) => Promise<ProofCheck>)[] = [
  async (trial) => {
    const [first, second] = [await trial.put("once", { IfNoneMatch: "*" }), await trial.put("once", { IfNoneMatch: "*" })];
    const holds = first.kind === "done" && isPrecondition(second);
    return verdict("put-if-absent", holds, `put twice with If-None-Match: *: ${words(first)}, then ${words(second)}`);
  },
  async (trial) => {
    const answers = await Promise.all(
      Array.from({ length: WRITERS }, async (_, index) => trial.put("raced", { IfNoneMatch: "*" }, `writer ${index}`)),
    );
    const won = answers.filter(({ kind }) => kind === "done").length;
    return verdict("one-of-ten", won === 1, `ten writers at once with If-None-Match: *: ${won} of them were let in`);
  },
  async (trial) => {
    await trial.put("seen", {});
    const answer = await trial.put("seen", { IfMatch: `"${"0".repeat(32)}"` }, "not seen");
    return verdict("replace-if-match", isPrecondition(answer), `replaced with an ETag that is not there: ${words(answer)}`);
  },
  async (trial) => {
    const answer = await trial.put("missing", { IfMatch: `"${"0".repeat(32)}"` });
    const holds = answer.kind === "refused" && (answer.status === 404 || answer.status === 412);
    return verdict("no-etag-of-nothing", holds, `a missing key replaced with If-Match: ${words(answer)}`);
  },
  async (trial) => {
    const answer = await trial.put("damaged", { ChecksumSHA256: sha256("something else") });
    return verdict("checksum", answer.kind === "refused", `put with a SHA-256 of something else: ${words(answer)}`);
  },
  async (trial) => {
    await trial.put("summed", {});
    const { ChecksumSHA256 } = (await trial.head("summed")) ?? {};
    const holds = ChecksumSHA256 === sha256("proof");
    return verdict("checksum-kept", holds, `the SHA-256 of an object: ${holds ? "told" : (ChecksumSHA256 ?? "not told")}`);
  },
  async (trial) => {
    const retainUntil = new Date(Date.now() + LOCK_MS);
    const answer = await trial.put("locked", { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: retainUntil });
    if (answer.kind === "refused") return verdict("lock", false, `put with COMPLIANCE: ${words(answer)}`);
    const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = (await trial.head("locked")) ?? {};
    const holds = mode === "COMPLIANCE" && Math.abs((until?.getTime() ?? 0) - retainUntil.getTime()) <= ROUNDING_MS;
    const told = mode === undefined ? "no lock" : `${mode} until ${until?.toISOString() ?? "no time"}`;
    return verdict("lock", holds, `put with COMPLIANCE until ${retainUntil.toISOString()}: ${told} is told`);
  },
  async (trial) => {
    await trial.put("kept", {});
    const [shortened, removed] = [await trial.retain("kept", new Date(Date.now() + SHORTENED_MS)), await trial.retain("kept")];
    const { ObjectLockMode: mode } = (await trial.head("kept")) ?? {};
    const holds = shortened.kind === "refused" && removed.kind === "refused" && mode === "COMPLIANCE";
    return verdict("lock-holds", holds, `a lock shortened: ${words(shortened)}; taken away: ${words(removed)}`);
  },
  async (trial) => {
    const status = await trial.versioning();
    return verdict("versioning", status === "Enabled", `versioning of the bucket: ${status}`);
  },
];

/** Requests on keys of one proof, each sent once. */
class Trial {
  isLocked = false;
  readonly #connection: S3Connection;
  readonly #signal: AbortSignal | undefined;
  readonly #folder = `proof/${randomUUID()}`;

  constructor(connection: S3Connection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
  }

  async put(name: string, input: Partial<PutObjectCommandInput>, content = "proof"): Promise<Answer> {
    const { client, bucket } = this.#connection;
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: this.#key(name),
      Body: Buffer.from(content),
      ChecksumSHA256: sha256(content),
      ...(this.isLocked && { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: new Date(Date.now() + LOCK_MS) }),
      ...input,
    });
    return this.#answer("PutObject", name, async (options) => {
      const { ETag } = await client.send(command, options);
      if (ETag === undefined) throw new UnreadableAnswer("an answer without an ETag");
    });
  }

  /** Puts another time in place of the lock's; none without. */
  async retain(name: string, until?: Date): Promise<Answer> {
    const { client, bucket } = this.#connection;
    const command = new PutObjectRetentionCommand({
      Bucket: bucket,
      Key: this.#key(name),
      ChecksumAlgorithm: "SHA256",
      Retention: until === undefined ? {} : { Mode: "COMPLIANCE", RetainUntilDate: until },
    });
    return this.#answer("PutObjectRetention", name, async (options) => {
      await client.send(command, options);
    });
  }

  /** Undefined where the object did not get there. */
  async head(name: string) {
    const { client, bucket } = this.#connection;
    const command = new HeadObjectCommand({ Bucket: bucket, Key: this.#key(name), ChecksumMode: "ENABLED" });
    return this.#once("HeadObject", name, async (options) => {
      try {
        return await client.send(command, options);
      } catch (error) {
        if (isNothingThere(error)) return undefined;
        throw error;
      }
    });
  }

  async versioning(): Promise<string> {
    const { client, bucket } = this.#connection;
    const command = new GetBucketVersioningCommand({ Bucket: bucket });
    const { Status } = await this.#once("GetBucketVersioning", undefined, async (options) => client.send(command, options));
    return Status ?? "off";
  }

  async lockConfiguration(): Promise<string> {
    const { client, bucket } = this.#connection;
    const command = new GetObjectLockConfigurationCommand({ Bucket: bucket });
    return this.#once("GetObjectLockConfiguration", undefined, async (options) => {
      try {
        return (await client.send(command, options)).ObjectLockConfiguration?.ObjectLockEnabled ?? "off";
      } catch (error) {
        const answer = refusalOf(error);
        if (answer === undefined) throw error;
        return words(answer);
      }
    });
  }

  /** What the server refuses is an answer, but for what would be refused to anybody with our rights, or everywhere. */
  async #answer(
    operation: string,
    name: string,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<void>,
  ): Promise<Answer> {
    return this.#once(operation, name, async (options) => {
      try {
        await send(options);
        return { kind: "done" } as const;
      } catch (error) {
        const answer = refusalOf(error);
        if (answer === undefined) throw error;
        return answer;
      }
    });
  }

  async #once<T>(
    operation: string,
    name: string | undefined,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    const call = { operation, ...(name !== undefined && { key: this.#key(name) }) };
    // The first session of a web identity may be refused, the clock be wrong: that is no answer, and may be tried again.
    return this.#connection.calls.run(call, send, this.#signal, 1);
  }

  #key(name: string): string {
    return `${this.#folder}/${name}`;
  }
}

/** These say something about us, and nothing about what the server can do. */
const ABOUT_US =
  /^(|AccessDenied|AllAccessDisabled|InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|NoSuchBucket|(Permanent|Temporary)Redirect|AuthorizationHeaderMalformed|InvalidToken(Id)?|ExpiredToken)$/;
/** A checksum that does not match is to the store a request that was damaged on its way; here it is asked for. */
const ASKED_FOR = new Set(["BadDigest", "XAmzContentChecksumMismatch"]);

function refusalOf(error: unknown): Answer | undefined {
  const seen = verdictOf(error);
  if (seen.kind === "refused" && !ABOUT_US.test(seen.code))
    return { kind: "refused", words: `${seen.status} ${seen.code}`, status: seen.status };
  if (seen.kind === "lost" && ASKED_FOR.has(seen.said)) return { kind: "refused", words: `400 ${seen.said}`, status: 400 };
  // AWS answers some of the losers of a race so.
  if (seen.kind === "busy" && seen.code === "ConditionalRequestConflict")
    return { kind: "refused", words: "409 ConditionalRequestConflict", status: 409 };
  return undefined;
}

function isPrecondition(answer: Answer): boolean {
  return answer.kind === "refused" && answer.status === 412;
}

function words(answer: Answer): string {
  return answer.kind === "done" ? "200" : answer.words;
}

function verdict(check: string, holds: boolean, detail: string): ProofCheck {
  return { check, verdict: holds ? "holds" : "fails", detail };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
