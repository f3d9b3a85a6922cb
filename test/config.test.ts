import { inspect } from "node:util";
import { expect, test } from "vitest";
import { mistakeLines, readConfig, type Config, type ConfigMistake, type Variables } from "../src/config.ts";

const SECRET = "9f2c61d07b4e8a35c1d9e06f7a2b4c8d";
const OTHER_SECRET = "03b7d1e94fa25c68e0d3917bc5a24f86";
const SIGNING_TOKEN = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const SERVICE: Variables = {
  CLAIMBOT_GITLAB_URL: "https://gitlab.example.org/",
  CLAIMBOT_GITLAB_TOKEN: "glpat-abcdefgh",
  CLAIMBOT_GITLAB_PROJECT: "platform/static-environments",
  CLAIMBOT_WEBHOOK_SECRET: SECRET,
};

function good(env: Variables, face: "serve" | "command-line" = "serve"): Config {
  const result = readConfig(face, env);
  if (!result.ok) throw new Error(mistakeLines(result.mistakes));
  return result.config;
}

function mistakes(env: Variables, face: "serve" | "command-line" = "serve"): readonly ConfigMistake[] {
  const result = readConfig(face, env);
  return result.ok ? [] : result.mistakes;
}

test("the command line needs nothing", () => {
  const config = good({}, "command-line");
  expect(config).toMatchObject({
    dataDirectory: ".claimbot",
    listen: { host: "127.0.0.1", port: 8080 },
    instance: "claimbot",
    sweepSeconds: 300,
    logLevel: "info",
    gitlab: undefined,
    cloudflare: undefined,
    s3: undefined,
  });
});

test("the service needs GitLab and a door for its webhook, and says all of it at once", () => {
  expect(mistakes({}).map(({ setting }) => setting)).toEqual([
    "CLAIMBOT_GITLAB_URL",
    "CLAIMBOT_GITLAB_TOKEN",
    "CLAIMBOT_GITLAB_PROJECT",
    "CLAIMBOT_WEBHOOK_SECRET",
  ]);
});

test("the service starts with GitLab and a strong secret", () => {
  const config = good(SERVICE);
  expect(config.gitlab?.url).toBe("https://gitlab.example.org");
  expect(config.gitlab?.token.reveal()).toBe("glpat-abcdefgh");
  expect(config.webhook.secrets.map((secret) => secret.reveal())).toEqual([SECRET]);
});

test.each([
  ["empty", ""],
  ["only white space", "  \n"],
  ["only a comma", ","],
  ["short", "hunter2"],
  ["31 bytes", SECRET.slice(1)],
  ["one letter", "a".repeat(40)],
  ["a placeholder", "change-me-0123456789-0123456789-abcdef"],
  ["out of a manual", "your-secret-token-0123456789abcdef"],
  ["one good and one short", `${SECRET} hunter2`],
])("the service refuses a webhook secret that is %s", (_, secret) => {
  const found = mistakes({ ...SERVICE, CLAIMBOT_WEBHOOK_SECRET: secret });
  expect(found.map(({ setting }) => setting)).toEqual(["CLAIMBOT_WEBHOOK_SECRET"]);
});

test.each([
  ["without its prefix", SIGNING_TOKEN.slice(6)],
  ["not base64", "whsec_!!!"],
  ["too short", `whsec_${Buffer.from("abcdefghijkl").toString("base64")}`],
  ["all zeros", `whsec_${Buffer.alloc(32).toString("base64")}`],
])("the service refuses a signing token that is %s", (_, token) => {
  expect(mistakes({ ...SERVICE, CLAIMBOT_WEBHOOK_SIGNING_TOKEN: token }).map(({ setting }) => setting)).toEqual([
    "CLAIMBOT_WEBHOOK_SIGNING_TOKEN",
  ]);
});

test("a signing token is door enough", () => {
  const { CLAIMBOT_WEBHOOK_SECRET: _, ...rest } = SERVICE;
  expect(good({ ...rest, CLAIMBOT_WEBHOOK_SIGNING_TOKEN: SIGNING_TOKEN }).webhook.signingTokens).toHaveLength(1);
});

test("several secrets live side by side while they are rotated", () => {
  const { webhook } = good({ ...SERVICE, CLAIMBOT_WEBHOOK_SECRET: `${SECRET},\n ${OTHER_SECRET}` });
  expect(webhook.secrets.map((secret) => secret.reveal())).toEqual([SECRET, OTHER_SECRET]);
});

