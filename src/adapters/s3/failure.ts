/** A verdict about a call to S3, in words: what happened, and who does what. Pure. */
import { Stalled, Waiting } from "../../core/errors.ts";
import { isAboutTls, type Verdict } from "./verdict.ts";

export interface CallName {
  /** S3's, such as `PutObject`. */
  readonly operation: string;
  /** The key or prefix that it is about. */
  readonly key?: string;
}

export interface Place {
  /** Of the service, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  /** How we sign in. */
  readonly identity: "static key" | "web identity";
  readonly names: PlaceNames;
}

/** In whose words a message says what is to be corrected. */
export interface PlaceNames {
  /** What the settings of the server begin with. */
  readonly settings: "CLAIMBOT_S3" | "CLAIMBOT_BACKUP_S3";
  /** Where the bucket was named: `CLAIMBOT_S3_BUCKET`, or an option with its value. */
  readonly bucket: string;
  readonly holds: "claims" | "backups";
}

export const CLAIM_STORE_NAMES: PlaceNames = { settings: "CLAIMBOT_S3", bucket: "CLAIMBOT_S3_BUCKET", holds: "claims" };

/** The right that each operation needs, in the words of a policy. */
const RIGHTS: Readonly<Record<string, string>> = {
  PutObject: "s3:PutObject, and s3:PutObjectRetention for what is locked",
  GetObject: "s3:GetObject",
  HeadObject: "s3:GetObject, s3:GetObjectVersion and s3:GetObjectRetention",
  ListObjectsV2: "s3:ListBucket",
  ListObjectVersions: "s3:ListBucketVersions",
  GetBucketVersioning: "s3:GetBucketVersioning",
  GetObjectLockConfiguration: "s3:GetBucketObjectLockConfiguration",
  PutObjectRetention: "s3:PutObjectRetention",
};

const POLICY = "deploy/minio/publisher.json is a policy that has all that is needed";
const ROLE_POLICY =
  "deploy/minio/publisher-gitlab.json is a policy that has all that is needed, for the job whose token has its `jwt:sub`";
const BACKUP_RIGHTS = "a backup's key lists, reads and writes that bucket, which no policy in deploy/minio allows";
const DEFAULT_RETRY_MS = 5_000;
const UNREACHABLE_RETRY_MS = 15_000;

/** No secret can be in it: nothing of the request is quoted, and of the answer only S3's code and message. */
export function failureOf(verdict: Exclude<Verdict, { kind: "unknown" }>, call: CallName, place: Place): Waiting | Stalled {
  const { endpoint, bucket, names } = place;
  const what = `${call.operation}${call.key === undefined ? "" : ` ${call.key}`}`;
  switch (verdict.kind) {
    case "busy":
      return new Waiting(`${endpoint} asks for fewer requests (${verdict.code})`, verdict.retryAfterMs ?? DEFAULT_RETRY_MS);
    case "lost":
      return new Waiting(`${endpoint} did not answer ${what} as S3 does: ${verdict.said}`, DEFAULT_RETRY_MS);
    case "damaged":
      return new Stalled(
        `${endpoint}/${bucket}: ${call.key ?? "an object"} is damaged: its content does not have the checksum that was stored with it`,
        "Nothing is done with it. Look at the server's disks and at what stands between; claimbot verify names every damaged object",
      );
    case "unreachable":
      return unreachable(verdict.code, endpoint, `${names.settings}_ENDPOINT`);
    case "refused":
      return refused(verdict, what, call, place);
  }
}

function unreachable(code: string, endpoint: string, setting: string): Waiting | Stalled {
  if (code === "EPROTO") {
    return new Stalled(
      `${endpoint} does not answer in TLS (EPROTO)`,
      `Correct ${setting}: the port may be another's, or the server one without TLS (http is for loopback only)`,
    );
  }
  if (isAboutTls(code)) {
    return new Stalled(
      `${endpoint} cannot be trusted: ${code}`,
      `Name the certificate authority's file in NODE_EXTRA_CA_CERTS, or correct ${setting}`,
    );
  }
  const hint =
    code === "ENOTFOUND"
      ? `: no such host; is ${setting} right?`
      : code === "EAI_AGAIN"
        ? ": the name server does not answer"
        : "";
  return new Waiting(`${endpoint} cannot be reached (${code})${hint}`, UNREACHABLE_RETRY_MS);
}

function refused(
  { code, status, said }: Extract<Verdict, { kind: "refused" }>,
  what: string,
  call: CallName,
  { endpoint, bucket, identity, names }: Place,
): Waiting | Stalled {
  const { settings } = names;
  const credentials =
    identity === "static key"
      ? `${settings}_ACCESS_KEY_ID and ${settings}_SECRET_ACCESS_KEY`
      : `${settings}_ROLE_ARN and ${settings}_WEB_IDENTITY_TOKEN`;
  switch (code) {
    case "AccessDenied":
    case "AllAccessDisabled":
      return new Stalled(
        `${endpoint}/${bucket} does not let us ${what}`,
        `Give the ${identity}${names.holds === "backups" ? ` of ${settings}_…` : ""} the right to ${RIGHTS[call.operation] ?? `s3:${call.operation}`}: ${policyFor(names, identity)}. Or correct ${names.bucket}`,
      );
    case "InvalidAccessKeyId":
    case "InvalidTokenId":
    case "InvalidToken":
    case "ExpiredToken":
      return new Stalled(`${endpoint} does not know our key (${code})`, `Renew ${credentials}`);
    case "SignatureDoesNotMatch":
      return new Stalled(
        `${endpoint} refuses our signature`,
        `Correct ${credentials}; a proxy that changes the Host header has the same effect`,
      );
    case "RequestTimeTooSkewed":
      return new Stalled(`the clocks of ${endpoint} and of claimbot differ too much`, "Set both by NTP");
    case "NoSuchBucket":
      return new Stalled(
        `${endpoint} has no bucket ${bucket}`,
        names.holds === "backups"
          ? `Make it (it needs neither versions nor locks), or correct ${names.bucket}`
          : `Make it with deploy/minio/set-up.sh (object lock can only be switched on then), or correct ${names.bucket}`,
      );
    case "PermanentRedirect":
    case "TemporaryRedirect":
    case "AuthorizationHeaderMalformed":
      return new Stalled(
        `the bucket ${bucket} is not where ${endpoint} is (${code})`,
        `Correct ${settings}_ENDPOINT and ${settings}_REGION`,
      );
    case "NotImplemented":
      return new Stalled(
        `${endpoint} cannot do what claimbot needs: ${what}: ${said}`,
        "Use a server with conditional writes, versioning and object lock: claimbot doctor says what this one lacks",
      );
    case "":
      // 404 and the like without S3's words: a proxy, a console, another server. Some of it mends itself (a route that is not there yet).
      return status >= 400 && status !== 403
        ? new Waiting(
            `what answers at ${endpoint} is not S3 (${status} to ${what}); is ${settings}_ENDPOINT right?`,
            UNREACHABLE_RETRY_MS,
          )
        : new Stalled(
            `what answers at ${endpoint} is not S3 (${status} to ${what})`,
            `Look at the proxy before it, and at ${settings}_ENDPOINT`,
          );
    default:
      return new Stalled(
        `${endpoint}/${bucket} refused ${what}: ${code}: ${said}`,
        "Look at what the server says, mend it, and try again",
      );
  }
}

function policyFor({ holds }: PlaceNames, identity: Place["identity"]): string {
  if (holds === "backups") return BACKUP_RIGHTS;
  return identity === "static key" ? POLICY : ROLE_POLICY;
}
