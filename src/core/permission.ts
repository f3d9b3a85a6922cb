/** Whether somebody may say a command to an environment. Every door asks here; Cedar decides by the adopted policies. */
import type { AuthorizationAnswer } from "@cedar-policy/cedar-wasm/nodejs";
import type { Policy } from "./adopted.ts";
import { COMMAND_KINDS, type Command, type CommandKind } from "./command.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { EnvironmentType } from "./environment.ts";
import { askCedar } from "./permission/ask-cedar.ts";
import { DEFAULT_POLICIES } from "./permission/default-policies.ts";
import { readPolicies, type PlacedPolicy, type ReadPolicies } from "./permission/read-policies.ts";

/** The human behind a command, as GitLab knows them now. Access levels are GitLab's: 0 none, 10, 15, 20, 25, 30, 40, 50. */
export interface PermissionActor {
  readonly username: string;
  /** In the claim repository. */
  readonly accessLevel: number;
  /** In the group that owns the environment; for the platform and without an environment the same as above. */
  readonly ownerAccessLevel: number;
  readonly bot: boolean;
  /** Of the merge request. */
  readonly isAuthor: boolean;
  readonly isCommitter: boolean;
}

export interface PermissionRequest {
  readonly actor: PermissionActor;
  /** The command itself, or only its kind: then it confirms no digest. */
  readonly command: Command | CommandKind;
  /** Absent: the command is about the repository as a whole. */
  readonly environment?: { readonly name: string; readonly type: EnvironmentType; readonly owner: string } | undefined;
  readonly mergeRequest?: { readonly fork: boolean } | undefined;
}

export interface Permission {
  readonly allowed: boolean;
  /** For a person: one or two sentences that name the policy and its line. May hold foreign text. */
  readonly reason: string;
  /** Names of the policies that decided: those that permit or forbid, or that would have permitted somebody else. */
  readonly policies: readonly string[];
}

/** Decides one request by the adopted policies; by the default ones where there are none. Refuses on any doubt and never throws. */
export async function authorise(policies: readonly Policy[], request: PermissionRequest): Promise<Permission> {
  try {
    const decided = await decide(policies, request);
    if ("refusal" in decided) return refused(decided.refusal);
    const { read, kind, allowed, places } = decided;
    const deciding = policiesOf(read, places);
    if (allowed)
      return { allowed, reason: `Permitted by ${deciding.map(quoted).join(" and ")}.`, policies: deciding.map(nameOf) };
    return deciding.length > 0 ? forbidden(deciding, request, kind) : await notPermitted(read, request, kind);
  } catch (error) {
    return refused(`The policies could not be asked: ${error instanceof Error ? error.message : "unknown error"}.`);
  }
}

/** The same decision without its reason, for tables of thousands. */
export async function mayDo(policies: readonly Policy[], request: PermissionRequest): Promise<boolean> {
  try {
    const decided = await decide(policies, request);
    return "allowed" in decided && decided.allowed;
  } catch {
    // authorise says why; here a doubt is a no.
    return false;
  }
}

type Decided =
  | { readonly refusal: string }
  | { readonly allowed: boolean; readonly kind: CommandKind; readonly read: ReadPolicies; readonly places: readonly string[] };

async function decide(policies: readonly Policy[], request: PermissionRequest): Promise<Decided> {
  const { actor, environment } = request;
  const kind = typeof request.command === "string" ? request.command : request.command.kind;
  if (!COMMAND_KINDS.includes(kind)) return { refusal: "There is no such command." };
  if (actor.bot) return { refusal: "Commands are for people, not for bots." };
  if (!Number.isSafeInteger(actor.accessLevel) || !Number.isSafeInteger(actor.ownerAccessLevel))
    return { refusal: "Your access level is not known." };
  if (environment === undefined && !isReading(kind)) return { refusal: `No environment is concerned: ${kind} needs one.` };
  const read = await readPolicies(policies.length === 0 ? DEFAULT_POLICIES : policies);
  const mistake = read.diagnostics.find(({ severity }) => severity === "error");
  if (mistake !== undefined) {
    const where = `${mistake.path}:${mistake.line} ${mistake.message}`;
    return { refusal: `The policies hold a mistake, so nobody may do anything: ${where}.` };
  }
  const answer = await ask(read, request, kind);
  if (answer.type === "failure")
    return { refusal: `The policies could not be asked: ${answer.errors[0]?.message ?? "no reason given"}.` };
  const { decision, diagnostics } = answer.response;
  // A forbid that cannot be evaluated forbids nothing in Cedar; here it forbids.
  const [broken] = diagnostics.errors;
  if (broken !== undefined)
    return { refusal: `The policy at ${broken.policyId} could not be evaluated: ${broken.error.message}.` };
  return { allowed: decision === "allow", kind, read, places: diagnostics.reason };
}

