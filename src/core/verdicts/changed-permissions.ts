/** Who may say what by two sets of policies, where it differs: asked for made-up people of every level, so that it is said by role. */
import type { Policy } from "../adopted.ts";
import { COMMAND_KINDS, type Command, type CommandKind } from "../command.ts";
import type { EnvironmentType } from "../environment.ts";
import { DEFAULT_POLICIES } from "../permission/default-policies.ts";
import { touchedCommands } from "../permission/touched-commands.ts";
import { isReading, mayDo, type PermissionRequest } from "../permission.ts";
import { LEVELS, roleWords, STANDINGS } from "./role-words.ts";
import { concernOf, type Concern, type Subject } from "./subject.ts";

export interface ChangedPermission extends Concern {
  /** `apply`; `apply <digest>` where it confirms a plan. */
  readonly commands: readonly string[];
  /** What they are said to: types of environments, names where policies tell single ones apart, `the rules`, `the repository`. */
  readonly on: readonly string[];
  readonly types: readonly (EnvironmentType | undefined)[];
  readonly who: string;
  /** By the proposed policies. */
  readonly allowed: boolean;
}

export interface ChangedPermissions {
  readonly changed: readonly ChangedPermission[];
  /** People whom policies name; a table of roles does not show what they may. */
  readonly named: readonly string[];
  /** Environments that were not asked about, since policies tell single ones apart and there are too many. */
  readonly unseen: number;
}

/** At the most; each takes a tenth of a millisecond. */
const QUESTIONS = 10_000;

