/** What each command does and answers. Every one passes `authorise` first, for every environment that it concerns. */
import type { Rules } from "../core/adopted.ts";
import { PLATFORM_NAME } from "../core/adopted.ts";
import { COMMANDS, usageOf, type Command, type CommandEntry } from "../core/command.ts";
import type { EnvironmentType } from "../core/environment.ts";
import type { Stale, Stalled } from "../core/errors.ts";
import { closedGates } from "../core/gates.ts";
import { shortDigest, type Digest } from "../core/json.ts";
import { authorise } from "../core/permission.ts";
import type { MergeRequest, Note } from "../core/ports.ts";
import { isLive, lastPublication } from "../core/record.ts";
import { code, plain } from "../core/render/encode.ts";
import { readLog, readPlan } from "../targets/claim-store/claim-store.ts";
import type { Actor } from "./actor.ts";
import { adoptedRules, rulesOf } from "./adoption.ts";
import { forgeGround } from "./forge-ground.ts";
import { hasReceipt } from "./receipt.ts";
import { review } from "./review.ts";
import { runRelease } from "./run-release.ts";
import type { ForgeWorld } from "./world.ts";

export interface Asked {
  readonly mr: MergeRequest;
  readonly note: Note;
  readonly actor: Actor;
  readonly command: Command;
}

export interface Answer {
  readonly ok: boolean;
  /** Markdown; every foreign text in it is encoded. */
  readonly text: string;
}

/** An environment that a command concerns. */
interface Concerned {
  readonly name: string;
  readonly type: EnvironmentType;
  readonly owner: string;
}

async function command(world: ForgeWorld, asked: Asked, signal: AbortSignal): Promise<Answer> {
  const { mr, command: said } = asked;
  const entry = entryOf(said);
  const rules = await judgingRules(world, signal);
  if (said.kind === "help") return { ok: true, text: await help(world, asked, rules, signal) };
  const concerned = await concernedBy(world, mr, said, signal);
  if (said.kind === "apply" && said.environment === undefined && concerned.length === 0) {
    return { ok: false, text: "This merge request has no plan to apply. Nothing was done." };
  }
  const refusal = await refusalFor(asked, entry, rules, concerned);
  if (refusal !== undefined) return { ok: false, text: `\`${usageOf(entry)}\` — ${refusal}` };
  if (entry.works === "later")
    return { ok: false, text: `\`/claim ${said.kind}\` is understood, but not there yet. Nothing was done.` };
  if (!(entry.where as readonly string[]).includes(mr.state)) {
    return {
      ok: false,
      text: `\`/claim ${said.kind}\` does nothing on a merge request that is ${mr.state}. ${said.kind === "apply" ? "Nothing is applied before the merge." : ""}`.trimEnd(),
    };
  }
  switch (said.kind) {
    case "plan":
      return plan(world, mr, signal);
    case "apply":
      return apply(world, said, concerned, signal);
    case "status":
      return { ok: true, text: await status(world, concerned, signal) };
    case "why":
    case "who":
    case "history":
    case "diff":
    case "promote":
    case "rollback":
    case "extend":
    case "destroy":
    case "hold":
    case "unhold":
    case "cancel":
      return { ok: false, text: `\`/claim ${said.kind}\` is understood, but not there yet. Nothing was done.` };
  }
}

function entryOf({ kind }: Command): CommandEntry {
  const entry = COMMANDS.find((candidate) => candidate.kind === kind);
  if (entry === undefined) throw new Error(`the table knows no command ${kind}`);
  return entry;
}

/** The adopted rules; before the first adoption the default branch counts as adopted. */
async function judgingRules(world: ForgeWorld, signal: AbortSignal): Promise<Rules | undefined> {
  const ground = await forgeGround(world, signal);
  return (await adoptedRules(world, signal)) ?? rulesOf(world, ground.files);
}

