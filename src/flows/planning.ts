/** From files to plans: judges the tree, makes an Environment of each claim, and observes the targets. Reads only. */
import { inputsDigest, judgedPlatform, rulesDigest, type Rules } from "../core/adopted.ts";
import type { Platform } from "../core/claim/platform.generated.ts";
import type { Live, Removed } from "../core/claim/rules/tree.ts";
import { claimPathOf } from "../core/claim/tree-files.ts";
import { validateTree, type JudgedClaim, type TreeVerdict } from "../core/claim/validate.ts";
import type { Diagnostic } from "../core/diagnostic.ts";
import { isExpired, type Environment, type EnvironmentType, type Wish } from "../core/environment.ts";
import { Stalled } from "../core/errors.ts";
import type { Plan } from "../core/plan.ts";
import { isLive, lastPublication, type Log } from "../core/record.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import { planEnvironment } from "../targets/reconcile.ts";
import { touchedPaths, type ClaimFiles } from "./files.ts";
import { lockVersions } from "./lock-versions.ts";
import type { World } from "./world.ts";

/** A tree of the claim repository, judged. */
export interface Judged {
  readonly verdict: TreeVerdict;
  /**
   * What is wrong because of the change: all in the files that it touches, and whatever was not wrong before, also in files that it does
   * not touch (it removes what others need, takes a name, changes an input). Without a tree before: everything.
   */
  readonly mistakes: readonly Diagnostic[];
  /** The adopted rules that judged it. */
  readonly rules: Rules;
  /** Adopted rules over the tree's inputs. */
  readonly platform: Platform;
  /** The log of every environment that lives. */
  readonly live: ReadonlyMap<string, Log>;
}

export interface JudgeOptions {
  /** The adopted rules; without, the tree's own count as adopted (a first run, a terminal). */
  readonly rules: Rules | undefined;
  readonly elsewhere?: readonly { readonly hostname: string; readonly where: string }[];
  readonly live: ReadonlyMap<string, Log>;
  /** The tree that the judged one would replace: what it removes is named by its claims, what was wrong in it is nobody's new mistake. */
  readonly before?: ClaimFiles;
}

/** Throws Stalled when platform.yaml is missing or wrong and nothing is adopted: that is never "everything is to go". */
export function judge(world: World, { files, policies }: ClaimFiles, options: JudgeOptions): Judged {
  const { rules, elsewhere, live, before } = options;
  const facts = {
    rules: rules?.platform,
    live: new Map([...live].flatMap(([name, log]) => liveFacts(name, log))),
    cache: world.cache,
  };
  // What a claim that could not be read left in doubt was nobody's new mistake either: who mends it does not answer for others.
  const old = before && validateTree({ ...facts, files: before.files, tellDoubts: true });
  const removed = removedClaims(files, live, old);
  const verdict = validateTree({ ...facts, files, ...(elsewhere && { elsewhere }), removed });
  const judging = rules ?? (verdict.platform && { platform: verdict.platform, policies });
  if (judging === undefined || verdict.platform === undefined) {
    const [first] = verdict.diagnostics.filter(({ path }) => path === "platform.yaml");
    const why =
      first === undefined ? "platform.yaml cannot be read" : `${first.path}:${first.line}:${first.column} ${first.message}`;
    throw new UnreadablePlatform(why, first?.hint ?? "Mend platform.yaml; nothing is done before", verdict.diagnostics);
  }
  const touched = before && touchedPaths(before, { files, policies });
  const known = new Set(old?.diagnostics.map(identity));
  const mistakes = verdict.diagnostics.filter(
    (one) => touched === undefined || touched.has(one.path) || !known.has(identity(one)),
  );
  return { verdict, mistakes, rules: judging, platform: judgedPlatform(judging, verdict.platform), live };
}

function identity({ path, code, line, message }: Diagnostic): string {
  return JSON.stringify([path, code, line, message]);
}

/** platform.yaml is missing or wrong, so nothing can be planned; carries every diagnostic of the tree. */
export class UnreadablePlatform extends Stalled {
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, wayOut: string, diagnostics: readonly Diagnostic[]) {
    super(message, wayOut);
    this.diagnostics = diagnostics;
  }
}

function liveFacts(name: string, log: Log): [string, Live][] {
  const spec = lastPublication(log)?.claim.spec;
  if (spec === undefined) return [];
  return [[name, { type: spec.type, region: spec.cluster.region, hostnames: spec.dns?.hostnames ?? [] }]];
}

