/** Environment variables → Config: the only reader of settings. All mistakes at once, none of them with a value in it. */
import { readFileSync } from "node:fs";
import { SettingsReader, type ConfigMistake, type Variables } from "./config/reader.ts";
import { SETTINGS, type Face } from "./config/settings.ts";
import * as values from "./config/values.ts";
import { Secret } from "./core/secret.ts";

export type { ConfigMistake, Variables } from "./config/reader.ts";
export type { Face } from "./config/settings.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

export interface Config {
  /** As it was given; the command line resolves a relative one against the claim repository's root. */
  readonly dataDirectory: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly publicUrl: string | undefined;
  readonly instance: string;
  readonly sweepSeconds: number;
  readonly logLevel: LogLevel;
  readonly databaseUrl: Secret | undefined;
  readonly gitlab:
    | { readonly url: string; readonly token: Secret; readonly project: string; readonly formerProject?: string }
    | undefined;
  /** Where a signing token stands, a signature is required and the secrets open nothing. */
  readonly webhook: { readonly secrets: readonly Secret[]; readonly signingTokens: readonly Secret[] };
  readonly registry: { readonly url: string; readonly username?: string; readonly password?: Secret } | undefined;
  readonly cloudflare: { readonly url: string; readonly token: Secret } | undefined;
  readonly fluxReceiver: { readonly url: string; readonly token: Secret } | undefined;
  /** Empty: /webhooks/flux is shut. */
  readonly fluxEventsTokens: readonly Secret[];
  readonly kubernetes: { readonly url: string; readonly token: Secret; readonly ca?: string } | undefined;
  readonly s3: S3Config | undefined;
  /** Where buckets of backups are, each named on the command line. */
  readonly backupS3: Omit<S3Config, "bucket"> | undefined;
  readonly otlpEndpoint: string | undefined;
  /** Every secret of this configuration: what the log must never show. */
  readonly secrets: readonly Secret[];
}

export interface S3Config {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly credentials: S3Credentials;
}

type S3Credentials =
  | { readonly accessKeyId: string; readonly secretAccessKey: Secret }
  | {
      readonly roleArn: string;
      readonly webIdentityToken: Secret;
      /** Where it was read, if from a file: whoever mounts tokens writes a new one there before the old one ends. */
      readonly webIdentityTokenFile?: string;
    };

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly mistakes: readonly ConfigMistake[] };

/** Reads every setting for a face. A setting may stand in a file, named by its twin with `_FILE`. */
export function readConfig(face: Face, env: Variables, readFile: (path: string) => string = readText): ConfigResult {
  const read = new SettingsReader(env, readFile);
  const config = configOf(read);
  if (face === "serve") requireForService(read, config);
  return read.mistakes.length === 0 ? { ok: true, config } : { ok: false, mistakes: read.mistakes };
}

