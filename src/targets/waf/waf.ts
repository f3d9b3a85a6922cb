/** The firewall of an environment at Cloudflare: rules in entry points that it shares with others. */
import type { Cloudflare, Refusal, Rule } from "../../adapters/cloudflare/cloudflare.ts";
import type { Diagnostic } from "../../core/diagnostic.ts";
import { Stalled } from "../../core/errors.ts";
import type { Environment } from "../../core/environment.ts";
import { SILENT, type Log } from "../../core/log.ts";
import { diffResources, sortResources, type Change } from "../../core/resource.ts";
import type { Target } from "../target.ts";
import { rulesAfter } from "./body.ts";
import { desiredRules, PHASES, type WafPhase, type WafRule } from "./model.ts";
import { isOwn, ownKey, viewRules, zonesOf } from "./ownership.ts";
import { writeRules } from "./write-rules.ts";

/** What `observe` saw stands for an `apply` right after it, to be tried; before it is written it is read again. */
const SEEN_MS = 10_000;

/** What is changed together: the rules of one phase of one zone. */
interface Work {
  readonly zone: string;
  readonly phase: WafPhase;
  readonly changes: readonly Change<WafRule>[];
}

/** `now` in milliseconds. */
export function wafTarget(cloudflare: Cloudflare, log: Log = SILENT, now: () => number = Date.now): Target<WafRule> {
  const remembered = new Map<string, { readonly seen: ReadonlyMap<string, readonly Rule[]>; readonly at: number }>();
  const locked = locks();

  const standing = async (zone: string, phase: WafPhase, signal: AbortSignal): Promise<readonly Rule[]> => {
    const ruleset = await cloudflare.ruleset(await cloudflare.zone(zone, signal), phase, signal);
    return ruleset === "none" ? [] : ruleset.rules;
  };

  /** The whole body that would be written, and what Cloudflare has against it. */
  const tried = async (
    environment: Environment,
    { zone, phase, changes }: Work,
    rules: readonly Rule[],
    signal: AbortSignal,
  ): Promise<{ readonly body: readonly Rule[] | undefined; readonly refusals: readonly Refusal[] }> => {
    const body = rulesAfter(environment, zone, phase, rules, changes);
    const refusals = body === undefined ? [] : await cloudflare.dryRun(await cloudflare.zone(zone, signal), phase, body, signal);
    return { body, refusals };
  };

  return {
    name: "waf",
    desired: desiredRules,
    diff: diffResources,

    async observe(environment, signal) {
      const places = zonesOf(environment).flatMap((zone) => PHASES.map((phase) => ({ zone, phase })));
      const lists = await Promise.all(
        places.map(async ({ zone, phase }) => ({ zone, phase, rules: await standing(zone, phase, signal) })),
      );
      remembered.set(environment.name, {
        seen: new Map(lists.map(({ zone, phase, rules }) => [`${zone} ${phase}`, rules])),
        at: now(),
      });
      const views = lists.map(({ zone, phase, rules }) => viewRules(environment, zone, phase, rules));
      return {
        resources: sortResources(views.flatMap(({ own }) => own)),
        pending: [],
        contested: views.flatMap(({ forged }) => forged),
      };
    },

    async check(environment, changes, signal) {
      const found = await Promise.all(
        workOf(changes).map(async (work) => {
          const { body = [], refusals } = await tried(environment, work, await standing(work.zone, work.phase, signal), signal);
          return refusals.map((refusal) => diagnosticOf(environment, work, body, refusal));
        }),
      );
      return found.flat();
    },

    async apply(changes, { environment }, signal) {
      const last = remembered.get(environment.name);
      remembered.delete(environment.name);
      const seen = last !== undefined && now() - last.at < SEEN_MS ? last.seen : new Map<string, readonly Rule[]>();
      // All phases are tried before the first is written: an environment is not protected by half.
      const work = await Promise.all(
        workOf(changes).map(async (work) => {
          const rules = seen.get(`${work.zone} ${work.phase}`) ?? (await standing(work.zone, work.phase, signal));
          const { body, refusals } = await tried(environment, work, rules, signal);
          const [refusal] = refusals;
          if (refusal !== undefined) throw refused(environment, work, body ?? [], refusal);
          return { ...work, body };
        }),
      );
      for (const { zone, phase, changes, body } of work) {
        if (body === undefined) continue;
        await locked(`${zone} ${phase}`, async () =>
          writeRules({
            cloudflare,
            zone: await cloudflare.zone(zone, signal),
            phase,
            next: (rules) => rulesAfter(environment, zone, phase, rules, changes),
            isOurs: (rule) => isOwn(environment, zone, phase, rule),
            tried: body,
            refused: (sent, refusal) => refused(environment, { zone, phase, changes }, sent, refusal),
            log,
            signal,
          }),
        );
      }
    },
  };
}

