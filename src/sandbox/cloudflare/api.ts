/** The routes of the API below /client/v4. Reads and commits; what is allowed is decided by records.ts and rulesets.ts. */
import { Hono, type Context } from "hono";
import { ApiError, notValid, refusal } from "./api-error.ts";
import { failed, jsonBody, ok, rateLimitHeaders, refuseStranger } from "./envelope.ts";
import { PLANS } from "./plans.ts";
import { choice, listRecords, pageOf } from "./record-list.ts";
import { batchRecords, createRecord, deleteRecord, patchRecord, putRecord, recordOf, transact, type Draft } from "./records.ts";
import { addRule, createRuleset, patchRule, PHASES, putEntryPoint, putRuleset, removeRule } from "./rulesets.ts";
import { ACCOUNT, entryPoint, idOf, isId, saveRuleset, type DnsRecord, type Ruleset, type Stamp, type Zone } from "./zone.ts";

export interface World {
  readonly zones: readonly Zone[];
  readonly token: string;
  readonly stamp: Stamp;
  /** Who may not write: `example.org dns`, `example.org waf`. */
  readonly denied: Set<string>;
  /** Answers that are still to be 429. */
  readonly throttle: { left: number; retryAfterSeconds: number };
  readonly used: { requests: number };
  readonly unexpected: (what: string) => void;
}

export function cloudflareApi(world: World): Hono {
  const api = new Hono();
  api.use("*", async (context, next) => {
    for (const [name, value] of Object.entries(rateLimitHeaders((world.used.requests += 1)))) context.header(name, value);
    if (world.throttle.left > 0) {
      world.throttle.left -= 1;
      context.header("Ratelimit", `"default";r=0;t=${world.throttle.retryAfterSeconds}`);
      context.header("Retry-After", String(world.throttle.retryAfterSeconds));
      throw refusal(429, 10_429, "Rate limited. Please wait and consider throttling your request speed");
    }
    if (context.req.raw.headers.has("x-auth-key")) world.unexpected("a second credential");
    refuseStranger(context.req.raw.headers, world.token);
    await next();
  });
  api.onError((error, context) => {
    if (!(error instanceof ApiError)) throw error;
    const invalidToken = error.errors[0]?.code === 9109 && context.req.path.endsWith("/tokens/verify");
    return failed(context, invalidToken ? refusal(401, 1000, "Invalid API Token") : error);
  });
  userRoutes(api);
  zoneRoutes(api, world);
  recordRoutes(api, world);
  rulesetRoutes(api, world);
  // Not notFound: that of a mounted app is never asked.
  api.all("*", (context) => {
    world.unexpected(`${context.req.method} ${context.req.path}`);
    throw refusal(400, 7000, "No route for that URI");
  });
  return api;
}

function userRoutes(api: Hono): void {
  api.on("GET", ["/user/tokens/verify", "/accounts/:account/tokens/verify"], (context) =>
    context.json({
      result: { id: idOf("token"), status: "active" },
      success: true,
      errors: [],
      messages: [{ code: 10_000, message: "This API Token is valid and active", type: null }],
    }),
  );
}

