/** claimbot apply: prints the plan of HEAD, asks, and rolls it out, with GitLab's proof where there is a GitLab. Says what it could not check. */
import { hostname, userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { makeDataDirectory, proveStore } from "../app.ts";
import type { Config } from "../config.ts";
import type { PublicationEvent } from "../core/audit.ts";
import { Stale, Stalled, Waiting } from "../core/errors.ts";
import { PLATFORM_NAME } from "../core/adopted.ts";
import { closedGates } from "../core/gates.ts";
import { shortDigest } from "../core/json.ts";
import { withoutTokenShapes } from "../core/token-shapes.ts";
import type { Plan } from "../core/plan.ts";
import { oneLine } from "../core/render/encode.ts";
import { adoptedRules } from "../flows/adoption.ts";
import { filesAt } from "../flows/files.ts";
import { inGroups } from "../flows/in-groups.ts";
import { hasReceipt } from "../flows/receipt.ts";
import { release, reviewedPlan, type Ground, type Outcome, type ReleaseRequest } from "../flows/release.ts";
import { releaseRules } from "../flows/release-rules.ts";
import type { World } from "../flows/world.ts";
import { readLog } from "../targets/claim-store/claim-store.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import { openLocalGit, type LocalGit } from "./local.ts";
import { planFiles, print, UNCHECKED } from "./plan.ts";
import { openProven } from "./proven.ts";
import type { Terminal } from "./terminal.ts";
import { oneOf, readWords } from "./words.ts";

export const apply: Run = async (words, terminal) => {
  const options = {
    dir: { type: "string" },
    yes: { type: "boolean" },
    "break-glass": { type: "string" },
    format: { type: "string" },
  } as const;
  const { values, positionals: names } = readWords(words, options, 1000);
  const format = oneOf("format", values.format, ["text", "json"]);
  if (!terminal.interactive && values.yes !== true)
    throw new WrongUse("there is no terminal to ask on: say --yes, or nothing is done");
  const breakGlass = values["break-glass"];
  if (breakGlass !== undefined && breakGlass.trim().length < 10)
    throw new WrongUse("--break-glass needs a reason that an auditor will understand, of at least 10 characters");
  if (breakGlass !== undefined && withoutTokenShapes(breakGlass) !== breakGlass)
    throw new WrongUse(
      "the reason of --break-glass holds what looks like a token, and it would be kept for years: say it without",
    );

  await using local = await openLocalGit(terminal, values.dir);
  const gitlab = breakGlass === undefined ? local.config.gitlab : undefined;
  if (breakGlass === undefined && gitlab === undefined) refuseRemote(local.config);
  if (!(await local.checkout.isClean()))
    throw new WrongUse(`${local.root} has changes that HEAD does not have: commit or stash them`);
  const { signal } = new AbortController();
  await using proven = gitlab && (await openProven(local, gitlab, signal));
  const world = proven?.world ?? local.world;
  const ground = proven?.ground ?? (await localGround(local));
  const reviewedOf = async (name: string): Promise<Plan | undefined> =>
    reviewedPlan(world, await ground.reviewFacts(name), signal);
  const found = await planFiles(world, ground.files, undefined, reviewedOf, names);
  const chosen = { ...found, plans: choose(found.plans, names) };
  const changed = chosen.plans.filter(({ verb }) => verb !== "none");
  const unfinished = await unfinishedOf(world, chosen.plans);
  const end = (code: number, results: readonly Result[]): number => {
    if (format === "json") terminal.out(`${JSON.stringify({ diagnostics: found.diagnostics, results }, null, 2)}\n`);
    return code;
  };
  if (format === "text") print(chosen, "text", terminal, proven === undefined ? UNCHECKED : []);
  if (found.diagnostics.some(({ severity }) => severity === "error")) return end(1, []);
  if (changed.length + unfinished.length === 0) return end(0, []);
  if (
    changed.length > 0 &&
    values.yes !== true &&
    !/^y(es)?$/i.test(await terminal.ask(`Roll out ${changed.length} plans? [y/N] `))
  ) {
    terminal.err("Nothing was done.\n");
    return end(0, []);
  }
  await makeDataDirectory(local.dataDirectory);
  await proveStore(local.config, local.dataDirectory);
  const plans = [...unfinished, ...changed];
  const proof = breakGlass !== undefined ? "break-glass" : proven === undefined ? "nobody" : "gitlab";
  // Before anything is done: who cannot be written down does nothing.
  await world.audit.append(publicationBy(terminal, ground.commit, plans, proof, breakGlass));
  const results = await rolloutAll(world, ground, plans, { proof, breakGlass }, (result) => {
    if (format === "text") terminal.out(lineOf(result));
  });
  return end(results.every(({ outcome }) => outcome === "settled" || outcome === "unchanged") ? 0 : 3, results);
};

/** Gates may stay unchecked only where nothing remote is touched. */
function refuseRemote({ cloudflare, fluxReceiver, s3 }: Config): void {
  const remote = [cloudflare && "Cloudflare", fluxReceiver && "Flux", s3 && "S3"].filter((name) => name !== undefined);
  if (remote.length === 0) return;
  throw new WrongUse(
    `approvals and freezes cannot be checked here, and ${remote.join(", ")} would be changed. What is missing is GitLab's word on the merge request: CLAIMBOT_GITLAB_URL, CLAIMBOT_GITLAB_TOKEN and CLAIMBOT_GITLAB_PROJECT. Or let the service do it: merge, or comment /claim apply. In an emergency: --break-glass REASON`,
  );
}

/** Who is at work here, as this machine says: a CI job by whoever started it. */
function publicationBy(
  { env }: Terminal,
  commit: string,
  plans: readonly Plan[],
  proof: PublicationEvent["proof"],
  breakGlass: string | undefined,
): PublicationEvent {
  const job = env["CI_JOB_URL"];
  return {
    kind: "Publication",
    by: { account: env["GITLAB_USER_LOGIN"] ?? accountName(), host: hostname(), ...(job !== undefined && { job }) },
    commit,
    plans: plans.map(({ environment, digest }) => ({ environment, planDigest: digest })),
    proof,
    ...(breakGlass !== undefined && { breakGlass }),
  };
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user often has a number and no name.
    return `user ${process.getuid?.() ?? "without a number"}`;
  }
}

