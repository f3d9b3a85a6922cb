import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Claim } from "../../../src/core/claim/claim.generated.ts";
import { desiredRules, normalExpression, type WafRule } from "../../../src/targets/waf/model.ts";
import { anEnvironment, going, platform } from "../an-environment.ts";
import { logOf, withWaf } from "../a-cloudflare.ts";

const CUSTOM = "http_request_firewall_custom";
const TRAVERSAL = { key: "traversal", description: "Path traversal", expression: 'http.request.uri.path contains ".."' };
const GUARD = '(http.host in {"shop.stage.example.org"}) and ';
const stage = anEnvironment("stage");

function rules(waf: Claim["spec"]["waf"], baseline = [TRAVERSAL]): readonly WafRule[] {
  return desiredRules(withWaf(stage, waf, baseline));
}

function only(waf: Claim["spec"]["waf"]): WafRule | undefined {
  const [rule, ...more] = rules(waf, []);
  expect(more).toEqual([]);
  return rule;
}

describe("what should be", () => {
  test("the baseline is always on, also without a word in the claim", () => {
    expect(rules(undefined)).toEqual([
      {
        key: "example.org custom base-traversal",
        kind: "custom-rule",
        zone: "example.org",
        phase: CUSTOM,
        ref: "claimbot.test.shop-stage.base-traversal",
        expression: `${GUARD}(http.request.uri.path contains "..")`,
        action: "block",
        description: "shop-stage: Path traversal",
        enabled: true,
      },
    ]);
  });

  test.each([
    ["block", "block"],
    ["challenge", "managed_challenge"],
    ["log", "log"],
  ] as const)("in mode %s the baseline does %s", (mode, action) => {
    expect(rules({ mode })).toMatchObject([{ action }]);
  });

  test.each([
    [{ allowCountries: ["FR", "DE", "FR"] }, 'not ip.src.country in {"DE" "FR"}', "country"],
    [{ blockCountries: ["KP"] }, 'ip.src.country in {"KP"}', "country"],
    [
      { allowIps: ["203.0.113.9/24", "198.51.100.7/32", "2001:DB8::/32"] },
      "not ip.src in {198.51.100.7 2001:db8::/32 203.0.113.0/24}",
      "ip",
    ],
    [{ blockIps: ["198.51.100.7"] }, "ip.src in {198.51.100.7}", "ip"],
  ])("%j blocks by %s", (waf, expression, key) => {
    expect(only(waf)).toMatchObject({ key: `example.org custom ${key}`, expression: `${GUARD}(${expression})`, action: "block" });
  });

  test("an empty set of addresses is no rule", () => {
    expect(rules({ allowIps: [], blockIps: [] }, [])).toEqual([]);
  });

  test("a rule of the claim is bound to the hosts of its environment", () => {
    const rule = {
      key: "admin",
      description: "No admin",
      expression: 'a.b eq "x" or\n  ip.geoip.country  eq "DE"',
      action: "log",
    } as const;
    expect(
      only({ rules: [{ ...rule, expression: 'starts_with(http.request.uri.path, "/a  b") or\n  ip.geoip.country eq "DE"' }] }),
    ).toMatchObject({
      ref: "claimbot.test.shop-stage.rule-admin",
      expression: `${GUARD}(starts_with(http.request.uri.path, "/a  b") or ip.src.country eq "DE")`,
      action: "log",
      description: "shop-stage: No admin",
    });
  });

  test.each([
    ["business", 60, 60],
    ["business", 15, 60],
    ["business", 900, 3600],
    ["free", 60, 10],
    ["pro", 65_535, 3600],
    ["enterprise", 65_535, 86_400],
    ["enterprise", 86_400, 86_400],
  ] as const)("a rate limit on a %s zone over %i s blocks for %i s", (plan, periodSeconds, timeout) => {
    const wish = {
      ...stage.wish!,
      platform: { ...platform, spec: { ...platform.spec, zones: [{ name: "example.org", plan }] } },
    };
    const environment = withWaf(
      { ...stage, wish },
      { rateLimits: [{ key: "login", path: "/login", requests: 20, periodSeconds }] },
    );
    expect(desiredRules(environment)).toMatchObject([
      {
        key: "example.org ratelimit rate-login",
        kind: "rate-limit",
        phase: "http_ratelimit",
        expression: `${GUARD}(starts_with(http.request.uri.path, "/login"))`,
        action: "block",
        ratelimit: {
          characteristics: ["cf.colo.id", "ip.src"],
          period: periodSeconds,
          requests_per_period: 20,
          mitigation_timeout: timeout,
        },
      },
    ]);
  });

  test("the same key from the baseline, the claim and a rate limit are three rules", () => {
    const same = { key: "x", description: "x", expression: "ssl" };
    const all = rules(
      { rules: [{ ...same, action: "block" }], rateLimits: [{ key: "x", path: "/", requests: 1, periodSeconds: 10 }] },
      [same],
    );
    expect(new Set(all.map(({ ref }) => ref)).size).toBe(3);
  });

  test.each([
    ["dev", withWaf(anEnvironment("dev"), undefined, [TRAVERSAL])],
    ["an environment without names", withWaf(anEnvironment("stage", { hostnames: [] }), undefined, [TRAVERSAL])],
    ["an environment that is to go", going(stage, logOf(stage))],
  ])("%s has none", (_, environment) => {
    expect(desiredRules(environment)).toEqual([]);
  });

  test("each zone has its own rules, for its own names", () => {
    const two = anEnvironment("prod", {
      hostnames: ["b.example.org", "a.example.org", "x.example.com"],
      platform: {
        ...platform,
        spec: { ...platform.spec, zones: [...platform.spec.zones, { name: "example.com", plan: "free" }] },
      },
    });
    expect(
      desiredRules(withWaf(two, undefined, [TRAVERSAL])).map(({ zone, expression }) => [zone, expression.split(" and ")[0]]),
    ).toEqual([
      ["example.com", '(http.host in {"x.example.com"})'],
      ["example.org", '(http.host in {"a.example.org" "b.example.org"})'],
    ]);
  });

  test("names that do not fit into one expression make further rules, each within 4,096 bytes", () => {
    const hostnames = Array.from({ length: 300 }, (_, index) => `some-host-${index}.stage.example.org`);
    const many = desiredRules(withWaf(anEnvironment("stage", { hostnames }), undefined, [TRAVERSAL]));
    expect(many.length).toBeGreaterThan(1);
    expect(many.map(({ key }) => key)).toContain("example.org custom base-traversal.2");
    for (const { expression } of many) expect(Buffer.byteLength(expression)).toBeLessThanOrEqual(4096);
    expect(many.flatMap(({ expression }) => expression.match(/some-host-\d+/g) ?? []).toSorted()).toEqual(
      hostnames
        .map((name) => name.split(".")[0])
        .map(String)
        .toSorted(),
    );
  });

  test.each(["true) or (true", 'a eq "', "", 'a eq "x" # comment', ")("])(
    "an expression that could leave its guard is a bug: %s",
    (expression) => {
      expect(() => rules({ rules: [{ key: "x", description: "x", expression, action: "block" }] })).toThrow(
        /stays in its parentheses/,
      );
    },
  );
});

test("expressions are normalised once and for all, and strings stay as they are", () => {
  const part = fc.oneof(
    fc.constantFrom(" ", "\n", "\t ", "ip.geoip.country", "eq", "(", ")"),
    fc.stringMatching(/^[a-z ]{0,6}$/).map((text) => `"${text}"`),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const once = normalExpression(parts.join(" "));
      expect(normalExpression(once)).toBe(once);
      expect(once.match(/"[^"]*"/g) ?? []).toEqual(parts.filter((part) => part.startsWith('"')));
    }),
  );
});
