import { readdirSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/core/adopted.ts";
import { COMMAND_KINDS, type CommandKind } from "../../src/core/command.ts";
import { ENVIRONMENT_TYPES, type EnvironmentType } from "../../src/core/environment.ts";
import { authorise, checkPolicies, type PermissionActor, type PermissionRequest } from "../../src/core/permission.ts";
import { DEFAULT_POLICIES } from "../../src/core/permission/default-policies.ts";

const STARTER = new URL("../../static-environments/policies/", import.meta.url);
const STARTER_POLICIES: readonly Policy[] = readdirSync(STARTER).map((name) => ({
  path: `policies/${name}`,
  text: readFileSync(new URL(name, STARTER), "utf8"),
}));

const NOBODY: PermissionActor = {
  username: "sam",
  accessLevel: 0,
  ownerAccessLevel: 0,
  bot: false,
  isAuthor: false,
  isCommitter: false,
};
/** A letter each; capitals are people of the owner. */
const ROLES: Readonly<Record<string, PermissionActor>> = {
  s: NOBODY,
  g: { ...NOBODY, accessLevel: 10 },
  r: { ...NOBODY, accessLevel: 20 },
  d: { ...NOBODY, accessLevel: 30 },
  m: { ...NOBODY, accessLevel: 40 },
  R: { ...NOBODY, ownerAccessLevel: 20 },
  D: { ...NOBODY, accessLevel: 20, ownerAccessLevel: 30 },
  M: { ...NOBODY, accessLevel: 20, ownerAccessLevel: 40 },
};
const ALL = Object.keys(ROLES).join("");

function environmentOf(type: EnvironmentType): NonNullable<PermissionRequest["environment"]> {
  return { name: `payments-${type}`, type, owner: "commerce/payments" };
}

const prod = environmentOf("prod");
const maintainer = ROLES["M"] as PermissionActor;

/** Who may, by the letters above, in the order dev, sue, stage, prod. */
const TABLE: Readonly<Record<CommandKind, readonly [string, string, string, string]>> = {
  help: [ALL, ALL, ALL, ALL],
  plan: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  status: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  why: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  who: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  history: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  diff: ["rdmRDM", "rdmRDM", "rdmRDM", "rdmRDM"],
  apply: ["mDM", "mDM", "DM", "M"],
  promote: ["mDM", "mDM", "DM", "M"],
  rollback: ["mDM", "mDM", "DM", "M"],
  extend: ["mDM", "mDM", "DM", "M"],
  destroy: ["mDM", "mDM", "M", "M"],
  hold: ["dmDM", "dmDM", "dmDM", "dmDM"],
  unhold: ["mDM", "mDM", "DM", "M"],
  cancel: ["dmDM", "dmDM", "dmDM", "dmDM"],
};

const SETS: readonly (readonly [string, readonly Policy[], typeof TABLE])[] = [
  ["the default policies", [], TABLE],
  [
    "the starter's policies",
    STARTER_POLICIES,
    { ...TABLE, extend: ["mDM", "dmDM", "DM", "M"], rollback: ["mDM", "mDM", "DM", "DM"] },
  ],
];

describe.each(SETS)("by %s", (_, policies, table) => {
  test("hold no mistake", async () => {
    expect(await checkPolicies(policies.length === 0 ? DEFAULT_POLICIES : policies)).toEqual([]);
  });

  test.each(COMMAND_KINDS)("%s is for whom the table says, in each type, and for nobody else", async (command) => {
    for (const [index, type] of ENVIRONMENT_TYPES.entries()) {
      const may: string[] = [];
      for (const [letter, actor] of Object.entries(ROLES)) {
        const permission = await authorise(policies, { actor, command, environment: environmentOf(type) });
        if (permission.allowed) may.push(letter);
        expect(permission.reason).toMatch(/\(policy [a-z-]+, policies\/[a-z-]+\.cedar line \d+\)|^Permitted by policy/);
        expect(permission.policies).not.toEqual([]);
      }
      expect({ type, may: may.join("") }).toEqual({ type, may: table[command][index] });
    }
  });

  test.each(COMMAND_KINDS)("%s is for no bot, whatever its level", async (command) => {
    const actor: PermissionActor = { ...NOBODY, accessLevel: 50, ownerAccessLevel: 50, bot: true };
    const { allowed, reason } = await authorise(policies, { actor, command, environment: environmentOf("dev") });
    expect({ allowed, reason }).toEqual({ allowed: false, reason: "Commands are for people, not for bots." });
  });

  test.each(COMMAND_KINDS)("%s from a fork looks, and changes nothing", async (command) => {
    const request: PermissionRequest = { actor: maintainer, command, environment: environmentOf("dev") };
    const { allowed } = await authorise(policies, { ...request, mergeRequest: { fork: true } });
    expect(allowed).toBe(table[command][0] === ALL || table[command][0] === "rdmRDM");
    expect(await authorise(policies, { ...request, mergeRequest: { fork: false } })).toEqual(await authorise(policies, request));
  });

  test.each(COMMAND_KINDS)("%s without an environment can only look", async (command) => {
    const { allowed } = await authorise(policies, { actor: { ...maintainer, accessLevel: 40 }, command });
    expect(allowed).toBe(table[command][0] === ALL || table[command][0] === "rdmRDM");
  });

  test.each<[string, Partial<PermissionActor>, boolean]>([
    ["somebody else", {}, true],
    ["its author", { isAuthor: true }, false],
    ["one of its committers", { isCommitter: true }, false],
  ])("a plan for prod that a digest confirms is confirmed by %s: %j → %s", async (_, also, allowed) => {
    const actor = { ...maintainer, ...also };
    const confirm = { kind: "apply", digest: "77d0e4c91a55" } as const;
    expect((await authorise(policies, { actor, command: confirm, environment: prod })).allowed).toBe(allowed);
    // Trying the reviewed plan again is theirs, and so is another type.
    expect((await authorise(policies, { actor, command: { kind: "apply" }, environment: prod })).allowed).toBe(true);
    expect((await authorise(policies, { actor, command: confirm, environment: environmentOf("stage") })).allowed).toBe(true);
  });

  test("the platform's own rules are released by maintainers of the repository", async () => {
    const platform = { name: "platform", type: "prod", owner: "" } as const;
    for (const [accessLevel, allowed] of [
      [30, false],
      [40, true],
    ] as const) {
      const actor = { ...NOBODY, accessLevel, ownerAccessLevel: accessLevel };
      expect((await authorise(policies, { actor, command: "apply", environment: platform })).allowed).toBe(allowed);
    }
  });

  test("the policies need what they say: without all permits of a kind nobody may do it", async () => {
    const files = policies.length === 0 ? DEFAULT_POLICIES : policies;
    const forbidsOnly = files.map(({ path, text }) => ({
      path,
      text: text.replaceAll(/^permit [^;]*;/gm, "").replaceAll(/^@id\("[a-z-]+"\)\n@description\("[^"]*"\)\n(?=\n|$)/gm, ""),
    }));
    expect(await authorise(forbidsOnly, { actor: maintainer, command: "apply", environment: prod })).toEqual({
      allowed: false,
      reason: "No policy lets anybody say apply to payments-prod (prod).",
      policies: [],
    });
  });
});

describe("a refusal", () => {
  test("says who may, by which policy and line, and what this person is", async () => {
    const actor = { ...NOBODY, accessLevel: 20, ownerAccessLevel: 30 };
    const { reason, policies } = await authorise(STARTER_POLICIES, { actor, command: "apply", environment: prod });
    const lines = STARTER_POLICIES.find(({ path }) => path === "policies/prod.cedar")?.text.split("\n") ?? [];
    expect(reason).toBe(
      `Apply on prod is for maintainers of commerce/payments (policy prod, policies/prod.cedar line ${lines.indexOf('@id("prod")') + 1}). ` +
        "You are a developer of commerce/payments and a reporter of this repository.",
    );
    expect(policies).toEqual(["prod"]);
  });

  test("by a forbid names the forbid", async () => {
    const request: PermissionRequest = { actor: maintainer, command: "apply", environment: prod, mergeRequest: { fork: true } };
    const { reason, policies } = await authorise([], request);
    expect(reason).toMatch(/^Nothing is changed from a fork \(policy fork, policies\/default\.cedar line \d+\)\.$/);
    expect(policies).toEqual(["fork"]);
  });
});

describe("it fails closed", () => {
  const permitAll: Policy = { path: "policies/all.cedar", text: "permit (principal, action, resource);\n" };
  const request: PermissionRequest = { actor: maintainer, command: "apply", environment: prod };

  test("and a policy that permits all does permit", async () => {
    expect((await authorise([permitAll], request)).allowed).toBe(true);
  });

  test.each<[string, string, RegExp]>([
    ["that is no Cedar", "permit (principal", /policies\/z\.cedar:1 unexpected end of input/],
    [
      "that misspells an attribute",
      "forbid (principal, action, resource) when { principal.acessLevel < 50 };",
      /`acessLevel` on entity type `User` not found/,
    ],
    ["that misspells a command", 'forbid (principal, action == Action::"aply", resource);', /unrecognized action/],
    ["that is a template", "forbid (principal, action, resource == ?resource);", /A template permits nothing here/],
    [
      "that overflows when asked",
      "forbid (principal, action, resource) when { principal.accessLevel + 9223372036854775807 > 0 };",
      /could not be evaluated/,
    ],
  ])("on a policy %s, beside one that permits all", async (_, text, reason) => {
    const permission = await authorise([permitAll, { path: "policies/z.cedar", text }], request);
    expect(permission).toEqual({ allowed: false, reason: expect.stringMatching(reason), policies: [] });
  });

  test.each<[string, PermissionRequest]>([
    ["an unknown command", { ...request, command: "zap" as CommandKind }],
    ["a command named like a member of every object", { ...request, command: "constructor" as CommandKind }],
    ["a group of commands", { ...request, command: "change" as CommandKind }],
    ["a level that is no number", { ...request, actor: { ...maintainer, accessLevel: Number.NaN } }],
    ["a level that is missing", { ...request, actor: { ...maintainer, ownerAccessLevel: undefined as unknown as number } }],
    ["an author of whom it is not known", { ...request, actor: { ...maintainer, isAuthor: undefined as unknown as boolean } }],
  ])("on %s", async (_, asked) => {
    expect((await authorise([permitAll], asked)).allowed).toBe(false);
  });

  test("on whatever text stands for a policy, beside whatever name, and never throws", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), fc.string({ unit: "binary" }), async (text, username) => {
        const permission = await authorise([{ path: "policies/x.cedar", text }], {
          ...request,
          actor: { ...maintainer, username },
        });
        expect(permission.allowed).toBe(false);
      }),
    );
  });

  test("but a strange name alone is nobody's fault", async () => {
    const actor = { ...maintainer, username: '"; permit (principal, action, resource); \u202e𝔰𝔞𝔪' };
    expect((await authorise([], { ...request, actor })).allowed).toBe(true);
    expect((await authorise([], { ...request, actor: { ...actor, ownerAccessLevel: 30 } })).allowed).toBe(false);
  });
});

