/** Whose requests these are: a static key, or a role that a web identity token opens for a while (GitLab's id_tokens). */
import { Stalled, Waiting } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { isAboutTls, verdictOf } from "./verdict.ts";

export type S3Credentials =
  | { readonly accessKeyId: string; readonly secretAccessKey: Secret }
  | {
      readonly roleArn: string;
      /** Asked for whenever credentials are refreshed: who mounts tokens writes new ones in their place. */
      readonly webIdentityToken: () => Promise<Secret>;
    };

export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface CredentialSource {
  readonly identity: "static key" | "web identity";
  readonly provide: () => Promise<Identity>;
  /** Drops what the server does not take any more; false where there is nothing else. */
  readonly forget: () => boolean;
}

/** The longest that AWS gives without asking the role for more; MinIO takes what the token's own life allows. */
const DURATION_SECONDS = 3600;
/** Refreshed when so much of what was given is left: a job's token of ten minutes opens no session of an hour. */
const REFRESH_SHARE = 0.25;

/** `now` in milliseconds: sessions end by the clock. */
export function credentialSource(
  credentials: S3Credentials,
  endpoint: string,
  region: string,
  now: () => number = Date.now,
): CredentialSource {
  if (!("roleArn" in credentials)) {
    const { accessKeyId, secretAccessKey } = credentials;
    const provide = async (): Promise<Identity> => ({ accessKeyId, secretAccessKey: secretAccessKey.reveal() });
    return { identity: "static key", provide, forget: () => false };
  }
  const { roleArn, webIdentityToken } = credentials;
  return refreshed(now, async () => assumeRole(endpoint, region, roleArn, await readToken(webIdentityToken), now));
}

/** A token that is mounted may be missing for a moment, while it is written anew. */
async function readToken(webIdentityToken: () => Promise<Secret>): Promise<Secret> {
  try {
    return await webIdentityToken();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    throw new Waiting(`CLAIMBOT_S3_WEB_IDENTITY_TOKEN_FILE cannot be read (${code})`, 15_000);
  }
}

interface Session {
  readonly identity: Identity;
  readonly refreshAt: number;
  readonly expiresAt: number;
}

/** One refresh for however many callers; while the old ones still hold, a refresh that fails is tried again with the next call. */
function refreshed(now: () => number, assume: () => Promise<Session>): CredentialSource {
  let session: Session | undefined;
  let underWay: Promise<Session> | undefined;
  const refresh = async (): Promise<Session> => {
    underWay ??= assume();
    try {
      session = await underWay;
      return session;
    } finally {
      underWay = undefined;
    }
  };
  return {
    identity: "web identity",
    async provide() {
      const old = session;
      if (old !== undefined && now() < old.refreshAt) return old.identity;
      try {
        return (await refresh()).identity;
      } catch (error) {
        if (old !== undefined && now() < old.expiresAt) return old.identity;
        throw error;
      }
    },
    forget() {
      session = undefined;
      return true;
    },
  };
}

async function assumeRole(
  endpoint: string,
  region: string,
  roleArn: string,
  webIdentity: Secret,
  now: () => number,
): Promise<Session> {
  const { STSClient, AssumeRoleWithWebIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient({ endpoint, region, maxAttempts: 3, useFipsEndpoint: false, useDualstackEndpoint: false });
  try {
    const { Credentials } = await client.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: roleArn,
        RoleSessionName: "claimbot",
        WebIdentityToken: webIdentity.reveal(),
        DurationSeconds: DURATION_SECONDS,
      }),
      { abortSignal: AbortSignal.timeout(20_000) },
    );
    if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey || !Credentials.Expiration) {
      throw new Waiting(`${endpoint} did not answer AssumeRoleWithWebIdentity as S3 does`, 15_000);
    }
    const expiresAt = Credentials.Expiration.getTime();
    return {
      identity: {
        accessKeyId: Credentials.AccessKeyId,
        secretAccessKey: Credentials.SecretAccessKey,
        ...(Credentials.SessionToken !== undefined && { sessionToken: Credentials.SessionToken }),
        // The SDK keeps what has not expired; it is to ask here each time, because only here a refused session can be forgotten.
        expiration: new Date(0),
      },
      refreshAt: expiresAt - (expiresAt - now()) * REFRESH_SHARE,
      expiresAt,
    };
  } catch (error) {
    throw failureOfAssuming(error, endpoint);
  } finally {
    client.destroy();
  }
}

/** The server's own words are left out: they may quote the token. */
function failureOfAssuming(error: unknown, endpoint: string): unknown {
  if (error instanceof Waiting || error instanceof Stalled) return error;
  const verdict = verdictOf(error);
  switch (verdict.kind) {
    case "unknown":
    case "damaged":
      return error;
    case "refused":
      return new Stalled(
        `${endpoint} does not take the web identity token${verdict.code === "" ? "" : ` (${verdict.code})`}`,
        "Look whether CLAIMBOT_S3_WEB_IDENTITY_TOKEN is expired, whether its `aud` is the one that the server expects, and whether CLAIMBOT_S3_ROLE_ARN is the role's",
      );
    case "unreachable":
      if (isAboutTls(verdict.code)) {
        return new Stalled(
          `${endpoint} cannot be trusted: ${verdict.code}`,
          "Name the certificate authority's file in NODE_EXTRA_CA_CERTS, or correct CLAIMBOT_S3_ENDPOINT",
        );
      }
      return new Waiting(`${endpoint} cannot be reached (${verdict.code})`, 15_000);
    case "busy":
      return new Waiting(`${endpoint} asks for fewer requests (${verdict.code})`, verdict.retryAfterMs ?? 5_000);
    case "lost":
      return new Waiting(`${endpoint} did not answer AssumeRoleWithWebIdentity: ${verdict.said}`, 5_000);
  }
}
