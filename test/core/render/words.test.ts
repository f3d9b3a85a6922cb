import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rulesPlan } from "../../../src/core/adopted.ts";
import type { Plan, TargetName } from "../../../src/core/plan.ts";
import { changedLeaves, leafTexts, textOf } from "../../../src/core/render/changed-leaves.ts";
import { lossCount, losing, lossesOf } from "../../../src/core/render/losses.ts";
import type { Row } from "../../../src/core/render/row.ts";
import { rowsOf } from "../../../src/core/render/words.ts";
import type { Change, Resource } from "../../../src/core/resource.ts";
import { ledgerOld, paymentsBefore, paymentsProd, planBetween, rules, shopStage, shopSue, wanting } from "./plans.ts";

function rows(plan: Plan, target?: TargetName): readonly Row[] {
  return plan.steps
    .filter((step) => target === undefined || step.target === target)
    .flatMap((step) => ("missing" in step ? [] : rowsOf(step.target, step.changes)));
}

/** `~ rate limit login: 20 per 60 s → 5 per 60 s`. */
const shown = (list: readonly Row[]): readonly string[] =>
  list.map(({ verb, what, before, after }) => {
    const sign = { create: "+", update: "~", delete: "−" }[verb];
    return `${sign} ${what}: ${[before, after].filter((text) => text !== undefined).join(" → ")}`;
  });

const update = (kind: string, before: object, after: object): Change => ({
  verb: "update",
  key: "k x",
  before: { key: "k x", kind, ...before },
  after: { key: "k x", kind, ...after },
});

