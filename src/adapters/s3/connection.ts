/** A connection to one bucket: the SDK's client as claimbot wants it (settings: facts of client-s3 3.1169 to 3.1175, 2026-11), behind S3Calls. */
import { S3Client } from "@aws-sdk/client-s3";
import { S3Calls } from "./calls.ts";
import { credentialSource, type S3Credentials } from "./credentials.ts";
import { CLAIM_STORE_NAMES, type PlaceNames } from "./failure.ts";
import { limiter } from "./limiter.ts";

export interface S3Options {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  /** In messages; without, the claim store's. */
  readonly names?: PlaceNames;
  /** Over all tries of one call; 20 s without. */
  readonly deadlineMs?: number;
  /** Before the second try; 200 without. */
  readonly backoffMs?: number;
  /** Of an object that is read or written; 64 MiB without. */
  readonly maxBytes?: number;
}

export interface S3Connection {
  readonly client: S3Client;
  readonly calls: S3Calls;
  readonly bucket: string;
  /** `https://minio.example.org/claims`. */
  readonly address: string;
  readonly maxBytes: number;
}

/** What a release may be at most. Bundles are some hundred KiB. */
const MAX_BYTES = 64 * 1024 * 1024;

/** As many requests at once. */
const SOCKETS = 32;

/** Nothing is sent before the first call. */
export function connect(options: S3Options): S3Connection {
  const { endpoint, bucket, region } = options;
  const source = credentialSource(options.credentials, endpoint, region);
  const client = new S3Client({
    endpoint,
    region,
    credentials: source.provide,
    forcePathStyle: true,
    // A CRC32 that nobody asked for breaks look-alikes of S3; each put names its own SHA-256, each read asks for it.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    // Whatever the environment says: only our own settings count.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    requestHandler: { httpAgent: { maxSockets: SOCKETS }, httpsAgent: { maxSockets: SOCKETS }, connectionTimeout: 5_000 },
  });
  const calls = new S3Calls({
    place: { endpoint, bucket, identity: source.identity, names: options.names ?? CLAIM_STORE_NAMES },
    limit: limiter(SOCKETS),
    deadlineMs: options.deadlineMs ?? 20_000,
    backoffMs: options.backoffMs ?? 200,
    forgetCredentials: source.forget,
  });
  return { client, calls, bucket, address: `${endpoint}/${bucket}`, maxBytes: options.maxBytes ?? MAX_BYTES };
}
