import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffResources } from "../../../src/core/resource.ts";
import { definitionOf, reapplied, rulesAfter, sameRules } from "../../../src/targets/waf/body.ts";
import { desiredRules } from "../../../src/targets/waf/model.ts";
import { viewRules, type StandingRule } from "../../../src/targets/waf/ownership.ts";
import { anEnvironment, going } from "../an-environment.ts";
import { logOf, withWaf } from "../a-cloudflare.ts";

const PHASE = "http_request_firewall_custom";
const stage = withWaf(
  anEnvironment("stage"),
  {
    allowCountries: ["DE"],
    allowIps: ["203.0.113.0/24"],
    rules: [{ key: "admin", description: "x", expression: "ssl", action: "block" }],
  },
  [{ key: "traversal", description: "x", expression: "ssl" }],
);
const OURS = ["ip", "country", "base-traversal", "rule-admin"].map((key) => `claimbot.test.shop-stage.${key}`);

function foreign(ref: string, over: object = {}): StandingRule {
  return {
    id: `id-${ref}`,
    ref,
    version: "1",
    last_updated: "x",
    expression: `http.host eq "${ref}"`,
    action: "skip",
    action_parameters: { ruleset: "current" },
    logging: { enabled: true },
    ...over,
  };
}

function after(standing: readonly StandingRule[], environment = stage): readonly StandingRule[] | undefined {
  const { own } = viewRules(environment, "example.org", PHASE, standing);
  return rulesAfter(
    environment,
    "example.org",
    PHASE,
    standing,
    diffResources(
      own.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      desiredRules(environment),
    ),
  );
}

function refs(rules: readonly StandingRule[] | undefined): readonly unknown[] | undefined {
  return rules?.map(({ ref }) => ref);
}

describe("the body of a PUT", () => {
  test("is not needed where all is as it should be", () => {
    expect(after(after([foreign("a")]) ?? [])).toBeUndefined();
  });

  test("puts our block at the end, or behind the last rule of this instance", () => {
    expect(refs(after([]))).toEqual(OURS);
    expect(refs(after([foreign("a")]))).toEqual(["a", ...OURS]);
    expect(refs(after([foreign("claimbot.test.other.ip"), foreign("z")]))).toEqual(["claimbot.test.other.ip", ...OURS, "z"]);
  });

  test("keeps our block where its first rule stands, in one piece", () => {
    const [ip, country, ...rest] = after([]) ?? [];
    expect(refs(after([foreign("a"), country!, foreign("b"), ip!, foreign("c")]))).toEqual(["a", ...OURS, "b", "c"]);
    expect(rest).toHaveLength(2);
  });

  test("takes only ours away when the environment goes", () => {
    const standing = [foreign("a"), ...(after([]) ?? []), foreign("b"), foreign("claimbot.test.shop-stage.rule-forged")];
    expect(refs(after(standing, going(stage, logOf(stage))))).toEqual(["a", "b", "claimbot.test.shop-stage.rule-forged"]);
  });

  test("never changes a rule of others, nor their order", () => {
    const name = fc.constantFrom<string>(
      "a",
      "b",
      "c",
      "claimbot.test.other.ip",
      "claimbot.test.shop-stage.rule-forged",
      "claimbot.other.shop-stage.ip",
    );
    const ours = after([]) ?? [];
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.subarray([...ours.keys()]), fc.infiniteStream(fc.nat()), (names, mine, places) => {
        const standing = names.map((ref) => foreign(ref, { enabled: false, categories: ["x"] }));
        for (const index of mine)
          standing.splice((places.next().value ?? 0) % (standing.length + 1), 0, { ...ours[index], id: `id-${index}` });
        const body = after(standing) ?? standing;
        const kept = body.filter(({ ref }) => names.includes(String(ref)));
        expect(kept.map(definitionOf)).toEqual(names.map((ref) => definitionOf(foreign(ref, { enabled: false }))));
        expect(refs(body)?.filter((ref) => !names.includes(String(ref)))).toHaveLength(OURS.length);
      }),
    );
  });
});

describe("a lost update, put back", () => {
  const [a, b, c] = [foreign("a"), foreign("b"), foreign("c")];
  const changed = foreign("a", { enabled: false });
  test.each([
    ["added at the end", [a], [a, b], [a], ["a", "b"]],
    ["added in the middle", [a, c], [a, b, c], [a, c], ["a", "b", "c"]],
    ["added first", [a], [b, a], [a], ["b", "a"]],
    ["removed", [a, b], [b], [a, b], ["b"]],
    ["moved", [a, b], [b, a], [a, b], ["b", "a"]],
    ["added, where the world has moved on", [a], [a, b], [c, a], ["c", "a", "b"]],
    ["removed, where somebody changed it since", [a, b], [b], [changed, b], ["a", "b"]],
    ["removed, where somebody else did too", [a, b], [b], [b, c], ["b", "c"]],
  ])("%s", (_, before, theirs, now, result) => {
    expect(refs(reapplied(before, theirs, now))).toEqual(result);
  });

  test("a changed rule is changed again, and keeps its id; an added one comes back by its ref", () => {
    expect(reapplied([a], [changed, b], [a])).toMatchObject([{ id: "id-a", enabled: false }, { ref: "b" }]);
    expect(reapplied([a], [a, b], [a])[1]).not.toHaveProperty("id");
  });

  test("done twice it is the same", () => {
    const rule = fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.boolean()).map(([ref, enabled]) => foreign(ref, { enabled }));
    const list = fc.uniqueArray(rule, { selector: ({ ref }) => ref });
    fc.assert(
      fc.property(list, list, list, (before, theirs, now) => {
        const once = reapplied(before, theirs, now);
        const twice = reapplied(before, theirs, once);
        // A rule that both left alone, or that came back, stays; nothing is doubled.
        expect(new Set(refs(twice)).size).toBe(twice.length);
        if (sameRules(before, now)) expect(sameRules(once, theirs)).toBe(true);
      }),
    );
  });
});
