/** Every setting, as one table: config.ts reads by it, docs/settings.md is generated from it. */

/** `serve` runs the service; `command-line` is every other face: it needs nothing and checks what is set. */
export type Face = "serve" | "command-line";

export type SettingGroup =
  | "service"
  | "gitlab"
  | "webhook"
  | "database"
  | "registry"
  | "cloudflare"
  | "flux"
  | "kubernetes"
  | "s3"
  | "observability";

export interface Setting {
  readonly name: string;
  readonly group: SettingGroup;
  readonly description: string;
  readonly example: string;
  readonly default?: string;
  /** Never printed; every value is blanked in the log. */
  readonly secret?: true;
  /** Several values, separated by white space or commas: old and new live side by side while they are rotated. */
  readonly list?: true;
  readonly neededBy?: Face;
}

const TABLE = [
  {
    name: "CLAIMBOT_DATA_DIR",
    group: "service",
    description:
      "The directory of the embedded database and claim store. One process owns it. On the command line a relative path starts at the claim repository's root.",
    default: ".claimbot",
    example: "/var/lib/claimbot",
  },
  {
    name: "CLAIMBOT_LISTEN",
    group: "service",
    description: "Address and port of the HTTP service. An IPv6 address stands in brackets.",
    default: "127.0.0.1:8080",
    example: "0.0.0.0:8080",
  },
  {
    name: "CLAIMBOT_URL",
    group: "service",
    description: "The address under which people and GitLab reach the service. Without it notes carry no links to it.",
    example: "https://claimbot.example.org",
  },
  {
    name: "CLAIMBOT_INSTANCE",
    group: "service",
    description:
      "The name of this installation, part of every mark of ownership: 1 to 20 lower-case letters, digits and hyphens. Two installations that share a zone need two names. Never change it on a live one.",
    default: "claimbot",
    example: "acme",
  },
  {
    name: "CLAIMBOT_SWEEP_SECONDS",
    group: "service",
    description: "How often lost events, expiry and drift are looked for, in seconds: 10 to 86400.",
    default: "300",
    example: "600",
  },
  {
    name: "CLAIMBOT_GITLAB_URL",
    group: "gitlab",
    description: "GitLab's address, without /api.",
    example: "https://gitlab.example.org",
    neededBy: "serve",
  },
  {
    name: "CLAIMBOT_GITLAB_TOKEN",
    group: "gitlab",
    description: "A project access token with the scope api and the role Maintainer.",
    example: "glpat-…",
    secret: true,
    neededBy: "serve",
  },
  {
    name: "CLAIMBOT_GITLAB_PROJECT",
    group: "gitlab",
    description: "The claim repository: its path or its number.",
    example: "platform/static-environments",
    neededBy: "serve",
  },
  {
    name: "CLAIMBOT_GITLAB_FORMER_PROJECT",
    group: "gitlab",
    description:
      "Only where the claim repository moved to another project: the path it had, so that its claim store is taken over. Every project has a store of its own.",
    example: "platform/old-environments",
  },
  {
    name: "CLAIMBOT_WEBHOOK_SECRET",
    group: "webhook",
    description:
      "What GitLab sends as X-Gitlab-Token: at least 32 random bytes, such as `openssl rand -hex 32` makes. The service needs this or a signing token.",
    example: "the output of openssl rand -hex 32",
    secret: true,
    list: true,
  },
  {
    name: "CLAIMBOT_WEBHOOK_SIGNING_TOKEN",
    group: "webhook",
    description:
      "GitLab's signing token (19.0 and newer): whsec_ and base64. Once it is set, a signature is required and the secret no longer opens anything.",
    example: "whsec_…",
    secret: true,
    list: true,
  },
  {
    name: "DATABASE_URL",
    group: "database",
    description: "PostgreSQL 15 or newer in place of the embedded database; any number of replicas may share it.",
    example: "postgresql://claimbot:…@db.example.org/claimbot",
    secret: true,
  },
  {
    name: "CLAIMBOT_REGISTRY_URL",
    group: "registry",
    description: "The OCI registry that is asked for tags and digests of services.",
    example: "https://registry.example.org",
  },
  { name: "CLAIMBOT_REGISTRY_USERNAME", group: "registry", description: "The registry's user.", example: "claimbot" },
  {
    name: "CLAIMBOT_REGISTRY_PASSWORD",
    group: "registry",
    description: "The registry's password; reading is enough.",
    example: "…",
    secret: true,
  },
  {
    name: "CLAIMBOT_CLOUDFLARE_TOKEN",
    group: "cloudflare",
    description:
      "A Cloudflare API token for the platform's zones: Zone Read, DNS Edit, Zone WAF Edit. Without it DNS and WAF are not planned.",
    example: "…",
    secret: true,
  },
  {
    name: "CLAIMBOT_CLOUDFLARE_URL",
    group: "cloudflare",
    description: "Cloudflare's API.",
    default: "https://api.cloudflare.com/client/v4",
    example: "http://127.0.0.1:4002/client/v4",
  },
  {
    name: "CLAIMBOT_FLUX_RECEIVER_URL",
    group: "flux",
    description: "The whole address of a Flux Receiver of type generic-hmac, called after each release.",
    example: "https://flux.example.org/hook/2b59…",
  },
  {
    name: "CLAIMBOT_FLUX_RECEIVER_TOKEN",
    group: "flux",
    description: "The token of that Receiver: signs the call.",
    example: "…",
    secret: true,
  },
  {
    name: "CLAIMBOT_FLUX_EVENTS_TOKEN",
    group: "flux",
    description:
      "The token of the Flux Provider (generic-hmac) that posts events to /webhooks/flux: at least 32 bytes. Without it that door is shut.",
    example: "the output of openssl rand -hex 32",
    secret: true,
    list: true,
  },
  {
    name: "CLAIMBOT_KUBERNETES_URL",
    group: "kubernetes",
    description:
      "The Kubernetes API of the platform cluster, to read Flux's status. Without it events and the claim store are all that is known.",
    example: "https://10.0.0.1:6443",
  },
  {
    name: "CLAIMBOT_KUBERNETES_TOKEN",
    group: "kubernetes",
    description: "A token that may read what became of a release: that of the Secret claimbot-token which deploy/flux makes.",
    example: "…",
    secret: true,
  },
  {
    name: "CLAIMBOT_KUBERNETES_CA",
    group: "kubernetes",
    description: "The certificate of that API's authority, in PEM. Most easily given as CLAIMBOT_KUBERNETES_CA_FILE.",
    example: "-----BEGIN CERTIFICATE-----…",
  },
  {
    name: "CLAIMBOT_S3_ENDPOINT",
    group: "s3",
    description: "The S3 service of the claim store, such as MinIO. Without it claims are kept below CLAIMBOT_DATA_DIR.",
    example: "https://minio.example.org",
  },
  { name: "CLAIMBOT_S3_BUCKET", group: "s3", description: "The bucket, with versioning and object lock.", example: "claims" },
  { name: "CLAIMBOT_S3_REGION", group: "s3", description: "The bucket's region.", default: "us-east-1", example: "eu-central-1" },
  { name: "CLAIMBOT_S3_ACCESS_KEY_ID", group: "s3", description: "A static key: its id.", example: "claimbot" },
  { name: "CLAIMBOT_S3_SECRET_ACCESS_KEY", group: "s3", description: "A static key: its secret.", example: "…", secret: true },
  {
    name: "CLAIMBOT_S3_ROLE_ARN",
    group: "s3",
    description: "In place of a static key: the role to assume with a web identity.",
    example: "arn:aws:iam::123456789012:role/claimbot",
  },
  {
    name: "CLAIMBOT_S3_WEB_IDENTITY_TOKEN",
    group: "s3",
    description: "The web identity token for that role. Most easily given as CLAIMBOT_S3_WEB_IDENTITY_TOKEN_FILE.",
    example: "eyJ…",
    secret: true,
  },
  {
    name: "CLAIMBOT_BACKUP_S3_ENDPOINT",
    group: "s3",
    description:
      "Where claimbot backup --to s3://BUCKET and restore --from it find the bucket; without, at CLAIMBOT_S3_ENDPOINT.",
    example: "https://backup.example.org",
  },
  {
    name: "CLAIMBOT_BACKUP_S3_REGION",
    group: "s3",
    description: "The region of the backup's bucket.",
    default: "us-east-1",
    example: "eu-central-1",
  },
  {
    name: "CLAIMBOT_BACKUP_S3_ACCESS_KEY_ID",
    group: "s3",
    description: "A static key for the backup's bucket: its id.",
    example: "claimbot-backup",
  },
  {
    name: "CLAIMBOT_BACKUP_S3_SECRET_ACCESS_KEY",
    group: "s3",
    description: "A static key for the backup's bucket: its secret.",
    example: "…",
    secret: true,
  },
  {
    name: "CLAIMBOT_LOG_LEVEL",
    group: "observability",
    description: "debug, info, warn or error.",
    default: "info",
    example: "debug",
  },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    group: "observability",
    description: "Where traces go (OTLP over HTTP).",
    example: "http://127.0.0.1:4318",
  },
] as const satisfies readonly Setting[];

export type SettingName = (typeof TABLE)[number]["name"];

export const SETTINGS: readonly (Setting & { readonly name: SettingName })[] = TABLE;