describe("what changes is told in a person's words", () => {
  test.each<[string, TargetName, Change, readonly string[]]>([
    [
      "a name that points elsewhere",
      "dns",
      update(
        "dns-record",
        { content: "a.example.net", proxied: false, ttl: 300 },
        { content: "b.example.net", proxied: true, ttl: 1 },
      ),
      ["~ k x: a.example.net → b.example.net, proxied"],
    ],
    [
      "a name's time to live",
      "dns",
      update("dns-record", { content: "a", proxied: false, ttl: 300 }, { content: "a", proxied: false, ttl: 60 }),
      ["~ k x ttl: 300 → 60"],
    ],
    [
      "a proxied name's time to live, which should not differ",
      "dns",
      update("dns-record", { content: "a", proxied: true, ttl: 1 }, { content: "a", proxied: true, ttl: 60 }),
      ["~ k x ttl: 1 → 60"],
    ],
    [
      "a rule of the firewall that looks for something else",
      "waf",
      update(
        "custom-rule",
        { expression: '(http.host in {"a.org" "b.org"}) and (x)', action: "block" },
        { expression: '(http.host in {"b.org" "c.org"}) and (y)', action: "log" },
      ),
      ["~ x rule expression: x → y", "~ x rule action: block → log", "~ x rule hosts: − a.org → + c.org"],
    ],
    [
      "a rule of the firewall that lost its host guard",
      "waf",
      update("custom-rule", { expression: '(http.host in {"a.org"}) and (x)' }, { expression: "x or y" }),
      ["~ x rule expression: x → x or y", '~ x rule hosts: ["a.org"]'],
    ],
    [
      "a rule that somebody gave a member by hand",
      "waf",
      update("custom-rule", { expression: "x", added: { logging: { enabled: false } } }, { expression: "x" }),
      ['~ x rule added: {"logging":{"enabled":false}}'],
    ],
    [
      "a rate limit, with all that a summary leaves out",
      "waf",
      update(
        "rate-limit",
        { expression: "a", description: "20", ratelimit: { requests_per_period: 20, period: 60, mitigation_timeout: 60 } },
        { expression: "b", description: "5", ratelimit: { requests_per_period: 5, period: 60, mitigation_timeout: 600 } },
      ),
      [
        "~ rate limit x: 20 per 60 s → 5 per 60 s",
        "~ rate limit x expression: a → b",
        "~ rate limit x ratelimit.mitigation_timeout: 60 → 600",
      ],
    ],
    [
      "a rate limit's description alone",
      "waf",
      update("rate-limit", { description: "a", ratelimit: {} }, { description: "b", ratelimit: {} }),
      ["~ rate limit x description: a → b"],
    ],
    [
      "GitLab's environment",
      "deployment",
      update("gitlab-environment", { tier: "testing", release: "a".repeat(64) }, { tier: "staging", release: "b".repeat(64) }),
      ["~ environment tier: testing → staging", "~ environment release: aaaaaaaaaaaa… → bbbbbbbbbbbb…"],
    ],
    [
      "anything else",
      "deployment",
      update("thing", { a: [{ name: "b", c: 1 }] }, { a: [{ name: "b", c: 2 }] }),
      ["~ k x a[b].c: 1 → 2"],
    ],
  ])("%s", (_, target, change, texts) => {
    expect(shown(rowsOf(target, [change]))).toEqual(texts);
  });

  test("a node pool's numbers as one, a service's settings one by one", () => {
    expect(shown(rows(paymentsProd, "flux"))).toEqual([
      "− service receipts: ",
      "~ payments-api values replicas: 3 → 5",
      '~ payments-api values flags: {"fast":true}',
      "~ HTTPRoute payments-prod-1 hostnames: − old-pay.example.org → + checkout.example.org",
      "~ cluster pool general-public: 2 to 6 nodes → 2 to 10 nodes",
      "~ OCIRepository payments-api ref.digest: sha256:9f9f9f9f9f9f… → sha256:d4d4d4d4d4d4…",
      "~ ResourceQuota environment hard.pods: 660 → 1100",
    ]);
  });

  test("a claim in its own words, then the versions that are locked for it", () => {
    expect(shown(rows(paymentsProd, "claim-store"))).toContain("~ waf.rateLimits[login].requests: 20 → 5");
    expect(shown(rows(paymentsProd, "claim-store"))).toContain(
      "~ payments-api version: 2.3.1 for ^2.3.0, sha256:9f9f9f9f9f9f… → 2.4.0 for ^2.3.0, sha256:d4d4d4d4d4d4…",
    );
  });

  test("a version that nobody resolved as what it is", () => {
    const versions = { "shop-web": { constraint: "^2.3.0" }, "shop-api": { constraint: "1.4.7", tag: "1.4.7" } };
    expect(shown(rows(planBetween(undefined, wanting("shop-dev", "dev", { versions })), "claim-store")).slice(1)).toEqual([
      "+ shop-web version: ^2.3.0, not resolved",
      "+ shop-api version: 1.4.7",
    ]);
  });

  test("rules by the name that they have in platform.yaml, policies by their file", () => {
    const policies = [{ path: "policies/prod.cedar", text: "old" }];
    const { types } = rules.spec;
    const softer = { ...rules, spec: { ...rules.spec, types: { ...types, prod: { ...types.prod, approvals: 1 } } } };
    const plan = rulesPlan({ platform: rules, policies }, { platform: softer, policies: [] });
    expect(shown(rows(plan))).toEqual([
      "~ rules types.prod.approvals: 2 → 1",
      expect.stringMatching(/^~ rules policies\/prod\.cedar: [0-9a-f]{12}…$/),
    ]);
  });

  test("what Flux builds by services and components, few other objects by name, many by kind", () => {
    const object = (kind: string, name: string): Change => {
      const key = `${kind} env-x/${name}`;
      return { verb: "create", key, after: { key, kind } };
    };
    const service = ["Kustomization pay", "OCIRepository pay", "ConfigMap pay-values", "InfisicalSecret pay-secrets"];
    const component = ["HelmRelease kong", "HelmRepository kong", "HelmRelease opal", "OCIRepository opal.chart"];
    const changes = [...service, ...component, "NetworkPolicy open"].map((text) =>
      object(...(text.split(" ") as [string, string])),
    );
    expect(shown(rowsOf("flux", changes))).toEqual([
      "+ service pay: ",
      "+ component kong: ",
      "+ component opal: ",
      "+ NetworkPolicy open: ",
    ]);
    const many = Array.from({ length: 6 }, (_, at) => object(at < 4 ? "NetworkPolicy" : "Service", `n${at}`));
    expect(shown(rowsOf("flux", many))).toEqual(["+ 6 objects: 4 × NetworkPolicy, 2 × Service"]);
    expect(shown(rowsOf("flux", [object("ConfigMap", "pay-values")]))).toEqual(["+ ConfigMap pay-values: "]);
  });

  test("the zone of a rule only where there are several", () => {
    const rule = (zone: string): Change => {
      const key = `${zone} custom base-dotfiles`;
      return {
        verb: "delete",
        key,
        before: { key, kind: "custom-rule", zone, action: "block", description: "x: Dots" } as Resource,
      };
    };
    expect(shown(rowsOf("waf", [rule("a.org")]))).toEqual(["− baseline rule dotfiles: block: Dots"]);
    expect(shown(rowsOf("waf", [rule("a.org"), rule("b.org")]))).toEqual([
      "− baseline rule dotfiles in a.org: block: Dots",
      "− baseline rule dotfiles in b.org: block: Dots",
    ]);
  });
});