test("a secret may stand in a file, with a line break at its end", () => {
  const { CLAIMBOT_WEBHOOK_SECRET: _, ...rest } = SERVICE;
  const result = readConfig(
    "serve",
    { ...rest, CLAIMBOT_WEBHOOK_SECRET_FILE: "/run/secret" },
    (path) => `${path === "/run/secret" ? SECRET : ""}\n`,
  );
  expect(result.ok && result.config.webhook.secrets[0]?.reveal()).toBe(SECRET);
});

test("a setting that is given twice is a mistake, and so is a file that is not there", () => {
  expect(mistakes({ ...SERVICE, CLAIMBOT_WEBHOOK_SECRET_FILE: "/run/secret" })).toMatchObject([
    { setting: "CLAIMBOT_WEBHOOK_SECRET", reason: "is set twice, also as CLAIMBOT_WEBHOOK_SECRET_FILE" },
  ]);
  expect(mistakes({ ...SERVICE, DATABASE_URL_FILE: "/nowhere/at/all" })).toMatchObject([
    { setting: "DATABASE_URL_FILE", reason: "names a file that cannot be read (ENOENT)" },
  ]);
});

test.each<[string, Variables, readonly string[]]>([
  ["GitLab's URL alone", { CLAIMBOT_GITLAB_URL: "https://g.example.org" }, ["CLAIMBOT_GITLAB_TOKEN", "CLAIMBOT_GITLAB_PROJECT"]],
  ["GitLab's token alone", { CLAIMBOT_GITLAB_TOKEN: "t" }, ["CLAIMBOT_GITLAB_URL", "CLAIMBOT_GITLAB_PROJECT"]],
  ["a Receiver without token", { CLAIMBOT_FLUX_RECEIVER_URL: "https://f.example.org/hook/1" }, ["CLAIMBOT_FLUX_RECEIVER_TOKEN"]],
  ["Kubernetes without token", { CLAIMBOT_KUBERNETES_URL: "https://k.example.org" }, ["CLAIMBOT_KUBERNETES_TOKEN"]],
  ["a Cloudflare address without token", { CLAIMBOT_CLOUDFLARE_URL: "https://c.example.org" }, ["CLAIMBOT_CLOUDFLARE_TOKEN"]],
  ["a registry's user alone", { CLAIMBOT_REGISTRY_USERNAME: "u" }, ["CLAIMBOT_REGISTRY_URL", "CLAIMBOT_REGISTRY_PASSWORD"]],
  [
    "an S3 endpoint alone",
    { CLAIMBOT_S3_ENDPOINT: "https://s.example.org" },
    ["CLAIMBOT_S3_BUCKET", "CLAIMBOT_S3_ACCESS_KEY_ID"],
  ],
  ["S3 keys alone", { CLAIMBOT_S3_ACCESS_KEY_ID: "a", CLAIMBOT_S3_SECRET_ACCESS_KEY: "b" }, ["CLAIMBOT_S3_ENDPOINT"]],
  [
    "half a static key",
    { CLAIMBOT_S3_ENDPOINT: "https://s.example.org", CLAIMBOT_S3_BUCKET: "claims", CLAIMBOT_S3_ACCESS_KEY_ID: "a" },
    ["CLAIMBOT_S3_SECRET_ACCESS_KEY"],
  ],
])("%s is half a group", (_, env, missing) => {
  expect(mistakes(env, "command-line").map(({ setting }) => setting)).toEqual(missing);
});

test("a static key and a role together are a mistake", () => {
  const env = {
    CLAIMBOT_S3_ENDPOINT: "https://s.example.org",
    CLAIMBOT_S3_BUCKET: "claims",
    CLAIMBOT_S3_ACCESS_KEY_ID: "a",
    CLAIMBOT_S3_SECRET_ACCESS_KEY: "b",
    CLAIMBOT_S3_ROLE_ARN: "arn:aws:iam::1:role/x",
    CLAIMBOT_S3_WEB_IDENTITY_TOKEN: "c",
  };
  expect(mistakes(env, "command-line").map(({ setting }) => setting)).toEqual(["CLAIMBOT_S3_ROLE_ARN"]);
});

