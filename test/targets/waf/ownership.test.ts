import { describe, expect, test } from "vitest";
import { desiredRules } from "../../../src/targets/waf/model.ts";
import { viewRules, zonesOf } from "../../../src/targets/waf/ownership.ts";
import { anEnvironment } from "../an-environment.ts";
import { logOf, withWaf } from "../a-cloudflare.ts";

const CUSTOM = "http_request_firewall_custom";
const TRAVERSAL = { key: "traversal", description: "Path traversal", expression: 'http.request.uri.path contains ".."' };
const stage = anEnvironment("stage");

describe("ownership by two keys", () => {
  const published = withWaf(stage, { rules: [{ ...TRAVERSAL, key: "admin", action: "block" }], allowIps: ["203.0.113.1"] });
  const rule = (key: string, over: object = {}) => ({
    id: "1".repeat(32),
    version: "3",
    last_updated: "2026-11-24T08:00:00Z",
    ref: `claimbot.test.shop-stage.${key}`,
    expression: "ssl",
    action: "block",
    ...over,
  });

  test.each([
    ["rule-admin", CUSTOM, "own"],
    ["rule-admin.2", CUSTOM, "own"],
    ["base-whatever-there-was", CUSTOM, "own"],
    ["ip", CUSTOM, "own"],
    ["country", CUSTOM, "forged"],
    ["rule-other", CUSTOM, "forged"],
    ["rate-login", "http_ratelimit", "forged"],
    ["rule-admin", "http_ratelimit", "forged"],
    ["Rule-Admin", CUSTOM, "foreign"],
    ["rule-admin.x", CUSTOM, "foreign"],
  ] as const)("%s in %s is %s", (key, phase, whose) => {
    const { own, forged } = viewRules(published, "example.org", phase, [rule(key)]);
    expect([own.length, forged.length]).toEqual([Number(whose === "own"), Number(whose === "forged")]);
  });

  test("a zone in which the environment never had a name holds nothing of it", () => {
    const { own, forged } = viewRules({ ...published, zones: ["example.org", "example.com"] }, "example.com", CUSTOM, [
      rule("rule-admin"),
    ]);
    expect(own).toEqual([]);
    expect(forged).toEqual([expect.objectContaining({ remark: expect.stringContaining("no claim of shop-stage ever asked") })]);
    expect(zonesOf({ ...published, zones: ["example.org", "example.com"] })).toEqual(["example.org"]);
  });

  test("what only an older claim asked for is still ours to remove", () => {
    expect(viewRules({ ...stage, log: logOf(published) }, "example.org", CUSTOM, [rule("rule-admin")]).own).toHaveLength(1);
  });

  test("dev and sue have no zones to look into", () => {
    expect(zonesOf(anEnvironment("dev"))).toEqual([]);
  });

  test("what the server adds is no difference; what a person adds is one", () => {
    const wanted = desiredRules(withWaf(stage, undefined, [TRAVERSAL]))[0]!;
    const { key: _, kind: _kind, zone: _zone, phase: _phase, ...sent } = wanted;
    const view = (over: object) =>
      viewRules(withWaf(stage, undefined, [TRAVERSAL]), "example.org", CUSTOM, [{ ...rule("base-traversal"), ...sent, ...over }])
        .own;
    expect(view({ enabled: undefined, categories: ["x"] })).toEqual([wanted]);
    expect(view({ expression: ` ${wanted.expression.replace(" and ", "\n and   ")}` })).toEqual([wanted]);
    expect(view({ enabled: false })).toEqual([{ ...wanted, enabled: false }]);
    expect(view({ action_parameters: { response: {} } })).toEqual([
      { ...wanted, added: { action_parameters: { response: {} } } },
    ]);
  });
});