describe("mistakes in policies", () => {
  const check = async (text: string): Promise<readonly string[]> =>
    (await checkPolicies([{ path: "policies/x.cedar", text }])).map(
      ({ code, severity, line, column, endColumn }) => `${line}:${column}-${endColumn} ${severity} ${code}`,
    );

  test.each<[string, string, readonly string[]]>([
    ["no mistake", "permit (principal, action, resource);", []],
    ["an end too early", "permit (principal\n", ["1:18-19 error policy/syntax"]],
    [
      "an unknown attribute",
      "permit (principal, action, resource)\nwhen { principal.level > 1 };",
      ["2:8-23 error policy/invalid"],
    ],
    [
      "after letters of several bytes",
      '// ä𝔰\n@id("ä") permit (principal, action, resource) when { principal.level > 1 };',
      ["2:54-69 error policy/invalid"],
    ],
    [
      "the wrong type",
      'permit (principal, action, resource)\nwhen { principal.accessLevel == "30" };',
      ["2:8-37 error policy/invalid"],
    ],
    ["a template", "permit (principal, action, resource == ?resource);", ["1:1-51 error policy/template"]],
    [
      "two of one name",
      '@id("a")\npermit (principal, action, resource);\n@id("a")\nforbid (principal, action, resource);',
      ["3:1-9 warning policy/same-name"],
    ],
    [
      "one that never fits",
      'permit (principal, action == Action::"help", resource) when { false };',
      ["1:1-71 warning policy/doubtful"],
    ],
  ])("%s", async (_, text, found) => {
    expect(await check(text)).toEqual(found);
  });

  test("a sentence of Cedar's ends before the hint begins", async () => {
    const [found] = await checkPolicies([{ path: "policies/x.cedar", text: "permit @all" }]);
    expect(found?.message).toBe("unexpected token `@`: expected `(`.");
  });

  test("a policy's line is its own, also when it stands in a comment, at the end of another, or after ten others", async () => {
    const plain = "permit (principal, action, resource);";
    const many = Array.from({ length: 12 }, (_, index) => `@id("p${index}") ${plain}`).join("\n");
    const text = `// ${plain}\n@id("long")\n${plain}\n${many}\n${plain}\n`;
    const { policies, reason } = await authorise([{ path: "policies/x.cedar", text }], {
      actor: maintainer,
      command: "apply",
      environment: prod,
    });
    expect(policies).toEqual(["long", ...Array.from({ length: 12 }, (_, index) => `p${index}`), "policies/x.cedar:16"]);
    expect(reason).toContain("policy long, policies/x.cedar line 2 and");
    expect(reason).toContain("policy p10, policies/x.cedar line 14 and");
  });
});

test("policies asked in turns are never taken for one another, however many there are", async () => {
  const permit = (n: number): readonly Policy[] => [
    {
      path: `policies/${n}.cedar`,
      text: `@id("only-${n}") permit (principal, action == Action::"apply", resource is Environment) when { resource.name == "payments-${n}" };`,
    },
  ];
  const sets = Array.from({ length: 9 }, (_, n) => permit(n));
  const actor = { ...NOBODY, accessLevel: 50, ownerAccessLevel: 50 };
  const ask = async (set: number, name: number): Promise<readonly string[]> =>
    (await authorise(sets[set] ?? [], { actor, command: "apply", environment: { ...prod, name: `payments-${name}` } })).policies;
  const questions = Array.from({ length: 9 * 9 * 2 }, (_, n) => [n % 9, Math.floor(n / 9) % 9] as const);
  const answers = await Promise.all(questions.map(async ([set, name]) => ask(set, name)));
  expect(answers).toEqual(questions.map(([set, name]) => (set === name ? [`only-${set}`] : [])));
});