/** `pause` is awaited now and then: it may let others work. */
export async function changedPermissions(
  adopted: readonly Policy[],
  proposed: readonly Policy[],
  subjects: readonly Subject[],
  pause: () => Promise<void>,
): Promise<ChangedPermissions> {
  const texts = [...orDefault(adopted), ...orDefault(proposed)].map(({ text }) => text);
  const named = [...new Set(texts.flatMap((text) => [...text.matchAll(/User\s*::\s*"([^"]*)"/g)].map(([, name = ""]) => name)))];
  if (samePolicies(adopted, proposed)) return { changed: [], named: [], unseen: 0 };
  const all = placesOf(subjects, tellsApart(texts));
  const touched = await touchedCommands(orDefault(adopted), orDefault(proposed));
  const said = commandsFor(texts, touched);
  const each = Math.max(1, said.length) * LEVELS.length ** 2 * STANDINGS.length * 2;
  const places = all.slice(0, Math.max(6, Math.floor(QUESTIONS / each)));
  const found: Found[] = [];
  for (const place of places) {
    for (const { asked, alike } of said) {
      if (place.environment === undefined && !isReading(kindOf(asked))) continue;
      const turns = await turnsOf(adopted, proposed, place, asked);
      for (const allowed of [true, false]) {
        const roles = turns.map((square) => square.map((row) => row.map((turn) => turn === allowed)));
        for (const who of roleWords(roles, place.hasOwner)) found.push({ place, commands: alike, who, allowed });
      }
      await pause();
    }
  }
  return { changed: grouped(found), named: named.toSorted(), unseen: all.length - places.length };
}

/** As authorise takes them. */
function orDefault(policies: readonly Policy[]): readonly Policy[] {
  return policies.length === 0 ? DEFAULT_POLICIES : policies;
}

interface Place {
  readonly name: string;
  readonly type: EnvironmentType | undefined;
  readonly environment: PermissionRequest["environment"];
  readonly hasOwner: boolean;
  readonly subjects: readonly Subject[];
}

/** One place for all environments of a type, where no policy can tell them apart; prod first. */
function placesOf(subjects: readonly Subject[], apart: boolean): readonly Place[] {
  const keyOf = ({ environment, type, owner }: Subject): string =>
    owner === "" ? "the rules" : apart ? `${type} ${environment} ${owner}` : type;
  const places = [...Map.groupBy(subjects, keyOf)].flatMap(([key, members]): Place[] => {
    const [first] = members;
    if (first === undefined) return [];
    const { environment: name, type, owner } = first;
    const shown = owner !== "" && apart ? name : key;
    return [{ name: shown, type, environment: { name, type, owner }, hasOwner: owner !== "", subjects: members }];
  });
  const whole: Place = { name: "the repository", type: undefined, environment: undefined, hasOwner: false, subjects: [] };
  const rank = ({ type }: Place): number => (type === undefined ? 9 : ["prod", "stage", "sue", "dev"].indexOf(type));
  return [...places, whole].toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/**
 * Whether policies may tell environments of one type apart: unless they plainly speak of nothing but `resource.type`. Cedar's strings may
 * hold escapes, so a backslash anywhere is not plain.
 */
function tellsApart(texts: readonly string[]): boolean {
  return !texts.every((text) => isPlain(text) && !/\bresource\b(?!\s*(?:\.\s*type\b|is\b|[,)]))/.test(text));
}

/** Without escapes, and naming nothing but commands. */
function isPlain(text: string): boolean {
  return !text.includes("\\") && !/::/.test(text.replaceAll(/\bAction::"[a-z]+"/g, ""));
}

interface Said {
  readonly asked: Command | CommandKind;
  /** All that no policy tells apart from it. */
  readonly alike: readonly string[];
}

const CONFIRMING: Command = { kind: "apply", digest: "0".repeat(64) };

/** Each touched command once; those that no policy names stand for one another, and `apply` with a digest for itself. */
function commandsFor(texts: readonly string[], touched: ReadonlySet<CommandKind>): readonly Said[] {
  const plain = texts.every(isPlain);
  const isNamed = (kind: CommandKind): boolean => !plain || texts.some((text) => text.includes(`"${kind}"`));
  const kinds = COMMAND_KINDS.filter((kind) => touched.has(kind));
  const groups = Map.groupBy(kinds, (kind) => (isNamed(kind) || kind === "apply" ? kind : isReading(kind) ? "read" : "change"));
  const said = [...groups.values()].flatMap((alike): Said[] => (alike[0] === undefined ? [] : [{ asked: alike[0], alike }]));
  return touched.has("apply") ? [...said, { asked: CONFIRMING, alike: ["apply <digest>"] }] : said;
}

function kindOf(asked: Command | CommandKind): CommandKind {
  return typeof asked === "string" ? asked : asked.kind;
}

/** For each role what the proposed policies say where the adopted ones say otherwise. */
async function turnsOf(
  adopted: readonly Policy[],
  proposed: readonly Policy[],
  { environment, hasOwner }: Place,
  command: Command | CommandKind,
): Promise<readonly (readonly (readonly (boolean | undefined)[])[])[]> {
  const turns: (boolean | undefined)[][][] = [];
  for (const { isAuthor, isCommitter, fork } of STANDINGS) {
    const square: (boolean | undefined)[][] = [];
    for (const ownerAccessLevel of LEVELS) {
      const row: (boolean | undefined)[] = [];
      for (const accessLevel of LEVELS) {
        const actor = { username: "", accessLevel, ownerAccessLevel, bot: false, isAuthor, isCommitter };
        const request: PermissionRequest = { actor, command, mergeRequest: { fork }, ...(environment && { environment }) };
        // Where the repository is the owner, both levels are one.
        const exists = hasOwner || ownerAccessLevel === accessLevel;
        const will = exists && (await mayDo(proposed, request));
        row.push(exists && will !== (await mayDo(adopted, request)) ? will : undefined);
      }
      square.push(row);
    }
    turns.push(square);
  }
  return turns;
}

interface Found {
  readonly place: Place;
  readonly commands: readonly string[];
  readonly who: string;
  readonly allowed: boolean;
}

/** First the commands of one place that turn for the same people, then the places where the same commands do. */
function grouped(found: readonly Found[]): readonly ChangedPermission[] {
  const ofPlace = Map.groupBy(found, ({ place, who, allowed }) => JSON.stringify([place.name, place.type, who, allowed]));
  const joined = [...ofPlace.values()].flatMap((members): Found[] => {
    const [first] = members;
    return first === undefined ? [] : [{ ...first, commands: members.flatMap(({ commands }) => commands) }];
  });
  const alike = Map.groupBy(joined, ({ commands, who, allowed }) => JSON.stringify([commands, who, allowed]));
  return [...alike.values()].flatMap((members): ChangedPermission[] => {
    const [first] = members;
    if (first === undefined) return [];
    const { commands, who, allowed } = first;
    const places = members.map(({ place }) => place);
    return [
      {
        commands,
        on: places.map(({ name }) => name),
        types: places.map(({ type }) => type),
        who,
        allowed,
        ...concernOf(places.flatMap(({ subjects }) => subjects)),
      },
    ];
  });
}

function samePolicies(a: readonly Policy[], b: readonly Policy[]): boolean {
  return sortedTexts(a) === sortedTexts(b);
}

function sortedTexts(policies: readonly Policy[]): string {
  const texts = orDefault(policies).map(({ text }) => text);
  return JSON.stringify(texts.toSorted());
}
