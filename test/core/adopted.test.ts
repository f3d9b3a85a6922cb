import { describe, expect, test } from "vitest";
import {
  inputPart,
  inputsDigest,
  judgedPlatform,
  rulePart,
  rulesDigest,
  rulesPlan,
  type Policy,
  type Rules,
} from "../../src/core/adopted.ts";
import type { Platform } from "../../src/core/claim/platform.generated.ts";
import { riskOf } from "../../src/core/plan.ts";
import { platform } from "../targets/an-environment.ts";

type Spec = Platform["spec"];

/** What judges; everything else in platform.yaml is rendered. */
const RULES = ["owners", "types", "limits", "freezes", "commands"] as const;

const POLICIES: readonly Policy[] = [
  { path: "policies/a.cedar", text: "permit(principal, action, resource);" },
  { path: "policies/b.cedar", text: "forbid(principal, action, resource);" },
];
const full: Platform = withSpec({
  limits: { changesPerRelease: 100, deletionsPerRelease: 10 },
  freezes: [{ key: "year-end", types: ["prod"], from: "2026-12-18T15:00:00Z", until: "2027-01-04T06:00:00Z", reason: "Closing" }],
  commands: { aliases: { ship: "apply" } },
  waf: { baseline: [{ key: "dotfiles", description: "No dot files", expression: 'http.request.uri.path contains "/."' }] },
});
const adopted: Rules = { platform: full, policies: POLICIES };

function withSpec(spec: Partial<Spec>): Platform {
  return { ...platform, spec: { ...platform.spec, ...spec } };
}

/** What a merge request would like to have: every rule softer, every input another. */
const proposed: Platform = {
  ...full,
  spec: {
    owners: ["anybody/at-all"],
    zones: [{ name: "example.com", plan: "free" }],
    types: Object.fromEntries(
      Object.entries(full.spec.types).map(([type, rules]) => [type, { ...rules, approvals: 0, suffixes: ["example.com"] }]),
    ) as unknown as Spec["types"],
    gateways: { shared: { address: "192.0.2.1" }, dedicated: { domain: "gateways.example.com" } },
    registry: { host: "registry.example.com", repository: "other" },
    regions: ["ams"],
    kubernetesVersions: { "1.34": "v1.34.1+1" },
    nodePools: [],
    components: { ...full.spec.components, kong: { ...full.spec.components.kong, version: "9.9.9" } },
    waf: { baseline: [] },
    limits: { changesPerRelease: 100_000, deletionsPerRelease: 100_000 },
    freezes: [],
    commands: { aliases: { look: "destroy" } },
  },
};

describe("the platform that judges a merge request", () => {
  const judged = judgedPlatform(adopted, proposed);

  test.each(RULES)("has the adopted %s, never those of the merge result", (rule) => {
    expect(judged.spec[rule]).toEqual(full.spec[rule]);
  });

  test("has every input of the merge result", () => {
    const inputs = Object.keys(proposed.spec).filter((name) => !(RULES as readonly string[]).includes(name)) as (keyof Spec)[];
    expect(inputs).toContain("components");
    for (const input of inputs) expect(judged.spec[input]).toEqual(proposed.spec[input]);
  });

  test.each(["limits", "freezes", "commands"] as const)("takes no %s from the merge result where none are adopted", (rule) => {
    const { [rule]: _, ...rest } = full.spec;
    const judged = judgedPlatform({ ...adopted, platform: { ...full, spec: rest } }, proposed);
    expect(judged.spec).not.toHaveProperty(rule);
  });

  test("keeps the adopted limits where the merge result removes them", () => {
    const { limits: _, freezes: __, ...rest } = proposed.spec;
    expect(judgedPlatform(adopted, { ...proposed, spec: rest }).spec).toMatchObject({
      limits: full.spec.limits,
      freezes: full.spec.freezes,
    });
  });

  test("is the same as either where both agree", () => {
    expect(judgedPlatform(adopted, full)).toEqual(full);
  });
});

test("a platform is its rules and its inputs, and nothing is both", () => {
  expect({ ...rulePart(full), ...inputPart(full) }).toEqual(full.spec);
  const both = Object.keys(rulePart(full)).filter((name) => name in inputPart(full));
  expect(both).toEqual([]);
});

describe("the digest", () => {
  test("of the rules does not move with an input, and that of the inputs does not move with a rule", () => {
    const otherInputs = judgedPlatform(adopted, proposed);
    expect(rulesDigest({ ...adopted, platform: otherInputs })).toBe(rulesDigest(adopted));
    expect(inputsDigest(otherInputs)).toBe(inputsDigest(proposed));
    const otherRules: Platform = { ...full, spec: { ...full.spec, ...rulePart(proposed) } };
    expect(inputsDigest(otherRules)).toBe(inputsDigest(full));
  });

  test.each<[string, Rules]>([
    ["an owner", { ...adopted, platform: { ...full, spec: { ...full.spec, owners: ["other"] } } }],
    ["a number of approvals", { ...adopted, platform: { ...full, spec: { ...full.spec, types: proposed.spec.types } } }],
    ["a limit", { ...adopted, platform: { ...full, spec: { ...full.spec, limits: { changesPerRelease: 101 } } } }],
    ["a freeze", { ...adopted, platform: { ...full, spec: { ...full.spec, freezes: [] } } }],
    ["the text of a policy", { ...adopted, policies: [POLICIES[0]!, { ...POLICIES[1]!, text: "" }] }],
    ["the name of a policy", { ...adopted, policies: [POLICIES[0]!, { ...POLICIES[1]!, path: "policies/c.cedar" }] }],
    ["one policy less", { ...adopted, policies: [POLICIES[0]!] }],
  ])("of the rules moves with %s", (_, other) => {
    expect(rulesDigest(other)).not.toBe(rulesDigest(adopted));
  });

  test("of the rules does not depend on the order in which policies were read", () => {
    expect(rulesDigest({ ...adopted, policies: POLICIES.toReversed() })).toBe(rulesDigest(adopted));
  });

  test.each(Object.keys(inputPart(full)) as (keyof Spec)[])("of the inputs moves with %s", (input) => {
    const other = { ...full, spec: { ...full.spec, [input]: proposed.spec[input] } };
    // The starter has inputs that the proposal leaves out: that is another value too.
    expect(inputsDigest(other)).not.toBe(inputsDigest(full));
  });
});

describe("the plan of adopting other rules", () => {
  const next: Rules = {
    platform: proposed,
    policies: [POLICIES[0]!, { ...POLICIES[1]!, text: "permit(principal, action, resource);" }],
  };
  const plan = rulesPlan(adopted, next);

  test("is one change of prod's kind, judged by the rules that stand", () => {
    expect(plan).toMatchObject({ environment: "platform", type: "prod", verb: "change", rulesDigest: rulesDigest(adopted) });
    expect(plan.steps).toHaveLength(1);
    expect(riskOf(plan)).toBe("medium");
  });

  test("has another digest for other rules, before or after, and the same for the same", () => {
    expect(rulesPlan(adopted, next).digest).toBe(plan.digest);
    expect(rulesPlan(adopted, { ...next, policies: POLICIES }).digest).not.toBe(plan.digest);
    expect(rulesPlan({ ...adopted, policies: [] }, next).digest).not.toBe(plan.digest);
  });

  test("does not stand on inputs: they are planned with the environments that they change", () => {
    expect(rulesPlan(adopted, { ...next, platform: { ...proposed, spec: { ...full.spec, ...rulePart(proposed) } } }).digest).toBe(
      plan.digest,
    );
  });
});