describe("no change goes unseen", () => {
  const kinds = [
    "dns-record",
    "custom-rule",
    "rate-limit",
    "gitlab-environment",
    "claim",
    "rules",
    "ConfigMap",
    "KubernetesCluster",
    "thing",
  ];
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      "a",
      "b",
      1,
      2,
      true,
      null,
      "a".repeat(64),
      "b".repeat(64),
      '(http.host in {"a"}) and (x)',
      '(http.host in {"b"}) and (x)',
    ),
    fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }),
    fc.array(fc.record({ name: fc.constantFrom("a", "b"), minNodes: fc.nat(2), maxNodes: fc.nat(2) }), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom("values.json", "nodePools", "requests_per_period", "period", "data", "constraint"),
      fc.constantFrom<unknown>('{"a":1}', '{"a":2}', "[", 1, 2, [{ name: "p", minNodes: 1, maxNodes: 2 }]),
      { maxKeys: 3 },
    ),
  );
  const fields = fc.dictionary(
    fc.constantFrom(
      "content",
      "proxied",
      "ttl",
      "expression",
      "action",
      "description",
      "ratelimit",
      "added",
      "tier",
      "release",
      "claim",
      "versions",
      "releaseDigest",
      "rules",
      "policies",
      "object",
    ),
    value,
    { maxKeys: 5 },
  );
  const targets: fc.Arbitrary<TargetName> = fc.constantFrom("claim-store", "flux", "waf", "dns", "deployment");

  test("whatever the target and the kind, an update has a row, and no row says that nothing changes", () => {
    fc.assert(
      fc.property(targets, fc.constantFrom(...kinds), fields, fields, (target, kind, before, after) => {
        fc.pre(changedLeaves(before, after).length > 0);
        const found = rowsOf(target, [update(kind, before, after)]);
        expect(found.length).toBeGreaterThan(0);
        for (const row of found) expect(row.before ?? "").not.toBe(row.after ?? "");
      }),
      { numRuns: 2_000 },
    );
  });

  test("rows have a key of their own", () => {
    for (const plan of [paymentsProd, shopStage, shopSue, ledgerOld]) {
      const keys = rows(plan).map(({ key }) => key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test("what is deleted comes before what changes, and that before what comes", () => {
    const verbs = paymentsProd.steps.flatMap((step) =>
      "missing" in step ? [] : [rowsOf(step.target, step.changes).map(({ verb }) => verb)],
    );
    const order = ["delete", "update", "create"];
    for (const list of verbs) expect(list).toEqual(list.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
  });
});

describe("the smallest parts that differ", () => {
  test.each<[string, unknown, unknown, readonly string[]]>([
    ["nothing", { a: 1 }, { a: 1 }, []],
    ["a member", { a: 1, b: { c: 2 } }, { a: 1, b: { c: 3 } }, ["b.c: 2 → 3"]],
    ["a member that comes", {}, { a: { b: 1 } }, ['a:  → {"b":1}']],
    ["an item by its name", [{ name: "x", v: 1 }], [{ name: "x", v: 2 }], ["[x].v: 1 → 2"]],
    ["an item by its class", { p: [{ class: "spot", max: 1 }] }, { p: [{ class: "spot", max: 2 }] }, ["p[spot].max: 1 → 2"]],
    ["an item that comes", [{ name: "x" }], [{ name: "x" }, { name: "y" }], ['[y]:  → {"name":"y"}']],
    ["a list without names", [1, 2], [1, 3], [": [1,2] → [1,3]"]],
    [
      "a list with a name twice",
      [{ name: "x" }, { name: "x" }],
      [{ name: "x" }],
      [': [{"name":"x"},{"name":"x"}] → [{"name":"x"}]'],
    ],
    ["a list of texts", ["a", "b"], ["b", "c", "d"], [": − a → + c, + d"]],
    ["only the order of texts", ["a", "b"], ["b", "a"], [': ["a","b"] → ["b","a"]']],
    ["only how often a text stands there", ["a", "a"], ["a"], [': ["a","a"] → ["a"]']],
    [
      "the order of items with names",
      { s: [{ name: "a" }, { name: "b" }] },
      { s: [{ name: "b" }, { name: "a" }] },
      ["s order: [a] [b] → [b] [a]"],
    ],
    [
      "the order of items, beside another change",
      [{ name: "a" }, { name: "b" }],
      [{ name: "b", v: 1 }, { name: "c" }, { name: "a" }],
      ["[b].v:  → 1", '[c]:  → {"name":"c"}', "order: [a] [b] → [b] [a]"],
    ],
    ["an empty object that comes", { a: {} }, { a: {}, b: {} }, ["b:  → {}"]],
    ["a null that comes", {}, { a: null }, ["a:  → null"]],
    ["another kind of value", { a: [1] }, { a: { b: 1 } }, ['a: [1] → {"b":1}']],
    ["a null", { a: null }, { a: 0 }, ["a: null → 0"]],
  ])("%s", (_, is, becomes, texts) => {
    const leaves = changedLeaves(is, becomes).map((leaf) => {
      const { before = "", after = "" } = leafTexts(leaf);
      return `${leaf.path}: ${before} → ${after}`;
    });
    expect(leaves).toEqual(texts);
  });

  test("a long text is shown from where it differs", () => {
    const long = "x".repeat(500);
    expect(leafTexts({ path: "", is: `${long}a`, becomes: `${long}b` })).toEqual({
      before: `…${"x".repeat(20)}a`,
      after: `…${"x".repeat(20)}b`,
    });
  });

  test("a digest is shown by its first digits, and whole where they are the same", () => {
    const [a, b] = [`${"a".repeat(63)}1`, `${"a".repeat(63)}2`];
    expect(textOf(a)).toBe("aaaaaaaaaaaa…");
    expect(textOf(`sha256:${a}`)).toBe("sha256:aaaaaaaaaaaa…");
    expect(leafTexts({ path: "", is: a, becomes: b })).toEqual({ before: a, after: b });
  });
});

describe("what goes for good", () => {
  const words = (plan: Plan) => lossesOf(plan).map(({ what, names }) => [what, ...names].join(" "));

  test("of an environment that is removed is what it was made of", () => {
    expect(words(ledgerOld)).toEqual(["cluster", "2 services", "DNS ledger-old.dev.example.org"]);
    expect(words(planBetween(paymentsBefore, undefined))).toEqual([
      "cluster",
      "2 services",
      "4 components",
      "DNS old-pay.example.org pay.example.org",
      "4 WAF rules",
    ]);
  });

  test("of one that stays is each thing by its name", () => {
    expect(words(paymentsProd)).toEqual(["service receipts", "DNS CNAME old-pay.example.org"]);
    expect(lossCount(paymentsProd)).toBe(2);
    const fewer = planBetween(wanting("s-prod", "prod", { waf: { allowCountries: ["DE"] } }), wanting("s-prod", "prod"));
    expect(words(fewer)).toEqual(["WAF country rule"]);
  });

  test("is nothing where nothing goes", () => {
    expect(words(shopStage)).toEqual([]);
    expect(losing([shopStage, shopSue])).toEqual([]);
  });

  test("of prod comes before that of others, whole environments before parts", () => {
    const prodGone = planBetween(wanting("a-prod", "prod"), undefined);
    const stageGone = planBetween(wanting("a-stage", "stage"), undefined);
    expect(losing([ledgerOld, paymentsProd, stageGone, shopStage, prodGone])).toEqual([
      prodGone,
      paymentsProd,
      stageGone,
      ledgerOld,
    ]);
  });
});
