/**
 * A write to an entry point that others write too. There is no precondition header, so a lost update is found afterwards: a ruleset's
 * version grows by one with each change, so ours must be the one after what we read. Where it is not, what came between is brought back.
 */
import type { Cloudflare, Phase, Refusal, Rule, Ruleset, Zone } from "../../adapters/cloudflare/cloudflare.ts";
import { Stalled, Waiting } from "../../core/errors.ts";
import { sameJson } from "../../core/json.ts";
import type { Log } from "../../core/log.ts";
import { definitionOf, reapplied, sameRules } from "./body.ts";

export interface RulesWrite {
  readonly cloudflare: Cloudflare;
  readonly zone: Zone;
  readonly phase: Phase;
  /** All rules as they should be after those that stand; undefined when nothing is to be done. */
  readonly next: (standing: readonly Rule[]) => readonly Rule[] | undefined;
  readonly isOurs: (rule: Rule) => boolean;
  /** The body that a dry run took. */
  readonly tried?: readonly Rule[] | undefined;
  readonly refused: (sent: readonly Rule[], refusal: Refusal) => Stalled;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How often somebody may get in between before the job is put off. */
const ROUNDS = 5;
const NONE: Ruleset = { version: 0, rules: [] };

/** Safe to repeat. Throws Waiting when others keep writing, Stalled when Cloudflare refuses or something of others could not be brought back. */
export async function writeRules(write: RulesWrite): Promise<void> {
  const { cloudflare, zone, phase, signal, next } = write;
  let { tried } = write;
  let doubt: Error = new Waiting(`The WAF rules of ${zone.name} are being changed by others all the time`, 30_000);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const before = await read(write);
    const body = next(before.rules);
    if (body === undefined) return;
    if (!sameJson(body, tried)) {
      // What was tried no longer fits what stands: try this, and look once more that it is still so.
      const [refusal] = await cloudflare.dryRun(zone, phase, body, signal);
      if (refusal !== undefined) throw write.refused(body, refusal);
      tried = body;
      continue;
    }
    const written = await cloudflare.putRules(zone, phase, body, signal);
    if (written.outcome === "refused") {
      // It was taken a moment ago: if somebody wrote since, that is why (a rule of theirs that we keep may be gone).
      if ((await read(write)).version !== before.version) continue;
      const [refusal] = written.refusals;
      throw refusal === undefined ? written.error : write.refused(body, refusal);
    }
    if (written.outcome === "unknown") doubt = written.error;
    const isWritten = await settled(write, before, written.outcome === "done" ? written.value : undefined);
    if (isWritten) return;
  }
  throw doubt;
}

async function read({ cloudflare, zone, phase, signal }: RulesWrite): Promise<Ruleset> {
  const ruleset = await cloudflare.ruleset(zone, phase, signal);
  return ruleset === "none" ? NONE : ruleset;
}

/** Looks which version a write has become, and brings back what it has overwritten. False when the write never happened. */
async function settled(write: RulesWrite, before: Ruleset, answered: Ruleset | undefined): Promise<boolean> {
  const { zone, phase, log } = write;
  let ours: number | undefined;
  try {
    ours = answered?.version ?? (await firstWith(write, before));
    if (ours === undefined) return false;
    if (answered !== undefined && ours === before.version + 1 && !keepsOthers(write, before, answered)) {
      throw new Error("Cloudflare changed rules that were sent as they stood");
    }
    if (ours > before.version + 1) await bringBack(write, before, ours);
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.error({ zone: zone.name, phase, before: before.version, ours, reason }, "rules of others may be lost");
    throw new Stalled(
      `${zone.name}: others changed ${phase} while claimbot wrote it, and it is not sure that their change is still there (${reason})`,
      `Compare the versions of ${phase} after ${before.version} at Cloudflare, and restore what is missing; then comment /claim apply`,
      { cause: error },
    );
  }
}

/** The first version after `before` that has what we wanted: nobody else would have written that. */
async function firstWith(write: RulesWrite, before: Ruleset): Promise<number | undefined> {
  const now = await read(write);
  for (let version = before.version + 1; version <= now.version; version += 1) {
    const { rules } = version === now.version ? now : await at(write, version);
    if (write.next(rules) === undefined) return version;
  }
  return undefined;
}

async function at({ cloudflare, zone, phase, signal }: RulesWrite, version: number): Promise<Ruleset> {
  return cloudflare.rulesetAt(zone, phase, version, signal);
}

function others({ isOurs }: RulesWrite, rules: readonly Rule[]): readonly Rule[] {
  return rules.filter((rule) => !isOurs(rule));
}

function keepsOthers(write: RulesWrite, before: Ruleset, after: Ruleset): boolean {
  const sent = write.next(before.rules) ?? before.rules;
  return sameRules(others(write, sent), others(write, after.rules));
}

/** Somebody wrote between our reading `before` and our writing `ours`: puts their changes on top of what stands now. */
async function bringBack(write: RulesWrite, before: Ruleset, ours: number): Promise<void> {
  const { zone, phase, log } = write;
  const place = { zone: zone.name, phase, before: before.version, overwritten: ours - 1, ours };
  log.warn(place, "somebody changed WAF rules while claimbot wrote them: bringing their change back");
  const theirs = await at(write, ours - 1);
  const healed = (standing: readonly Rule[]): readonly Rule[] | undefined => {
    const now = others(write, standing);
    const mended = reapplied(others(write, before.rules), others(write, theirs.rules), now);
    if (sameRules(mended, now)) return undefined;
    // Our block stays behind as many rules of others as before.
    const first = standing.findIndex(write.isOurs);
    const block = standing.filter(write.isOurs).map(definitionOf);
    const place = first < 0 ? mended.length : Math.min(first, mended.length);
    return [...mended.slice(0, place), ...block, ...mended.slice(place)];
  };
  await writeRules({ ...write, next: healed, tried: undefined });
  log.info(place, "their change is back");
}
