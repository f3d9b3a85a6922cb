import { expect, test } from "vitest";
import type { Policy } from "../../../src/core/adopted.ts";
import { DEFAULT_POLICIES } from "../../../src/core/permission/default-policies.ts";
import { changedPermissions } from "../../../src/core/verdicts/changed-permissions.ts";
import type { Subject } from "../../../src/core/verdicts/subject.ts";

const SUBJECTS: readonly Subject[] = [
  { environment: "payments-prod", type: "prod", owner: "commerce/payments" },
  { environment: "shop-prod", type: "prod", owner: "commerce/shop" },
  { environment: "shop-sue", type: "sue", owner: "commerce/shop" },
  { environment: "platform", type: "prod", owner: "" },
];

const ask = async (more: string, subjects = SUBJECTS): ReturnType<typeof changedPermissions> => {
  const proposed: readonly Policy[] = [...DEFAULT_POLICIES, { path: "policies/more.cedar", text: more }];
  return changedPermissions(DEFAULT_POLICIES, proposed, subjects, async () => undefined);
};
const permit = (command: string, when: string): string =>
  `@id("more") @description("x") permit (principal, action == Action::${command}, resource is Environment) when { ${when} };`;

test.each<[string, string]>([
  ["by its name", 'resource.name == "shop-prod"'],
  ["by its owner", 'resource.owner == "commerce/shop" && resource.type == "prod"'],
  ["behind an escape", 'resource["na\\u{6d}e"] == "shop\\u{2d}prod"'],
  ["as itself", 'resource == Environment::"shop-prod"'],
  ["as itself, the other way round", '(Environment::"shop-prod" == resource)'],
  ["behind a comment", '(resource // .type\n .name) == "shop-prod"'],
  ["by a pattern", 'resource.name like "shop-p*"'],
])("a policy that is about one environment %s says so", async (_, when) => {
  const { changed } = await ask(permit('"destroy"', `principal.accessLevel >= 50 && (${when})`));
  expect(changed).toEqual([
    {
      commands: ["destroy"],
      on: ["shop-prod"],
      types: ["prod"],
      who: "at most developers of the owner who are owners of this repository",
      allowed: true,
      environments: ["shop-prod"],
      mergeRequests: [],
    },
  ]);
});

test("a command behind an escape is still that command", async () => {
  const { changed } = await ask(permit('"un\\u{68}old"', 'principal.accessLevel == 20 && resource.type == "sue"'));
  expect(changed.map(({ commands, on, who, allowed }) => [commands, on, who, allowed])).toEqual([
    [["unhold"], ["shop-sue"], "at most reporters of the owner who are reporters of this repository", true],
  ]);
});

test("a forbid turns a yes into a no", async () => {
  const { changed } = await ask('@id("f") @description("x") forbid (principal, action == Action::"extend", resource);');
  expect(changed.every(({ allowed, commands }) => !allowed && commands.join() === "extend")).toBe(true);
  expect(changed.map(({ on, who }) => `${who}: ${on.join()}`)).toEqual([
    "maintainers and above of the owner: prod",
    "maintainers and above of this repository: the rules,sue",
    "developers and above of the owner: sue",
  ]);
});

test("people whom a policy names are named, since no role shows them", async () => {
  const { named } = await ask(permit('"apply"', 'principal == User::"mara"'));
  expect(named).toEqual(["mara"]);
});

test("where single environments count, only so many are asked about, prod first, and the rest is counted", async () => {
  const many = Array.from({ length: 60 }, (_, n): Subject => ({ environment: `e${n}-dev`, type: "dev", owner: "a/b" }));
  const { changed, unseen } = await ask(permit('"destroy"', 'resource.name like "*" && principal.accessLevel == 20'), [
    ...many,
    ...SUBJECTS,
  ]);
  expect(unseen).toBeGreaterThan(20);
  expect(changed[0]?.on).toContain("payments-prod");
});

test("the same policies in other files change nothing, and cost nothing", async () => {
  const [one] = DEFAULT_POLICIES;
  const proposed = [{ path: "policies/moved.cedar", text: one?.text ?? "" }];
  expect(await changedPermissions([], proposed, SUBJECTS, async () => expect.unreachable("nothing is asked"))).toEqual({
    changed: [],
    named: [],
    unseen: 0,
  });
});
