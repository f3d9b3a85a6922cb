import { expect, test } from "vitest";
import { CLAIM_STORE_NAMES, failureOf } from "../../../src/adapters/s3/failure.ts";
import { verdictOf } from "../../../src/adapters/s3/verdict.ts";

const PLACE = { endpoint: "https://s3.example.org", bucket: "claims", identity: "static key", names: CLAIM_STORE_NAMES } as const;

/** As Node's sockets throw them. */
const failed = (code: string, message = code): Error => Object.assign(new Error(message), { code });

test.each([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["CERT_HAS_EXPIRED", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "Stalled", "NODE_EXTRA_CA_CERTS"],
  ["EPROTO", "Stalled", "does not answer in TLS"],
  ["ECONNREFUSED", "Waiting", "ECONNREFUSED"],
  ["ENOTFOUND", "Waiting", "no such host"],
  ["EAI_AGAIN", "Waiting", "name server"],
  ["EHOSTUNREACH", "Waiting", "EHOSTUNREACH"],
])("%s: nothing was sent, and it is %s with a hint", (code, name, hint) => {
  const verdict = verdictOf(failed(code));
  expect(verdict).toEqual({ kind: "unreachable", code });
  if (verdict.kind !== "unreachable") return;
  const failure = failureOf(verdict, { operation: "GetObject", key: "claims/a" }, PLACE);
  const words = `${failure.message} ${"wayOut" in failure ? failure.wayOut : ""}`;
  expect({ name: failure.name, hasHint: words.includes(hint) }).toEqual({ name, hasHint: true });
});

test.each(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ERR_STREAM_PREMATURE_CLOSE"])("%s: it may have been carried out", (code) => {
  expect(verdictOf(failed(code))).toMatchObject({ kind: "lost" });
});

test.each([new TypeError("undefined is not a function"), new RangeError("too long"), "a text", undefined])(
  "our own mistake stays one: %s",
  (error) => {
    expect(verdictOf(error)).toEqual({ kind: "unknown" });
  },
);

const BACKUP = {
  ...PLACE,
  bucket: "backups",
  names: { settings: "CLAIMBOT_BACKUP_S3", bucket: "--to s3://backups", holds: "backups" },
} as const;

test.each([
  ["AccessDenied", 403, "--to s3://backups"],
  ["NoSuchBucket", 404, "--to s3://backups"],
  ["InvalidAccessKeyId", 403, "CLAIMBOT_BACKUP_S3_ACCESS_KEY_ID"],
  ["SignatureDoesNotMatch", 403, "CLAIMBOT_BACKUP_S3_SECRET_ACCESS_KEY"],
  ["PermanentRedirect", 301, "CLAIMBOT_BACKUP_S3_ENDPOINT"],
  ["", 403, "CLAIMBOT_BACKUP_S3_ENDPOINT"],
])("of a backup's bucket, %s is told in the words in which it was named", (code, status, words) => {
  const said = (place: typeof BACKUP | typeof PLACE): string => {
    const failure = failureOf({ kind: "refused", code, status, said: "" }, { operation: "PutObject" }, place);
    return `${failure.message} ${"wayOut" in failure ? failure.wayOut : ""}`;
  };
  expect(said(BACKUP)).toContain(words);
  expect(said(BACKUP)).not.toMatch(/CLAIMBOT_S3|publisher/);
  expect(said(PLACE)).toContain("CLAIMBOT_S3_");
  expect(said(PLACE)).not.toMatch(/backup/i);
});