/** Environments that live, or had a file before, and have none any more, with the claim that they had. */
function removedClaims(
  files: ClaimFiles["files"],
  live: ReadonlyMap<string, Log>,
  old: TreeVerdict | undefined,
): readonly Removed[] {
  const present = new Set(files.flatMap(({ path }) => claimPathOf(path)?.name ?? []));
  const former = new Map<string, Removed>();
  for (const { claim } of old?.claims ?? []) former.set(claim.metadata.name, { name: claim.metadata.name, claim });
  for (const [name, log] of live) {
    const claim = lastPublication(log)?.claim;
    former.set(name, { name, ...(claim && { claim }) });
  }
  return [...former.values()].filter(({ name }) => !present.has(name));
}

/**
 * Environments whose claim is touched, and, where the inputs move, every one that is rendered from them. `before` is platform.yaml without the
 * change: the adopted one may have older inputs for ever.
 */
export function affected(before: Rules | undefined, touched: ReadonlySet<string>, judged: Judged): readonly string[] {
  const names = new Set([...touched].flatMap((path) => claimPathOf(path)?.name ?? []));
  const inputsMoved = before === undefined || inputsDigest(before.platform) !== inputsDigest(judged.platform);
  if (inputsMoved) for (const name of judged.verdict.present) names.add(name);
  return [...names].toSorted();
}

export interface Planned {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Plans one environment of a judged tree. Undefined where its claim has mistakes, or where there neither is nor was one: nothing is
 * planned for it. `reviewed` lends its locked versions when it was made for this very claim.
 */
export async function planOne(
  world: World,
  judged: Judged,
  name: string,
  reviewed: Plan | undefined,
  signal: AbortSignal,
): Promise<Planned | undefined> {
  const claim = judged.verdict.claims.find((candidate) => candidate.claim.metadata.name === name);
  if (claim === undefined && judged.verdict.present.has(name)) return undefined;
  const log = judged.live.get(name) ?? (await readLog(world.store, name, signal));
  if (claim === undefined && !isLive(log)) return undefined;
  const { environment, diagnostics } = await environmentOf(world, judged, name, claim, log, reviewed, signal);
  const digests = { inputs: inputsDigest(judged.platform), rules: rulesDigest(judged.rules) };
  return { environment, plan: await planEnvironment(world.targets, environment, digests, signal), diagnostics };
}

async function environmentOf(
  world: World,
  { platform }: Judged,
  name: string,
  judgedClaim: JudgedClaim | undefined,
  log: Log,
  reviewed: Plan | undefined,
  signal: AbortSignal,
): Promise<{ environment: Environment; diagnostics: readonly Diagnostic[] }> {
  const type = judgedClaim?.claim.spec.type ?? typeInLog(log);
  const { retentionDays } = platform.spec.types[type];
  const base = { name, type, instance: world.instance, log, zones: zonesOf(platform, log), retentionDays };
  if (judgedClaim === undefined) return { environment: { ...base, wish: undefined, gone: "removed" }, diagnostics: [] };
  const { claim, claimDigest, blob, path } = judgedClaim;
  if (isExpired(claim, blob, platform, log, world.now())) {
    return { environment: { ...base, wish: undefined, gone: "expired" }, diagnostics: [] };
  }
  const registry = world.registryOf?.(platform.spec.registry.repository);
  const locked = await lockVersions(claim, claimDigest, log, reviewed, registry, signal);
  const wish: Wish = { claim, claimDigest, blob, path, platform, versions: locked.versions };
  const diagnostics = locked.unsatisfied.map(({ reason }): Diagnostic => ({
    code: "claim/version-unsatisfied",
    severity: "error",
    path,
    line: 1,
    column: 1,
    endColumn: 1,
    message: `services: ${reason}`,
    hint: "Name a version that the registry has, or publish it first.",
  }));
  return { environment: { ...base, wish }, diagnostics };
}

function typeInLog(log: Log): EnvironmentType {
  const claim = lastPublication(log)?.claim;
  if (claim === undefined) throw new Error("a live log holds a publication");
  return claim.spec.type;
}

/** Zones of the platform now, and those in which a published claim had names: what the platform no longer lists is still ours to clean up. */
function zonesOf(platform: Platform, log: Log): readonly string[] {
  const zones = new Set(platform.spec.zones.map((zone) => zone.name));
  return [...zones].toSorted().concat([...formerZones(log)].filter((zone) => !zones.has(zone)).toSorted());
}

function formerZones(log: Log): ReadonlySet<string> {
  return new Set(log.flatMap((record) => (record.kind === "Publication" ? (record.zones ?? []) : [])));
}