function choose(plans: readonly Plan[], names: readonly string[]): readonly Plan[] {
  const unknown = names.find((name) => !plans.some(({ environment }) => environment === name));
  if (unknown !== undefined) throw new WrongUse(`there is no environment ${JSON.stringify(unknown)} at HEAD, nor one that lives`);
  return names.length === 0 ? plans : plans.filter(({ environment }) => names.includes(environment));
}

/** What an earlier run did, but did not live to see settled: it is looked at again, and gets its receipt. Nothing is changed by it. */
async function unfinishedOf(world: World, plans: readonly Plan[]): Promise<readonly Plan[]> {
  const { signal } = new AbortController();
  const unchanged = plans.filter(({ verb }) => verb === "none");
  const found = await inGroups(unchanged, 8, async (plan) => {
    const head = (await readLog(world.store, plan.environment, signal)).at(-1);
    return head === undefined || (await hasReceipt(world, plan.environment, head.sequence, signal)) ? [] : [plan];
  });
  return found.flat();
}

async function localGround({ repository, world }: LocalGit): Promise<Ground> {
  const commit = await repository.commit("HEAD");
  return {
    files: await filesAt(repository, commit, world.cache),
    commit,
    project: "local",
    reviewFacts: async () => "unchecked",
    headNow: async () => repository.commit("HEAD"),
  };
}

interface Result {
  readonly environment: string;
  /** waiting: it goes on when apply is run again. stalled: somebody has to act before. */
  readonly outcome: Outcome["kind"] | "waiting" | "stalled";
  readonly plan: string;
  readonly record?: string;
  readonly reasons?: readonly string[];
}

/**
 * One after the other; one that has to wait, or stands still, keeps none of the others from being rolled out. The first rules are adopted
 * as they are; later ones are a plan of their own, after the environments, which were planned under the rules before.
 */
async function rolloutAll(
  world: World,
  ground: Ground,
  plans: readonly Plan[],
  { proof, breakGlass }: { readonly proof: PublicationEvent["proof"]; readonly breakGlass: string | undefined },
  say: (result: Result) => void,
): Promise<readonly Result[]> {
  const { signal } = new AbortController();
  const glass = breakGlass === undefined ? {} : { breakGlass };
  if ((await adoptedRules(world, signal)) === undefined) await patiently(async () => releaseRules(world, ground, glass, signal));
  const results: Result[] = [];
  for (const plan of plans) {
    const { environment, digest } = plan;
    // Whoever says yes here is not known to GitLab: where that answers for the gates, it confirms nothing.
    const request: ReleaseRequest = { ...(proof === "gitlab" ? { shown: digest } : { confirmed: digest }), ...glass };
    const result = await resultOf(plan, async () =>
      environment === PLATFORM_NAME
        ? releaseRules(world, ground, request, signal)
        : release(world, ground, environment, request, signal),
    );
    results.push(result);
    say(result);
  }
  return results;
}

async function resultOf({ environment, digest }: Plan, work: () => Promise<Outcome>): Promise<Result> {
  try {
    const outcome = await patiently(work);
    const base = { environment, outcome: outcome.kind, plan: outcome.kind === "unchanged" ? digest : outcome.plan.digest };
    if (outcome.kind === "settled") return { ...base, record: outcome.record };
    if (outcome.kind === "held") return { ...base, reasons: closedGates(outcome.gates).map(({ reason }) => reason) };
    return base;
  } catch (error) {
    if (error instanceof Stalled)
      return { environment, outcome: "stalled", plan: digest, reasons: [error.message, error.wayOut] };
    if (error instanceof Waiting || error instanceof Stale)
      return { environment, outcome: "waiting", plan: digest, reasons: [error.message] };
    throw error;
  }
}

function lineOf({ environment, outcome, plan, record, reasons = [] }: Result): string {
  const why = reasons.map((reason) => oneLine(reason, 500)).join("; ");
  switch (outcome) {
    case "settled":
      return `✓ ${environment}  ${record}  plan ${shortDigest(plan)}\n`;
    case "unchanged":
      return `= ${environment}  somebody else was faster: it is as it should be\n`;
    case "held":
      return `✗ ${environment}  held: ${why}\n`;
    case "waiting":
      return `… ${environment}  ${why}. Nothing is lost: apply goes on when it is run again\n`;
    case "stalled":
      return `✗ ${environment}  ${why}\n`;
  }
}

/** Somebody else may be at the same log: their record is read and the plan made anew, a few times. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const delayMs = error instanceof Stale ? 50 * attempt : error instanceof Waiting ? error.retryAfterMs : undefined;
      if (delayMs === undefined || delayMs > 5_000 || attempt === 8) throw error;
      await sleep(delayMs);
    }
  }
}
