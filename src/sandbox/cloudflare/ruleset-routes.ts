/** The routes of rulesets. What is allowed is decided by rulesets.ts; a dry run decides all of it and keeps nothing. */
import type { Context, Hono } from "hono";
import { ApiError, notValid, refusal } from "./api-error.ts";
import { jsonBody, ok } from "./envelope.ts";
import { choice } from "./record-list.ts";
import { addRule, createRuleset, patchRule, PHASES, putEntryPoint, putRuleset, removeRule } from "./rulesets.ts";
import { idParam, zoneOf, type World } from "./world.ts";
import { entryPoint, saveRuleset, type Ruleset, type Zone } from "./zone.ts";

export function rulesetRoutes(api: Hono, world: World): void {
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
