/** Door × command × role, as one page that a person can read: test/golden/permission-matrix.md. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS as TERMINAL_COMMANDS } from "../../src/cli/commands.ts";
import type { Rules } from "../../src/core/adopted.ts";
import { COMMANDS, type Command, type CommandEntry } from "../../src/core/command.ts";
import { DOORS, JOB_DOORS, ROUTE_DOORS, TERMINAL_RIGHTS } from "../../src/core/doors.ts";
import { ENVIRONMENT_TYPES } from "../../src/core/environment.ts";
import type { Asked } from "../../src/flows/answers/asked.ts";
import { refusalFor, type Concerned } from "../../src/flows/answers/concerned.ts";
import type { HttpDeps } from "../../src/http/deps.ts";
import { routesOf } from "../../src/http/routes.ts";

const STARTER = new URL("../../static-environments/policies/", import.meta.url);
const POLICIES = readdirSync(STARTER).map((name) => ({
  path: `policies/${name}`,
  text: readFileSync(new URL(name, STARTER), "utf8"),
}));
// Only the policies are asked here.
const RULES = { policies: POLICIES } as unknown as Rules;

interface Role {
  readonly here: number;
  readonly owner: number;
  readonly isAuthor?: true;
  readonly isCommitter?: true;
  readonly fork?: true;
  readonly bot?: true;
}

const ROLES: Readonly<Record<string, Role>> = {
  "nobody's member": { here: 0, owner: 0 },
  "guest here": { here: 10, owner: 0 },
  "reporter here": { here: 20, owner: 0 },
  "developer here": { here: 30, owner: 0 },
  "maintainer here": { here: 40, owner: 0 },
  "owner here": { here: 50, owner: 0 },
  "reporter of the owner": { here: 20, owner: 20 },
  "developer of the owner": { here: 20, owner: 30 },
  "maintainer of the owner": { here: 20, owner: 40 },
  "the same, its author": { here: 20, owner: 40, isAuthor: true },
  "the same, its committer": { here: 20, owner: 40, isCommitter: true },
  "the same, from a fork": { here: 20, owner: 40, fork: true },
  "a bot with every right": { here: 50, owner: 50, bot: true },
};

const PLACES: readonly (readonly [string, readonly Concerned[]])[] = [
  ...ENVIRONMENT_TYPES.map((type): [string, Concerned[]] => [type, [{ name: `shop-${type}`, type, owner: "commerce/shop" }]]),
  ["the rules", [{ name: "platform", type: "prod", owner: "" }]],
  ["no environment", []],
];

/** Everything that can be said: each command, and apply also with the digest that it confirms. */
const SAID: readonly (readonly [string, CommandEntry, Command])[] = COMMANDS.flatMap((entry) => {
  const command = { kind: entry.kind } as Command;
  const said: readonly [string, CommandEntry, Command] = [entry.kind, entry, command];
  return entry.kind === "apply" ? [said, ["apply …", entry, { kind: "apply", digest: "77d0e4c91a55" }]] : [said];
});

async function may(role: Role, entry: CommandEntry, command: Command, concerned: readonly Concerned[]): Promise<boolean> {
  const part = { isAuthor: role.isAuthor ?? false, isCommitter: role.isCommitter ?? false, fork: role.fork ?? false };
  const actor: Asked["actor"] = {
    ...part,
    user: { id: 7, username: "sam", name: "Sam", bot: role.bot ?? false },
    accessLevel: role.here,
    ownerAccessLevel: async () => role.owner,
    partIn: async () => ({ ...part, judgedAt: undefined }),
  };
  return (await refusalFor({ actor, command }, entry, RULES, concerned)) === undefined;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

async function chatMatrix(): Promise<string> {
  const parts: string[] = [];
  for (const [place, concerned] of PLACES) {
    const rows: string[][] = [];
    for (const [name, role] of Object.entries(ROLES)) {
      const cells: string[] = [];
      for (const [, entry, command] of SAID) cells.push((await may(role, entry, command, concerned)) ? "✓" : "·");
      rows.push([name, ...cells]);
    }
    parts.push(`### On ${place}`, table(["", ...SAID.map(([name]) => name)], rows));
  }
  return parts.join("\n\n");
}

test("every door, and who may say what through it, are as the page says", async () => {
  const doors = Object.entries(DOORS).map(([name, { actor, right, commands }]) => [
    name,
    actor,
    right,
    commands.length === 0 ? "none" : `all ${commands.length}`,
  ]);
  const routes = routesOf({} as HttpDeps).map(({ method, path, role }) => [`${method} ${path}`, role, ROUTE_DOORS[role]]);
  const terminal = TERMINAL_COMMANDS.map(({ name, right }) => [name, right]);
  const page = [
    "# Doors, commands and roles",
    table(["door", "who asks", "on whose right", "commands"], doors),
    "## Jobs",
    table(["job", "door"], Object.entries(JOB_DOORS)),
    "## Routes",
    table(["route", "role", "door"], routes),
    "## Command line",
    table(["right", "what it is"], Object.entries(TERMINAL_RIGHTS)),
    table(["command", "right"], terminal),
    "## Chat, by the policies of the starter",
    "“Here” is the repository of the claims, “the owner” the group that owns the environment. `apply …` confirms a plan by its digest.",
    await chatMatrix(),
  ].join("\n\n");
  await expect(`${page}\n`).toMatchFileSnapshot("../golden/permission-matrix.md");
});

test("only chat takes commands, and it takes all", () => {
  const taking = Object.entries(DOORS).filter(([, { commands }]) => commands.length > 0);
  expect(taking.map(([name]) => name)).toEqual(["chat"]);
  expect(DOORS.chat.commands).toEqual(COMMANDS.map(({ kind }) => kind));
});