/** Environments of this merge request's plans, or the one that the command names. */
async function concernedBy(
  world: ForgeWorld,
  mr: MergeRequest,
  said: Command,
  signal: AbortSignal,
): Promise<readonly Concerned[]> {
  const reviewed = await world.memory.reviewedPlans(mr.iid);
  const named = "environment" in said ? said.environment : undefined;
  const names = named === undefined ? Object.keys(reviewed?.plans ?? {}) : [named];
  const found = await Promise.all(
    names.map(async (name): Promise<Concerned | undefined> => {
      const digest = reviewed?.plans[name];
      const stored = digest === undefined ? undefined : await readPlan(world.store, digest, signal);
      if (name === PLATFORM_NAME) return stored && { name, type: "prod", owner: "" };
      // Whose it is follows from what is published; a new environment's owner from its reviewed claim.
      const claim = lastPublication(await readLog(world.store, name, signal))?.claim ?? stored?.claim;
      return claim && { name, type: claim.spec.type, owner: claim.metadata.owner };
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** Undefined when the person may do it to all that it concerns; else why not, as Markdown. Fails closed. */
async function refusalFor(
  { actor, command: said }: Asked,
  { action }: CommandEntry,
  rules: Rules | undefined,
  concerned: readonly Concerned[],
): Promise<string | undefined> {
  if (rules === undefined) return "the rules cannot be read, so nobody may do anything.";
  const named = "environment" in said ? said.environment : undefined;
  if (named !== undefined && concerned.length === 0) return `there is no environment ${code(named)}. Nothing was done.`;
  for (const environment of concerned.length > 0 ? concerned : [undefined]) {
    const verdict = await authorise(rules.policies, {
      actor: {
        username: actor.user.username,
        accessLevel: actor.accessLevel,
        ownerAccessLevel:
          environment === undefined || environment.owner === ""
            ? actor.accessLevel
            : await actor.ownerAccessLevel(environment.owner),
        bot: actor.user.bot,
        isAuthor: actor.isAuthor,
        isCommitter: actor.isCommitter,
      },
      command: said.kind === action ? said : action,
      ...(environment && { environment }),
      mergeRequest: { fork: actor.fork },
    });
    if (!verdict.allowed) return `you may not do that here: ${plain(verdict.reason, 500)} Nothing was done.`;
  }
  return undefined;
}

async function help(world: ForgeWorld, asked: Asked, rules: Rules | undefined, signal: AbortSignal): Promise<string> {
  const concerned = await concernedBy(world, asked.mr, { kind: "help" }, signal);
  const lines: string[] = [];
  for (const entry of COMMANDS) {
    const fits = entry.works === "now" && (entry.where as readonly string[]).includes(asked.mr.state);
    if (fits && (await refusalFor({ ...asked, command: { kind: "help" } }, entry, rules, concerned)) === undefined) {
      lines.push(`| \`${usageOf(entry)}\` | ${entry.help} | \`${entry.example}\` |`);
    }
  }
  if (lines.length === 0) return "There is nothing that you may do here.";
  return [
    "What you may do on this merge request:",
    "",
    "| command | what it does | such as |",
    "| --- | --- | --- |",
    ...lines,
  ].join("\n");
}

async function plan(world: ForgeWorld, mr: MergeRequest, signal: AbortSignal): Promise<Answer> {
  const reviewed = await review(world, mr.iid, signal, { fresh: true });
  if (reviewed === undefined) return { ok: false, text: "There is nothing to plan here." };
  const mistakes = reviewed.diagnostics.filter(({ severity }) => severity === "error").length;
  if (mistakes > 0) return { ok: false, text: `Looked again: ${mistakes} mistakes, listed in the plan note.` };
  const plans = reviewed.plans
    .filter(({ verb }) => verb !== "none")
    .map(({ environment, digest }) => `${code(environment)} ${code(shortDigest(digest))}`);
  return { ok: true, text: plans.length === 0 ? "Planned again: nothing changes." : `Planned again: ${plans.join(", ")}.` };
}

async function apply(
  world: ForgeWorld,
  said: Extract<Command, { kind: "apply" }>,
  concerned: readonly Concerned[],
  signal: AbortSignal,
): Promise<Answer> {
  const answers: Answer[] = [];
  for (const { name } of concerned) answers.push(await applyOne(world, name, said.digest, concerned.length === 1, signal));
  // With a digest only the plan that it names is meant; the others have nothing to say.
  const meant = said.digest === undefined ? answers : answers.filter(({ ok }) => ok);
  const shown = meant.length > 0 ? meant : answers;
  return { ok: shown.every(({ ok }) => ok), text: shown.map(({ text }) => text).join("\n\n") };
}

async function applyOne(
  world: ForgeWorld,
  name: string,
  digest: string | undefined,
  only: boolean,
  signal: AbortSignal,
): Promise<Answer> {
  const first = await runRelease(world, name, {}, signal);
  if (digest === undefined || first.kind !== "held") return released(name, first);
  const whole: Digest = first.plan.digest;
  if (!whole.startsWith(digest)) {
    const now = `the plan of ${code(name)} is now ${code(shortDigest(whole))}`;
    return {
      ok: false,
      text: `Refused as stale: ${code(shortDigest(digest))} is not the current plan; ${now}. ${only ? "Look at it, then confirm that one." : ""} Nothing was done.`,
    };
  }
  return released(name, await runRelease(world, name, { confirmed: whole }, signal));
}

function released(name: string, outcome: Awaited<ReturnType<typeof runRelease>>): Answer {
  switch (outcome.kind) {
    case "unchanged":
      return { ok: true, text: `${code(name)} is as it should be: nothing to do.` };
    case "settled":
      return {
        ok: true,
        text: `${code(name)} is done: ${code(outcome.record)}, plan ${code(shortDigest(outcome.plan.digest))}.`,
      };
    case "held":
      return {
        ok: false,
        text: `${code(name)} is held: ${closedGates(outcome.gates)
          .map(({ reason }) => plain(reason, 600))
          .join("; ")}`,
      };
  }
}

async function status(world: ForgeWorld, concerned: readonly Concerned[], signal: AbortSignal): Promise<string> {
  if (concerned.length === 0) return "No environment is concerned here.";
  const rows = await Promise.all(
    concerned.map(async ({ name, type }) => {
      if (name === PLATFORM_NAME) return `| **${name}** | rules | |`;
      const log = await readLog(world.store, name, signal);
      const head = log.at(-1);
      if (head === undefined) return `| **${name}** | ${type} | not published yet |`;
      const settled = await hasReceipt(world, name, head.sequence, signal);
      const state = isLive(log) ? (head.kind === "Tombstone" ? "being removed" : settled ? "live" : "on its way") : "removed";
      return `| **${name}** | ${type} | ${state}: record ${head.sequence} of ${head.at.slice(0, 16).replace("T", " ")} UTC, plan ${code(shortDigest(head.planDigest))} |`;
    }),
  );
  return ["| environment | type | state |", "| --- | --- | --- |", ...rows].join("\n");
}

export const answer = {
  command,
  /** A line that is no command. */
  mistake: (text: string): string => plain(text, 400),
  stalled: (error: Stalled): string => `${plain(error.message, 600)} Next: ${plain(error.wayOut, 600)}`,
  stale: (error: Stale): string => `Refused as stale: ${plain(error.message)}. Nothing was done.`,
};