function zoneRoutes(api: Hono, world: World): void {
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

function recordRoutes(api: Hono, world: World): void {
  const { stamp } = world;
  const path = "/zones/:zone/dns_records";
  const write = async (
    context: Context,
    act: (zone: Zone, draft: Draft, id: string, body: Readonly<Record<string, unknown>>) => unknown,
  ): Promise<Response> => {
    const zone = zoneOf(world, context, "dns");
    const id = context.req.param("record") ?? "";
    const body = context.req.method === "DELETE" ? {} : await jsonBody(context);
    return ok(
      context,
      transact(zone, (draft) => act(zone, draft, id, body)),
    );
  };
  api.get(path, (context) => {
    const { result, result_info } = listRecords(zoneOf(world, context), new URL(context.req.url).searchParams, world.unexpected);
    return ok(context, result, { result_info });
  });
  api.get(`${path}/usage`, (context) => {
    const zone = zoneOf(world, context);
    return ok(context, { record_quota: PLANS[zone.plan].records, record_usage: zone.records.size });
  });
  api.post(path, async (context) => write(context, (zone, draft, _id, body) => createRecord(zone, draft, body, stamp)));
  api.post(`${path}/batch`, async (context) =>
    write(context, (zone, draft, _id, body) => batchRecords(zone, draft, body, stamp)),
  );
  api.get(`${path}/:record`, (context) => {
    return ok(context, recordOf(zoneOf(world, context).records, idParam(context, "record")) satisfies DnsRecord);
  });
  api.patch(`${path}/:record`, async (context) =>
    write(context, (zone, draft, id, body) => patchRecord(zone, draft, id, body, stamp)),
  );
  api.put(`${path}/:record`, async (context) =>
    write(context, (zone, draft, id, body) => putRecord(zone, draft, id, body, stamp)),
  );
  api.delete(`${path}/:record`, async (context) => write(context, (_zone, draft, id) => ({ id: deleteRecord(draft, id).id })));
}

function rulesetRoutes(api: Hono, world: World): void {
  const path = "/zones/:zone/rulesets";
  const phasePath = `${path}/phases/:phase/entrypoint`;
  const rulesetPath = `${path}/:ruleset`;
  const write = async (
    context: Context,
    phaseOf: (zone: Zone, body: Readonly<Record<string, unknown>>) => string,
    next: (zone: Zone, body: Readonly<Record<string, unknown>>) => Ruleset,
  ): Promise<Response> => {
    const zone = zoneOf(world, context, "waf");
    const body = context.req.method === "DELETE" ? {} : await jsonBody(context);
    const dryRun = isDryRun(context);
    if (!dryRun) somebodyElse(zone, phaseOf(zone, body));
    const ruleset = next(zone, body);
    if (dryRun) return ok(context, null);
    saveRuleset(zone, ruleset);
    return ok(context, rulesetJson(ruleset));
  };
  const writeTo = async (
    context: Context,
    next: (zone: Zone, before: Ruleset, body: Readonly<Record<string, unknown>>) => Ruleset,
  ): Promise<Response> =>
    write(
      context,
      (zone) => writable(zone, context).phase,
      (zone, body) => next(zone, writable(zone, context), body),
    );

  api.get(path, (context) => {
    const all = [...zoneOf(world, context).rulesets.values()];
    return ok(context, all.map(headJson), { result_info: { count: all.length, per_page: 50, cursors: {} } });
  });
  api.post(path, async (context) =>
    write(
      context,
      (_zone, body) => String(body["phase"]),
      (zone, body) => createRuleset(zone, body, world.stamp),
    ),
  );
  api.get(phasePath, (context) => ok(context, rulesetJson(ofPhase(world, context))));
  api.put(phasePath, async (context) =>
    write(
      context,
      () => phaseParam(context),
      (zone, body) => putEntryPoint(zone, phaseParam(context), body, world.stamp),
    ),
  );
  api.get(`${phasePath}/versions`, (context) => ok(context, historyOf(world, context, ofPhase(world, context)).map(headJson)));
  api.get(`${phasePath}/versions/:version`, (context) =>
    ok(context, rulesetJson(versionOf(world, context, ofPhase(world, context)))),
  );
  api.get(rulesetPath, (context) => ok(context, rulesetJson(ofId(zoneOf(world, context), context))));
  api.put(rulesetPath, async (context) => writeTo(context, (zone, before, body) => putRuleset(zone, before, body, world.stamp)));
  api.delete(rulesetPath, (context) => {
    const zone = zoneOf(world, context, "waf");
    const { id } = writable(zone, context);
    if (!isDryRun(context)) zone.rulesets = new Map([...zone.rulesets].filter(([other]) => other !== id));
    return context.body(null, 204);
  });
  api.get(`${rulesetPath}/versions`, (context) => {
    return ok(context, historyOf(world, context, ofId(zoneOf(world, context), context)).map(headJson));
  });
  api.get(`${rulesetPath}/versions/:version`, (context) => {
    return ok(context, rulesetJson(versionOf(world, context, ofId(zoneOf(world, context), context))));
  });
  api.post(`${rulesetPath}/rules`, async (context) =>
    writeTo(context, (zone, before, body) => addRule(zone, before, body, world.stamp)),
  );
  api.patch(`${rulesetPath}/rules/:rule`, async (context) =>
    writeTo(context, (zone, before, body) => patchRule(zone, before, idParam(context, "rule"), body, world.stamp)),
  );
  api.delete(`${rulesetPath}/rules/:rule`, async (context) =>
    writeTo(context, (zone, before) => removeRule(zone, before, idParam(context, "rule"), world.stamp)),
  );
}

/** The zone of the path. With a permission: one that the token may write with. */
function zoneOf(world: World, context: Context, permission?: "dns" | "waf"): Zone {
  const id = idParam(context, "zone");
  const zone = world.zones.find((zone) => zone.id === id);
  if (zone === undefined) throw refusal(403, 9109, "Unauthorized to access requested resource");
  if (permission !== undefined && world.denied.has(`${zone.name} ${permission}`))
    throw refusal(403, 10_000, "Authentication error");
  return zone;
}

function idParam(context: Context, name: string): string {
  const id = context.req.param(name) ?? "";
  if (!isId(id)) throw refusal(400, 7003, `Could not route to ${context.req.path}, perhaps your object identifier is invalid?`);
  return id;
}

function phaseParam(context: Context): string {
  const phase = context.req.param("phase") ?? "";
  if (!PHASES.includes(phase)) throw new ApiError(400, [notValid(phase, "/phase", "it is not a phase")]);
  return phase;
}

function ofPhase(world: World, context: Context): Ruleset {
  const phase = phaseParam(context);
  const found = entryPoint(zoneOf(world, context), phase);
  if (found === undefined) throw refusal(404, 10_003, `could not find entrypoint ruleset in the "${phase}" phase`);
  return found;
}

function ofId(zone: Zone, context: Context): Ruleset {
  const id = idParam(context, "ruleset");
  const found = zone.rulesets.get(id);
  if (found === undefined) throw refusal(404, 10_001, `could not find ruleset with ID "${id}"`);
  return found;
}

function writable(zone: Zone, context: Context): Ruleset {
  const ruleset = ofId(zone, context);
  if (ruleset.kind === "managed") throw refusal(403, 10_000, "Authentication error");
  return ruleset;
}

function historyOf(world: World, context: Context, { id }: Ruleset): readonly Ruleset[] {
  return zoneOf(world, context).history.get(id) ?? [];
}

function versionOf(world: World, context: Context, ruleset: Ruleset): Ruleset {
  const wanted = context.req.param("version");
  const found = historyOf(world, context, ruleset).find(({ version }) => version === wanted);
  if (found === undefined) throw refusal(404, 10_001, `could not find version "${wanted}" of the ruleset`);
  return found;
}

function isDryRun(context: Context): boolean {
  return choice(new URL(context.req.url).searchParams, "dry_run", ["true", "false"], "false") === "true";
}

/** What the test or the story asked for happens right before the write, when the writer has already read. */
function somebodyElse(zone: Zone, phase: string): void {
  const [act, ...later] = zone.meanwhile.get(phase) ?? [];
  zone.meanwhile.set(phase, later);
  act?.();
}

/** `rules` is left out where there are none. */
function rulesetJson(ruleset: Ruleset): unknown {
  return ruleset.rules.length === 0 ? headJson(ruleset) : ruleset;
}

function headJson({ rules: _rules, ...head }: Ruleset): Omit<Ruleset, "rules"> {
  return head;
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