function workOf(changes: readonly Change<WafRule>[]): readonly Work[] {
  const groups = Map.groupBy(changes, (change) => `${ruleOf(change).zone} ${ruleOf(change).phase}`);
  return [...groups.values()].flatMap((changes) => {
    const [first] = changes;
    return first === undefined ? [] : [{ zone: ruleOf(first).zone, phase: ruleOf(first).phase, changes }];
  });
}

function ruleOf(change: Change<WafRule>): WafRule {
  return change.verb === "delete" ? change.before : change.after;
}

/** One writer at a time per key, in the order of asking. */
function locks(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, act) => {
    const before = tails.get(key) ?? Promise.resolve();
    // Whatever became of the one before, it is over: its caller has the error.
    const run = before.then(act, act);
    tails.set(key, run);
    try {
      return await run;
    } finally {
      if (tails.get(key) === run) tails.delete(key);
    }
  };
}

function refused(environment: Environment, work: Work, body: readonly Rule[], refusal: Refusal): Stalled {
  return new Stalled(
    `${work.zone}: Cloudflare refuses ${subjectOf(environment, body, refusal)}: ${said(refusal)}`,
    "Change it in the claim, or ask the zone's owner for a larger plan; nothing was written",
  );
}

/** Where in the file it is, Cloudflare cannot know: the message names the field. */
function diagnosticOf(environment: Environment, work: Work, body: readonly Rule[], refusal: Refusal): Diagnostic {
  return {
    code: "claim/waf-refused",
    severity: "error",
    path: environment.wish?.path ?? `environments/${environment.type}/${environment.name}.yaml`,
    line: 1,
    column: 1,
    endColumn: 2,
    message: `Cloudflare would refuse ${subjectOf(environment, body, refusal)} in ${work.zone}: ${said(refusal)}.`,
    hint: "Change it so that Cloudflare takes it, or ask the zone's owner for a larger plan.",
  };
}

function said({ code, message }: Refusal): string {
  return code === 0 ? message : `${message} (${code})`;
}

const FIELDS: Readonly<Record<string, string>> = {
  base: "the baseline rule",
  rule: "spec.waf.rules",
  rate: "spec.waf.rateLimits",
};

/** What a pointer such as `/rules/3/ratelimit/period` points to, in the words of the claim. */
function subjectOf(environment: Environment, body: readonly Rule[], { pointer = "" }: Refusal): string {
  const [, list, index = "", ...field] = pointer.split("/");
  const rule = list === "rules" ? body[Number(index)] : undefined;
  const key = rule === undefined ? undefined : ownKey(environment, rule)?.replace(/\.\d+$/, "");
  if (key === undefined) return "the rules";
  const [kind = "", ...name] = key.split("-");
  const where = field.length === 0 ? "" : ` (${field.join(".")})`;
  if (kind === "ip" || kind === "country") return `spec.waf, the rule by ${kind}${where}`;
  return `${FIELDS[kind] ?? "the rule"} ${name.join("-")}${where}`;
}
