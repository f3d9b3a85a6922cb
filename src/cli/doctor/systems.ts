/** The systems beside GitLab, each looked at as its adapter sees it. What is not configured is skipped, and says what is missed. */
import { httpClient } from "../../adapters/http-client.ts";
import type { Config } from "../../config.ts";
import type { Platform } from "../../core/claim/platform.generated.ts";
import type { Check } from "../../core/onboarding/check.ts";
import { POINTER_NAMESPACE } from "../../targets/flux/pointer.ts";
import { look } from "../../flows/onboarding/look.ts";

type Checks = Promise<readonly Check[]>;

export async function checkDatabase({ databaseUrl }: Config): Checks {
  const name = "database";
  if (databaseUrl === undefined) return [skipped(name, "embedded, in the data directory (no DATABASE_URL)")];
  return look(name, async () => {
    const [{ default: pg }, { unreachable }] = await Promise.all([import("pg"), import("../../adapters/db.ts")]);
    const client = new pg.Client({ connectionString: databaseUrl.reveal(), connectionTimeoutMillis: 5_000 });
    // Of a connection that dies later: the next query says it.
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version");
      return good(name, `PostgreSQL ${rows[0]?.version ?? ""} answers`);
    } catch (error) {
      throw unreachable(error);
    } finally {
      await client.end();
    }
  });
}

export async function checkCloudflare({ cloudflare }: Config, platform: Platform | undefined, signal: AbortSignal): Checks {
  const name = "cloudflare";
  if (cloudflare === undefined) return [skipped(name, "no CLAIMBOT_CLOUDFLARE_TOKEN: DNS and WAF are not planned")];
  const [{ verifyToken }, { openCloudflare }] = await Promise.all([
    import("../../adapters/cloudflare/token.ts"),
    import("../../adapters/cloudflare/cloudflare.ts"),
  ]);
  const adapter = openCloudflare(cloudflare);
  const token = look(`${name}-token`, async () => tokenCheck(await verifyToken(cloudflare, signal), new Date()));
  const zones = (platform?.spec.zones ?? []).map(async ({ name: zoneName, plan }) =>
    look(`${name}-zone`, async () => {
      const zone = await adapter.zone(zoneName, signal);
      // Rules are the rarest right of the token: whoever reads them sees the zone and its WAF.
      await adapter.ruleset(zone, "http_request_firewall_custom", signal);
      if (zone.plan === plan) return good(`${name}-zone`, `${zoneName} (${zone.plan}): zone and WAF can be read`);
      const detail = `${zoneName} has the plan ${zone.plan} at Cloudflare, and ${plan} in platform.yaml`;
      const fix = "Correct platform.yaml: quotas and fields of rules follow from the plan";
      return { name: `${name}-zone`, verdict: "warning", detail, fix };
    }),
  );
  const unknown = platform === undefined ? [skipped(`${name}-zone`, "without platform.yaml nobody knows the zones")] : [];
  return [...(await Promise.all([token, ...zones])).flat(), ...unknown];
}

const WARN_MS = 14 * 86_400_000;

function tokenCheck(token: { readonly status: string; readonly expiresAt: string | undefined }, now: Date): Check {
  const name = "cloudflare-token";
  const fix = "Renew CLAIMBOT_CLOUDFLARE_TOKEN";
  if (token.status !== "active") return { name, verdict: "bad", detail: `the token is ${token.status}`, fix };
  if (token.expiresAt === undefined) return good(name, "the token is active, and never expires");
  const isNear = Date.parse(token.expiresAt) - now.getTime() < WARN_MS;
  const detail = `the token is active until ${token.expiresAt}`;
  return isNear ? { name, verdict: "warning", detail, fix } : good(name, detail);
}

/** Only that an OCI registry answers: what may be pulled is seen with the first plan. */
export async function checkRegistry({ registry }: Config, signal: AbortSignal): Checks {
  const name = "registry";
  if (registry === undefined) return [skipped(name, "no CLAIMBOT_REGISTRY_URL: versions stay constraints")];
  return look(name, async () => {
    const { url, username, password } = registry;
    const basic = username !== undefined && password !== undefined && Buffer.from(`${username}:${password.reveal()}`);
    const call = httpClient({ service: "The registry", url, setting: "CLAIMBOT_REGISTRY_URL" });
    const headers = { ...(basic !== false && { authorization: `Basic ${basic.toString("base64")}` }) };
    const { status, headers: answered } = await call({ path: "/v2/", headers, accept: [401], signal });
    if (status === 200) return good(name, `${url} answers`);
    if (/\bbearer\b/i.test(answered["www-authenticate"] ?? ""))
      return good(name, `${url} answers, and hands out tokens by itself`);
    const fix = "Set CLAIMBOT_REGISTRY_USERNAME and CLAIMBOT_REGISTRY_PASSWORD to an account that may pull";
    return { name, verdict: "bad", detail: `${url} does not let us in (401)`, fix };
  });
}

/** A Receiver is not called: it would make Flux look. */
export function checkFlux({ fluxReceiver, fluxEventsTokens }: Config): readonly Check[] {
  return [
    fluxReceiver === undefined
      ? skipped("flux-receiver", "no CLAIMBOT_FLUX_RECEIVER_URL: Flux looks at its own interval")
      : good("flux-receiver", `called after each release, at ${new URL(fluxReceiver.url).origin}`),
    fluxEventsTokens.length === 0
      ? skipped("flux-events", "no CLAIMBOT_FLUX_EVENTS_TOKEN: /webhooks/flux is shut")
      : good("flux-events", "/webhooks/flux takes signed events"),
  ];
}

export async function checkKubernetes({ kubernetes }: Config, signal: AbortSignal): Checks {
  const name = "kubernetes";
  if (kubernetes === undefined) return [skipped(name, "no CLAIMBOT_KUBERNETES_URL: Flux's own status is not seen")];
  return look(name, async () => {
    const { openKubernetes } = await import("../../adapters/flux.ts");
    const kind = { group: "kustomize.toolkit.fluxcd.io", version: "v1", plural: "kustomizations" };
    const found = await openKubernetes(kubernetes).list(kind, POINTER_NAMESPACE, "", signal);
    return good(name, `Kustomizations in ${POINTER_NAMESPACE} can be read (${found.length})`);
  });
}

function good(name: string, detail: string): Check {
  return { name, verdict: "good", detail };
}

function skipped(name: string, detail: string): Check {
  return { name, verdict: "skipped", detail };
}