/** What is wrong with policies, at their lines; empty where all is good. */
export async function checkPolicies(policies: readonly Policy[]): Promise<readonly Diagnostic[]> {
  return (await readPolicies(policies)).diagnostics;
}

/** Commands that change nothing: Action::"read" of the schema. */
const READING: ReadonlySet<CommandKind> = new Set(["help", "plan", "status", "why", "who", "history", "diff"]);

export function isReading(kind: CommandKind): boolean {
  return READING.has(kind);
}

async function ask(
  read: ReadPolicies,
  { actor, command, environment, mergeRequest }: PermissionRequest,
  kind: CommandKind,
): Promise<AuthorizationAnswer> {
  const { username, ...attributes } = actor;
  const principal = { type: "User", id: username };
  const resource =
    environment === undefined ? { type: "Repository", id: "claims" } : { type: "Environment", id: environment.name };
  return askCedar(read, {
    principal,
    action: { type: "Action", id: kind },
    resource,
    context: {
      fork: mergeRequest?.fork ?? false,
      confirms: typeof command !== "string" && command.kind === "apply" && command.digest !== undefined,
    },
    entities: [
      { uid: principal, attrs: pick(attributes), parents: [] },
      {
        uid: resource,
        attrs: environment === undefined ? {} : { name: environment.name, type: environment.type, owner: environment.owner },
        parents: [],
      },
    ],
  });
}

/** Only what the schema knows: a caller's own object may carry more. */
function pick({
  accessLevel,
  ownerAccessLevel,
  bot,
  isAuthor,
  isCommitter,
}: Omit<PermissionActor, "username">): Record<string, number | boolean> {
  return { accessLevel, ownerAccessLevel, bot, isAuthor, isCommitter };
}

function forbidden(deciding: readonly PlacedPolicy[], request: PermissionRequest, kind: CommandKind): Permission {
  return refused(deciding.map((policy) => sentenceOf(policy, request, kind)).join(" "), deciding);
}

/** Nothing permits it: says what would have permitted it to somebody of the highest levels, and what this person is. */
async function notPermitted(read: ReadPolicies, request: PermissionRequest, kind: CommandKind): Promise<Permission> {
  const { actor, environment } = request;
  const highest = { ...actor, accessLevel: 50, ownerAccessLevel: 50, isAuthor: false, isCommitter: false };
  const answer = await ask(read, { ...request, actor: highest }, kind);
  const allowed = answer.type === "success" && answer.response.decision === "allow";
  const would = allowed ? policiesOf(read, answer.response.diagnostics.reason) : [];
  if (would.length === 0)
    return refused(
      `No policy lets anybody say ${kind}${environment === undefined ? "" : ` to ${environment.name} (${environment.type})`}.`,
    );
  const here = `${levelName(actor.accessLevel)} of this repository`;
  const you =
    environment === undefined || environment.owner === ""
      ? here
      : `${levelName(actor.ownerAccessLevel)} of ${environment.owner} and ${here}`;
  return refused(`${would.map((policy) => sentenceOf(policy, request, kind)).join(" ")} You are ${you}.`, would);
}

function policiesOf({ policies }: ReadPolicies, places: readonly string[]): readonly PlacedPolicy[] {
  const found = places.map((place) => policies.get(place)).filter((policy) => policy !== undefined);
  return found.toSorted((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

/** Such as `Apply on prod is for maintainers of commerce/payments (policy prod, policies/prod.cedar line 12).` */
function sentenceOf(policy: PlacedPolicy, { environment }: PermissionRequest, kind: CommandKind): string {
  const owner = environment === undefined || environment.owner === "" ? "this repository" : environment.owner;
  const filled = (policy.description ?? "{command} is decided by a policy without a description")
    .replaceAll("{command}", () => kind)
    .replaceAll("{type}", () => environment?.type ?? "this repository")
    .replaceAll("{owner}", () => owner);
  return `${filled.charAt(0).toUpperCase()}${filled.slice(1)} (${quoted(policy)}).`;
}

function quoted({ name, path, line }: PlacedPolicy): string {
  return `policy ${name}, ${path} line ${line}`;
}

function nameOf({ name }: PlacedPolicy): string {
  return name;
}

const LEVELS: Readonly<Record<number, string>> = {
  0: "no member",
  10: "a guest",
  15: "a planner",
  20: "a reporter",
  25: "a security manager",
  30: "a developer",
  40: "a maintainer",
  50: "an owner",
};

function levelName(level: number): string {
  return LEVELS[level] ?? `a member of level ${level}`;
}

function refused(reason: string, deciding: readonly PlacedPolicy[] = []): Permission {
  return { allowed: false, reason, policies: deciding.map(nameOf) };
}