/** One line for each mistake, as the terminal and the log show it. */
export function mistakeLines(mistakes: readonly ConfigMistake[]): string {
  return mistakes.map(({ setting, reason, wayOut }) => `${setting} ${reason}. ${wayOut}.`).join("\n");
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function configOf(read: SettingsReader): Config {
  return {
    dataDirectory: read.withDefault("CLAIMBOT_DATA_DIR", (text) => ({ value: text })),
    listen: read.withDefault("CLAIMBOT_LISTEN", values.parseListen),
    publicUrl: read.one("CLAIMBOT_URL", values.parseUrl),
    instance: read.withDefault("CLAIMBOT_INSTANCE", (text) =>
      values.parsePattern(
        text,
        /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/,
        "1 to 20 lower-case letters, digits and hyphens, a letter first",
      ),
    ),
    sweepSeconds: read.withDefault("CLAIMBOT_SWEEP_SECONDS", (text) => values.parseInteger(text, 10, 86_400)),
    logLevel: read.withDefault("CLAIMBOT_LOG_LEVEL", (text) => values.parseChoice(text, LOG_LEVELS)),
    databaseUrl: read.one("DATABASE_URL", values.parseDatabaseUrl),
    gitlab: gitlabOf(read),
    webhook: {
      secrets: read.many("CLAIMBOT_WEBHOOK_SECRET", values.parseStrongSecret),
      signingTokens: read.many("CLAIMBOT_WEBHOOK_SIGNING_TOKEN", values.parseSigningToken),
    },
    registry: registryOf(read),
    cloudflare: cloudflareOf(read),
    fluxReceiver: fluxReceiverOf(read),
    fluxEventsTokens: read.many("CLAIMBOT_FLUX_EVENTS_TOKEN", values.parseStrongSecret),
    kubernetes: kubernetesOf(read),
    s3: s3Of(read),
    backupS3: backupS3Of(read),
    otlpEndpoint: read.one("OTEL_EXPORTER_OTLP_ENDPOINT", values.parseUrl),
    secrets: [...read.secrets, ...read.secrets.flatMap(passwordIn)],
  };
}

/** The password inside an address is a secret of its own: drivers quote it without the rest. */
function passwordIn(secret: Secret): readonly Secret[] {
  const password = URL.parse(secret.reveal())?.password;
  return password ? [new Secret(decodeURIComponent(password))] : [];
}

function gitlabOf(read: SettingsReader): Config["gitlab"] {
  read.together("CLAIMBOT_GITLAB_URL", "CLAIMBOT_GITLAB_TOKEN", "CLAIMBOT_GITLAB_PROJECT");
  const url = read.one("CLAIMBOT_GITLAB_URL", values.parseUrl);
  const token = read.one("CLAIMBOT_GITLAB_TOKEN", values.parseToken);
  const project = read.one("CLAIMBOT_GITLAB_PROJECT", (text) =>
    values.parsePattern(
      text,
      /^(\d+|[\w.-]+(\/[\w.-]+)+)$/,
      "a path such as platform/static-environments, or the project's number",
    ),
  );
  const formerProject = read.one("CLAIMBOT_GITLAB_FORMER_PROJECT", (text) =>
    values.parsePattern(text, /^[\w.-]+(\/[\w.-]+)+$/, "a path such as platform/old-environments"),
  );
  return url && token && project ? { url, token, project, ...(formerProject && { formerProject }) } : undefined;
}

function registryOf(read: SettingsReader): Config["registry"] {
  if (read.has("CLAIMBOT_REGISTRY_USERNAME") || read.has("CLAIMBOT_REGISTRY_PASSWORD")) {
    read.together("CLAIMBOT_REGISTRY_URL", "CLAIMBOT_REGISTRY_USERNAME", "CLAIMBOT_REGISTRY_PASSWORD");
  }
  const url = read.one("CLAIMBOT_REGISTRY_URL", values.parseUrl);
  const username = read.one("CLAIMBOT_REGISTRY_USERNAME", (text) =>
    values.parsePattern(text, /^[^\s:]+$/, "a name without : and spaces"),
  );
  const password = read.one("CLAIMBOT_REGISTRY_PASSWORD", values.parseToken);
  if (url === undefined) return undefined;
  return username && password ? { url, username, password } : { url };
}

function cloudflareOf(read: SettingsReader): Config["cloudflare"] {
  const url = read.withDefault("CLAIMBOT_CLOUDFLARE_URL", values.parseUrl);
  if (read.has("CLAIMBOT_CLOUDFLARE_URL")) read.together("CLAIMBOT_CLOUDFLARE_URL", "CLAIMBOT_CLOUDFLARE_TOKEN");
  const token = read.one("CLAIMBOT_CLOUDFLARE_TOKEN", values.parseToken);
  return token && { url, token };
}

function fluxReceiverOf(read: SettingsReader): Config["fluxReceiver"] {
  read.together("CLAIMBOT_FLUX_RECEIVER_URL", "CLAIMBOT_FLUX_RECEIVER_TOKEN");
  const url = read.one("CLAIMBOT_FLUX_RECEIVER_URL", values.parseUrl);
  const token = read.one("CLAIMBOT_FLUX_RECEIVER_TOKEN", values.parseToken);
  return url && token ? { url, token } : undefined;
}

function kubernetesOf(read: SettingsReader): Config["kubernetes"] {
  if (read.has("CLAIMBOT_KUBERNETES_CA")) {
    read.together("CLAIMBOT_KUBERNETES_CA", "CLAIMBOT_KUBERNETES_URL", "CLAIMBOT_KUBERNETES_TOKEN");
  } else read.together("CLAIMBOT_KUBERNETES_URL", "CLAIMBOT_KUBERNETES_TOKEN");
  const url = read.one("CLAIMBOT_KUBERNETES_URL", values.parseUrl);
  const token = read.one("CLAIMBOT_KUBERNETES_TOKEN", values.parseToken);
  const ca = read.one("CLAIMBOT_KUBERNETES_CA", (text) =>
    values.parsePattern(text, /^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----$/, "a certificate in PEM"),
  );
  if (!url || !token) return undefined;
  return ca ? { url, token, ca } : { url, token };
}

function s3Of(read: SettingsReader): S3Config | undefined {
  const credentials = s3CredentialsOf(read);
  read.together("CLAIMBOT_S3_ENDPOINT", "CLAIMBOT_S3_BUCKET");
  const endpoint = read.one("CLAIMBOT_S3_ENDPOINT", values.parseUrl);
  const bucket = read.one("CLAIMBOT_S3_BUCKET", (text) =>
    values.parsePattern(text, /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "3 to 63 lower-case letters, digits, dots and hyphens"),
  );
  const region = read.withDefault("CLAIMBOT_S3_REGION", (text) =>
    values.parsePattern(text, /^[a-z0-9-]+$/, "a region such as eu-central-1"),
  );
  if (endpoint === undefined && credentials !== undefined) {
    read.mistake(
      "CLAIMBOT_S3_ENDPOINT",
      "is missing beside the S3 credentials",
      "Set endpoint and bucket, or take the credentials away",
    );
  }
  if (endpoint !== undefined && !hasS3Credentials(read)) {
    read.mistake(
      "CLAIMBOT_S3_ACCESS_KEY_ID",
      "is missing beside CLAIMBOT_S3_ENDPOINT",
      "Give a static key, or a role with a web identity token",
    );
  }
  return endpoint && bucket && credentials ? { endpoint, bucket, region, credentials } : undefined;
}

const BACKUP_S3 = [
  "CLAIMBOT_BACKUP_S3_ENDPOINT",
  "CLAIMBOT_BACKUP_S3_ACCESS_KEY_ID",
  "CLAIMBOT_BACKUP_S3_SECRET_ACCESS_KEY",
] as const;

function backupS3Of(read: SettingsReader): Config["backupS3"] {
  read.together(...BACKUP_S3);
  const endpoint = read.one(BACKUP_S3[0], values.parseUrl);
  const accessKeyId = read.one(BACKUP_S3[1], (text) => values.parsePattern(text, /^\S+$/, "the key's id"));
  const secretAccessKey = read.one(BACKUP_S3[2], values.parseToken);
  const region = read.withDefault("CLAIMBOT_BACKUP_S3_REGION", (text) =>
    values.parsePattern(text, /^[a-z0-9-]+$/, "a region such as eu-central-1"),
  );
  return endpoint && accessKeyId && secretAccessKey
    ? { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
    : undefined;
}

const STATIC_KEY = ["CLAIMBOT_S3_ACCESS_KEY_ID", "CLAIMBOT_S3_SECRET_ACCESS_KEY"] as const;
const WEB_IDENTITY = ["CLAIMBOT_S3_ROLE_ARN", "CLAIMBOT_S3_WEB_IDENTITY_TOKEN"] as const;

function hasS3Credentials(read: SettingsReader): boolean {
  return [...STATIC_KEY, ...WEB_IDENTITY].some((name) => read.has(name));
}

function s3CredentialsOf(read: SettingsReader): S3Credentials | undefined {
  read.together(...STATIC_KEY);
  read.together(...WEB_IDENTITY);
  if (STATIC_KEY.some((name) => read.has(name)) && WEB_IDENTITY.some((name) => read.has(name))) {
    read.mistake("CLAIMBOT_S3_ROLE_ARN", "stands beside a static key", "Keep the static key, or the role with its token");
  }
  const accessKeyId = read.one("CLAIMBOT_S3_ACCESS_KEY_ID", (text) => values.parsePattern(text, /^\S+$/, "the key's id"));
  const secretAccessKey = read.one("CLAIMBOT_S3_SECRET_ACCESS_KEY", values.parseToken);
  const roleArn = read.one("CLAIMBOT_S3_ROLE_ARN", (text) => values.parsePattern(text, /^arn:\S+$/, "a role's ARN"));
  const webIdentityToken = read.one("CLAIMBOT_S3_WEB_IDENTITY_TOKEN", values.parseToken);
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  const file = read.fileOf("CLAIMBOT_S3_WEB_IDENTITY_TOKEN");
  return roleArn && webIdentityToken
    ? { roleArn, webIdentityToken, ...(file !== undefined && { webIdentityTokenFile: file }) }
    : undefined;
}

/** What the service cannot be without. A partial group was reported already, so each name is said once. */
function requireForService(read: SettingsReader, { webhook }: Config): void {
  const said = new Set(read.mistakes.map(({ setting }) => setting.replace(/_FILE$/, "")));
  for (const { name, neededBy, description } of SETTINGS) {
    if (neededBy === "serve" && !read.has(name) && !said.has(name)) {
      read.mistake(name, "is missing: the service needs it", description.replace(/\.$/, ""));
    }
  }
  const doors = ["CLAIMBOT_WEBHOOK_SECRET", "CLAIMBOT_WEBHOOK_SIGNING_TOKEN"] as const;
  if (webhook.secrets.length + webhook.signingTokens.length === 0 && !doors.some((name) => said.has(name))) {
    read.mistake(
      doors[0],
      "is missing: the service would take events from anybody",
      "Make one with: openssl rand -hex 32, and give it to GitLab's webhook too",
    );
  }
}