test("a web identity token's file is remembered, to be read again", () => {
  const env = {
    CLAIMBOT_S3_ENDPOINT: "http://127.0.0.1:9000",
    CLAIMBOT_S3_BUCKET: "claims",
    CLAIMBOT_S3_ROLE_ARN: "arn:aws:iam::1:role/x",
    CLAIMBOT_S3_WEB_IDENTITY_TOKEN_FILE: "/run/tokens/claimbot",
  };
  const read = readConfig("command-line", env, () => "token-of-the-file\n");
  const credentials = read.ok ? read.config.s3?.credentials : undefined;
  expect(credentials).toMatchObject({ webIdentityTokenFile: "/run/tokens/claimbot" });
});

test("S3 with a role and its token is whole", () => {
  const env = {
    CLAIMBOT_S3_ENDPOINT: "http://127.0.0.1:9000",
    CLAIMBOT_S3_BUCKET: "claims",
    CLAIMBOT_S3_ROLE_ARN: "arn:aws:iam::1:role/x",
    CLAIMBOT_S3_WEB_IDENTITY_TOKEN: "token",
  };
  expect(good(env, "command-line").s3).toMatchObject({
    endpoint: "http://127.0.0.1:9000",
    region: "us-east-1",
    credentials: { roleArn: "arn:aws:iam::1:role/x" },
  });
});

test.each([
  ["CLAIMBOT_URL", "http://claimbot.example.org"],
  ["CLAIMBOT_URL", "ftp://127.0.0.1"],
  ["CLAIMBOT_URL", "http://127.0.0.1.example.org"],
  ["CLAIMBOT_URL", "https://user:pass@claimbot.example.org"],
  ["CLAIMBOT_URL", "https://claimbot.example.org/?a=1"],
  ["CLAIMBOT_URL", "claimbot"],
  ["CLAIMBOT_REGISTRY_URL", "http://registry.example.org"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "http://10.0.0.1:4318"],
  ["CLAIMBOT_LISTEN", "8080"],
  ["CLAIMBOT_LISTEN", "127.0.0.1:99999"],
  ["CLAIMBOT_LISTEN", "::1:8080"],
  ["CLAIMBOT_INSTANCE", "Acme"],
  ["CLAIMBOT_INSTANCE", "a".repeat(21)],
  ["CLAIMBOT_INSTANCE", "a.b"],
  ["CLAIMBOT_LOG_LEVEL", "verbose"],
  ["CLAIMBOT_SWEEP_SECONDS", "5m"],
  ["CLAIMBOT_SWEEP_SECONDS", "0"],
  ["CLAIMBOT_KUBERNETES_CA", "/etc/ca.pem"],
  ["DATABASE_URL", "mysql://db.example.org/claimbot"],
  ["DATABASE_URL", "postgres://db.example.org"],
])("refuses %s=%s", (name, value) => {
  const settings = mistakes({ [name]: value }, "command-line").map(({ setting }) => setting);
  expect(settings).toContain(name);
});

test.each(["https://a.example.org/x", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])(
  "takes the URL %s",
  (url) => {
    expect(good({ CLAIMBOT_URL: url }, "command-line").publicUrl).toBe(url);
  },
);

test("takes an IPv6 address to listen on", () => {
  expect(good({ CLAIMBOT_LISTEN: "[::1]:8443" }, "command-line").listen).toEqual({ host: "::1", port: 8443 });
});

test("no mistake and no dump of the configuration holds a value of a secret", () => {
  const canary = "canary-4f1e77";
  const wrong = mistakes({
    ...SERVICE,
    CLAIMBOT_WEBHOOK_SECRET: canary,
    DATABASE_URL: canary,
    CLAIMBOT_GITLAB_TOKEN: `${canary} x`,
  });
  expect(wrong).toHaveLength(3);
  expect(mistakeLines(wrong)).not.toContain(canary);
  const config = good({ ...SERVICE, DATABASE_URL: `postgresql://u:${canary}@db.example.org/x` });
  expect(inspect(config, { depth: 9, showHidden: true })).not.toContain(canary);
  expect(JSON.stringify(config)).not.toContain(canary);
  expect(config.secrets.map((secret) => secret.reveal())).toEqual(expect.arrayContaining([canary, SECRET, "glpat-abcdefgh"]));
});
