import { expect, test } from "vitest";
import { failureOf } from "../../../src/adapters/s3/failure.ts";
import { verdictOf } from "../../../src/adapters/s3/verdict.ts";

const PLACE = { endpoint: "https://s3.example.org", bucket: "claims", identity: "static key" } as const;

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
