/** The routes of the token and of zones. */
import type { Hono } from "hono";
import { ok } from "./envelope.ts";
import { choice, pageOf } from "./record-list.ts";
import { zoneOf, type World } from "./world.ts";
import { ACCOUNT, idOf, type Zone } from "./zone.ts";

export function userRoutes(api: Hono): void {
  api.on("GET", ["/user/tokens/verify", "/accounts/:account/tokens/verify"], (context) =>
    context.json({
      result: { id: idOf("token"), status: "active" },
      success: true,
      errors: [],
      messages: [{ code: 10_000, message: "This API Token is valid and active", type: null }],
    }),
  );
}

export function zoneRoutes(api: Hono, world: World): void {
  api.get("/zones", (context) => {
    const query = new URL(context.req.url).searchParams;
    const known = ["name", "status", "account.id", "type", "page", "per_page", "order", "direction", "match"];
    for (const name of query.keys()) if (!known.includes(name)) world.unexpected(`query parameter ${name}`);
    choice(query, "match", ["all"], "all");
    const wanted = (name: string, value: string): boolean =>
      query.getAll(name).length === 0 || query.getAll(name).includes(value);
    const kept = world.zones.filter(
      (zone) =>
        wanted("name", zone.name) && wanted("status", "active") && wanted("account.id", ACCOUNT.id) && wanted("type", "full"),
    );
    const page = pageOf(
      kept.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      query,
      { perPage: 20, min: 5, max: 50 },
    );
    return ok(context, page.result.map(zoneJson), { result_info: page.result_info });
  });
  api.get("/zones/:zone", (context) => ok(context, zoneJson(zoneOf(world, context))));
}

function zoneJson({ id, name, plan, createdAt }: Zone): unknown {
  return {
    id,
    name,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: createdAt,
    modified_on: createdAt,
    activated_on: createdAt,
    meta: { step: 2, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
    owner: { id: idOf("owner"), type: "user", name: "Example" },
    account: ACCOUNT,
    permissions: ["#dns_records:edit", "#dns_records:read", "#waf:edit", "#waf:read", "#zone:read"],
    plan: {
      id: idOf(`plan ${plan}`),
      name: `${plan.charAt(0).toUpperCase()}${plan.slice(1)} Website`,
      price: 0,
      currency: "USD",
      frequency: "",
      is_subscribed: plan !== "free",
      can_subscribe: false,
      legacy_id: plan,
      legacy_discount: false,
      externally_managed: false,
    },
  };
}
