/** A JSON Web Token, verified against public keys; what is wrong with it in MinIO's words (measured 2026-11-24). */
import { createPublicKey, verify, type JsonWebKey } from "node:crypto";

export interface Jwks {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

export type Claims = Readonly<Record<string, unknown>>;

const HASHES = { RS256: "sha256", ES256: "sha256" } as const;

/** The claims of a token that one of the keys signed and that has not expired. Throws Error with the reason. */
export function verifyJwt(token: string, { keys }: Jwks, now: Date): Claims {
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  if (signature === "" || rest.length > 0) throw new Error("token contains an invalid number of segments");
  const { alg, kid } = readPart(header);
  const key = keys.find((key) => key.kid === kid && kid !== undefined);
  if (key === undefined) throw new Error(`Invalid kid value ${typeof kid === "string" ? kid : "<nil>"}`);
  if (alg !== "RS256" && alg !== "ES256") throw new Error(`signing method ${JSON.stringify(alg)} is invalid`);
  const publicKey = createPublicKey({ key: { ...key }, format: "jwk" });
  const signed = Buffer.from(`${header}.${payload}`);
  const genuine =
    publicKey.asymmetricKeyType === (alg === "RS256" ? "rsa" : "ec") &&
    verify(HASHES[alg], signed, { key: publicKey, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
  if (!genuine) throw new Error("crypto/rsa: verification error");
  const claims = readPart(payload);
  const { exp } = claims;
  if (typeof exp !== "number" || exp * 1000 <= now.getTime()) throw new Error("Token is expired");
  return claims;
}

function readPart(part: string): Record<string, unknown> {
  const read: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
  if (typeof read !== "object" || read === null) throw new Error("token contains a part that is no object");
  return { ...read };
}
