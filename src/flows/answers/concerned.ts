/** Which environments a command concerns, and whether the person may say it to them. */
import { PLATFORM_NAME, type Rules } from "../../core/adopted.ts";
import type { Claim } from "../../core/claim/claim.generated.ts";
import { parseClaim } from "../../core/claim/parse.ts";
import { claimPathOf } from "../../core/claim/tree-files.ts";
import type { Command, CommandEntry } from "../../core/command.ts";
import type { EnvironmentType } from "../../core/environment.ts";
import { authorise } from "../../core/permission.ts";
import type { MergeRequest } from "../../core/ports.ts";
import { lastPublication } from "../../core/record.ts";
import { code, plain } from "../../core/render/encode.ts";
import { readLog, readPlan } from "../../targets/claim-store/claim-store.ts";
import type { ForgeWorld } from "../world.ts";
import type { Asked } from "./asked.ts";

/** An environment that a command concerns. */
export interface Concerned {
  readonly name: string;
  readonly type: EnvironmentType;
  readonly owner: string;
}

/** Environments of this merge request's plans, or the one that the command names. */
export async function concernedBy(
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
      // Whose it is follows from what is published; a new environment's owner from its reviewed claim, or else the merged one.
      const claim =
        lastPublication(await readLog(world.store, name, signal))?.claim ??
        stored?.claim ??
        (name === named ? await mergedClaim(world, name, signal) : undefined);
      return claim && { name, type: claim.spec.type, owner: claim.metadata.owner };
    }),
  );
  return found.filter((one) => one !== undefined);
}

/** Of the default branch: one that waits for its first release is an environment that people ask about. Undefined where it cannot be read. */
async function mergedClaim(world: ForgeWorld, name: string, signal: AbortSignal): Promise<Claim | undefined> {
  const { defaultBranch } = await world.forge.project(signal);
  const [head] = await world.repository.fetch([`refs/heads/${defaultBranch}`], signal);
  if (head === undefined) return undefined;
  const entries = await world.repository.tree(head, ["environments"]);
  const found = entries.filter(({ path, mode }) => mode.startsWith("100") && claimPathOf(path)?.name === name);
  const [only] = found;
  if (only === undefined || found.length > 1) return undefined;
  const bytes = (await world.repository.blobs([only.blob])).get(only.blob);
  const parsed = bytes && parseClaim(only.path, bytes);
  return parsed?.ok === true ? parsed.value : undefined;
}

/** Undefined when the person may do it to all that it concerns; else why not, as Markdown. Fails closed. */
export async function refusalFor(
  { actor, command: said }: Pick<Asked, "actor" | "command">,
  { action }: CommandEntry,
  rules: Rules | undefined,
  concerned: readonly Concerned[],
): Promise<string | undefined> {
  if (rules === undefined) return "the rules cannot be read, so nobody may do anything.";
  const named = "environment" in said ? said.environment : undefined;
  if (named !== undefined && concerned.length === 0) return `there is no environment ${code(named)}. Nothing was done.`;
  const reason = await reasonAgainst({ actor, command: said }, action, rules, concerned);
  return reason === undefined ? undefined : `you may not do that here: ${plain(reason, 500)} Nothing was done.`;
}

/** What the policies say against it, said to the person; undefined when they permit it to all that it concerns. May hold foreign text. */
export async function reasonAgainst(
  { actor, command: said }: Pick<Asked, "actor" | "command">,
  action: CommandEntry["action"],
  rules: Rules,
  concerned: readonly Concerned[],
): Promise<string | undefined> {
  for (const environment of concerned.length > 0 ? concerned : [undefined]) {
    const part = environment !== undefined && said.kind === "apply" ? await actor.partIn(environment.name) : actor;
    const verdict = await authorise(rules.policies, {
      actor: {
        username: actor.user.username,
        accessLevel: actor.accessLevel,
        ownerAccessLevel:
          environment === undefined || environment.owner === ""
            ? actor.accessLevel
            : await actor.ownerAccessLevel(environment.owner),
        bot: actor.user.bot,
        isAuthor: part.isAuthor,
        isCommitter: part.isCommitter,
      },
      command: said.kind === action ? said : action,
      ...(environment && { environment }),
      mergeRequest: { fork: part.fork },
    });
    if (!verdict.allowed) return verdict.reason;
  }
  return undefined;
}
