/** AssumeRoleWithWebIdentity: a token of GitLab's for credentials that expire. As MinIO with a role policy does (measured 2026-11-24). */
import { randomBytes } from "node:crypto";
import { verifyJwt, type Claims, type Jwks } from "./jwt.ts";
import type { Rights } from "./rights.ts";
import type { Handler, World } from "./world.ts";
import { document } from "./xml.ts";

export interface RoleOptions {
  readonly roleArn: string;
  /** What a token's `aud` (or `azp`) must be. */
  readonly audience: string;
  /** The role's condition. Another subject gets a session all the same, which may do nothing. */
  readonly subject: string;
  /** The keys of whoever signs the tokens, or one's own judgement of a token: its claims, or an Error with the reason. */
  readonly trust: Jwks | ((token: string) => Claims | Promise<Claims>);
  /** What the role may do; `publish` without. */
  readonly rights?: Rights;
}

class StsError extends Error {
  override readonly name = "StsError";
  readonly code: "MissingParameter" | "InvalidParameterValue";

  constructor(code: StsError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

const YEAR_SECONDS = 365 * 86_400;
const NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Anybody may ask; the token is the proof. Parameters come in the body or in the address. */
export const assumeRole: Handler = async (world, { query, body }) => {
  const parameters = new URLSearchParams([...query, ...new URLSearchParams(Buffer.from(body).toString())]);
  try {
    return { status: 200, body: await sessionFor(world, parameters) };
  } catch (error) {
    if (!(error instanceof StsError)) throw error;
    const { code, message } = error;
    const fields = [["Type", ""] as const, ["Code", code] as const, ["Message", message] as const];
    return { status: 400, code, body: document("ErrorResponse", [["Error", fields]], NAMESPACE) };
  }
};

async function sessionFor(world: World, parameters: URLSearchParams): Promise<string> {
  const version = parameters.get("Version") ?? "";
  if (version !== "2011-06-15") {
    throw new StsError("MissingParameter", `Invalid STS API version ${version}, expecting 2011-06-15`);
  }
  const action = parameters.get("Action") ?? "";
  const { role } = world;
  if (action !== "AssumeRoleWithWebIdentity" || role === undefined) throw wrong(`Unsupported action ${action}`);
  if (parameters.has("Policy")) throw wrong("a session policy is not known here");
  const arn = parameters.get("RoleArn") ?? "";
  if (arn === "") throw wrong("Role arn:minio:iam:::role/dummy-internal does not exist");
  if (arn !== role.roleArn) throw wrong(`Error processing RoleArn parameter: RoleARN ${arn} is not defined.`);
  const now = world.now();
  const claims = await claimsOf(role, parameters.get("WebIdentityToken") ?? "", now);
  if (![claims["aud"], claims["azp"]].flat().includes(role.audience)) {
    throw wrong("STS JWT Token has `azp` claim invalid, `azp` must match configured OpenID Client ID");
  }
  const subject = String(claims["sub"]);
  const secrets = { accessKeyId: randomKeyId(), secretAccessKey: randomBytes(30).toString("base64") };
  const sessionToken = randomBytes(96).toString("base64url");
  const expiresAt = expiryOf(parameters.get("DurationSeconds"), claims, now);
  const rights = subject === role.subject ? (role.rights ?? "publish") : "nothing";
  world.users.set(secrets.accessKeyId, { ...secrets, sessionToken, expiresAt, rights, bucket: role.bucket });
  const credentials = [
    ["AccessKeyId", secrets.accessKeyId] as const,
    ["SecretAccessKey", secrets.secretAccessKey] as const,
    ["SessionToken", sessionToken] as const,
    ["Expiration", expiresAt.toISOString().replace(/\.\d+Z$/, "Z")] as const,
  ];
  const result = [["Credentials", credentials] as const, ["SubjectFromWebIdentityToken", subject] as const];
  return document("AssumeRoleWithWebIdentityResponse", [["AssumeRoleWithWebIdentityResult", result]], NAMESPACE);
}

async function claimsOf({ trust }: RoleOptions, token: string, now: Date): Promise<Claims> {
  try {
    return typeof trust === "function" ? await trust(token) : verifyJwt(token, trust, now);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

/** As long as is asked for, be it longer than the token lives; as long as the token where nothing is. */
function expiryOf(duration: string | null, claims: Claims, now: Date): Date {
  if (duration === null) return new Date(Number(claims["exp"]) * 1000);
  const seconds = Number(duration);
  if (!(seconds >= 900 && seconds <= YEAR_SECONDS)) throw wrong("invalid token expiry");
  return new Date(now.getTime() + seconds * 1000);
}

function wrong(message: string): StsError {
  return new StsError("InvalidParameterValue", message);
}

function randomKeyId(): string {
  return randomBytes(10).toString("hex").toUpperCase();
}
