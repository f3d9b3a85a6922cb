import { describe, expect, test } from "vitest";
import { contestedText } from "../../../src/core/contested.ts";
import type { Log } from "../../../src/core/log.ts";
import type { FaultKind } from "../../../src/sandbox/faults.ts";
import type { SandboxCloudflare } from "../../../src/sandbox/cloudflare.ts";
import { wafTarget } from "../../../src/targets/waf/waf.ts";
import { anEnvironment, going, releaseOf } from "../an-environment.ts";
import { aCloudflare, clientOf, logOf, settle, SIGNAL, withWaf, writesOf } from "../a-cloudflare.ts";

const CUSTOM = "http_request_firewall_custom";
const LIMITS = "http_ratelimit";
const BASELINE = [{ key: "traversal", description: "Path traversal", expression: 'http.request.uri.path contains ".."' }];
const ADMIN = {
  key: "admin",
  description: "No admin",
  expression: 'starts_with(http.request.uri.path, "/admin")',
  action: "block",
} as const;
const LOGIN = { key: "login", path: "/login", requests: 20, periodSeconds: 60 } as const;

const stage = withWaf(anEnvironment("stage"), { rules: [ADMIN], rateLimits: [LOGIN] }, BASELINE);
/** The next claim: one rule changed, one gone, one new; the limit is lower. */
const next = {
  ...withWaf(
    anEnvironment("stage"),
    { mode: "challenge", blockCountries: ["KP"], rateLimits: [{ ...LOGIN, requests: 5 }] },
    BASELINE,
  ),
  log: logOf(stage),
};
const gone = going(stage, [...logOf(stage), ...logOf(next)]);

const FOREIGN = [
  {
    ref: "first",
    action: "skip",
    expression: 'http.host eq "www.example.org"',
    action_parameters: { ruleset: "current" },
    description: "by hand",
  },
  { ref: "second", action: "block", expression: "ip.src eq 192.0.2.1", enabled: false },
] as const;

function addForeign(server: SandboxCloudflare): string {
  for (const rule of FOREIGN) server.addForeignRule("example.org", CUSTOM, rule);
  server.addForeignRule("example.org", LIMITS, {
    ref: "theirs",
    action: "block",
    expression: 'http.host eq "www.example.org"',
    ratelimit: { characteristics: ["cf.colo.id", "ip.src"], period: 60, requests_per_period: 100, mitigation_timeout: 600 },
  });
  return foreignOf(server);
}

/** Every rule that is not of this environment, with all its members, in order. */
function foreignOf(server: SandboxCloudflare): string {
  return JSON.stringify(
    [CUSTOM, LIMITS].map((phase) =>
      server.ruleset("example.org", phase)?.rules.filter(({ ref }) => !ref.startsWith("claimbot.")),
    ),
  );
}

function ownOf(server: SandboxCloudflare, phase = CUSTOM): readonly string[] {
  const rules = server.ruleset("example.org", phase)?.rules ?? [];
  return rules
    .map(({ ref }) => ref)
    .filter((ref) => ref.startsWith("claimbot."))
    .map((ref) => ref.replace("claimbot.test.shop-stage.", ""));
}

test("makes the rules of both phases, then has nothing to do, and takes them away in the end", async () => {
  await using world = await aCloudflare();
  const target = wafTarget(world.cloudflare);
  await settle(target, stage);
  expect(ownOf(world.server)).toEqual(["base-traversal", "rule-admin"]);
  expect(ownOf(world.server, LIMITS)).toEqual(["rate-login"]);
  expect(await settle(target, { ...stage, log: logOf(stage) })).toEqual([]);
  expect(await settle(target, gone)).toHaveLength(3);
  expect(await settle(target, gone)).toEqual([]);
  expect(world.server.ruleset("example.org", CUSTOM)?.rules).toEqual([]);
  expect(writesOf(world.server)).toHaveLength(4);
  expect(world.server.unexpected).toEqual([]);
});

test("a rule that changes keeps its id", async () => {
  await using world = await aCloudflare();
  const target = wafTarget(world.cloudflare);
  await settle(target, stage);
  const idOf = (): string | undefined =>
    world.server.ruleset("example.org", CUSTOM)?.rules.find(({ ref }) => ref.endsWith("base-traversal"))?.id;
  const before = idOf();
  await settle(target, next);
  expect(ownOf(world.server)).toEqual(["country", "base-traversal"]);
  expect(idOf()).toBe(before);
});

test("leaves rules of others as they are, byte for byte, and so those of another environment", async () => {
  await using world = await aCloudflare();
  const before = addForeign(world.server);
  const other = withWaf(
    anEnvironment("stage", { name: "other-stage", hostnames: ["o.stage.example.org"] }),
    { rules: [ADMIN] },
    BASELINE,
  );
  const target = wafTarget(world.cloudflare);
  await settle(target, other);
  const others = (): string =>
    JSON.stringify(world.server.ruleset("example.org", CUSTOM)?.rules.filter(({ ref }) => ref.includes("other-stage")));
  const otherBefore = others();
  for (const environment of [stage, next, gone]) await settle(target, environment);
  expect(foreignOf(world.server)).toBe(before);
  expect(others()).toBe(otherBefore);
  expect(await settle(target, { ...other, log: logOf(other) })).toEqual([]);
});

test("mends what a person changed in our rules", async () => {
  await using world = await aCloudflare();
  const target = wafTarget(world.cloudflare);
  await settle(target, stage);
  world.server.editRule("example.org", CUSTOM, "claimbot.test.shop-stage.rule-admin", { enabled: false });
  world.server.removeRule("example.org", CUSTOM, "claimbot.test.shop-stage.base-traversal");
  const published = { ...stage, log: logOf(stage) };
  expect(await settle(target, published)).toMatchObject([
    { verb: "update", key: "example.org custom rule-admin", before: { enabled: false } },
    { verb: "create", key: "example.org custom base-traversal" },
  ]);
  expect(await settle(target, published)).toEqual([]);
});

test("shows a rule with our ref that no claim asked for as contested, and leaves it", async () => {
  await using world = await aCloudflare();
  world.server.addForeignRule("example.org", CUSTOM, {
    ref: "claimbot.test.shop-stage.rule-forged",
    action: "block",
    expression: "ssl",
  });
  const target = wafTarget(world.cloudflare);
  const { contested } = await target.observe(stage, SIGNAL);
  expect(contested.map(contestedText)).toEqual([expect.stringContaining("rule-forged bears our ref")]);
  expect(contested.some(({ blocks }) => blocks !== undefined)).toBe(false);
  await settle(target, stage);
  await settle(target, gone);
  expect(ownOf(world.server)).toEqual(["rule-forged"]);
});

test.each([
  [404, "HTML", { kind: "status", status: 404, html: true }],
  [404, "another 404", { kind: "status", status: 404 }],
  [403, "no right", { kind: "status", status: 403 }],
  [200, "an empty page", { kind: "status", status: 200 }],
  [200, "HTML", { kind: "status", status: 200, html: true }],
] as const)("only 404 with code 10003 means no rules: %i, %s, leads to no write", async (_, _what, fault) => {
  await using world = await aCloudflare();
  addForeign(world.server);
  const target = wafTarget(world.cloudflare);
  const changes = target.diff([], target.desired(stage));
  world.server.faults.add({ method: "GET", path: /entrypoint/, fault, times: 99 });
  await expect(target.apply(changes, releaseOf(stage), SIGNAL)).rejects.toMatchObject({
    name: expect.stringMatching(/^(Waiting|Stalled)$/),
  });
  expect(writesOf(world.server)).toEqual([]);
});

describe("somebody else writes at the same moment", () => {
  function logged(): { readonly log: Log; readonly lines: string[] } {
    const lines: string[] = [];
    const line = (_: object, message: string): void => void lines.push(message);
    return { lines, log: { debug: line, info: line, warn: line, error: line } };
  }

  test.each([
    ["where there were rules", true],
    ["where there was no ruleset at all", false],
  ])("a rule added between our reading and our writing is back at the end, %s", async (_, withForeign) => {
    await using world = await aCloudflare();
    if (withForeign) addForeign(world.server);
    const before = world.server.ruleset("example.org", CUSTOM)?.rules ?? [];
    const { log, lines } = logged();
    const target = wafTarget(world.cloudflare, log);
    world.server.addRuleMeanwhile("example.org", CUSTOM, { ref: "racer", action: "block", expression: "ssl" });
    await settle(target, stage);
    const rules = world.server.ruleset("example.org", CUSTOM)?.rules ?? [];
    expect(rules.slice(0, before.length)).toEqual(before);
    expect(rules.find(({ ref }) => ref === "racer")).toMatchObject({ action: "block", expression: "ssl", enabled: true });
    expect(ownOf(world.server)).toEqual(["base-traversal", "rule-admin"]);
    expect(lines).toEqual([expect.stringContaining("bringing their change back"), "their change is back"]);
    expect(await settle(target, { ...stage, log: logOf(stage) })).toEqual([]);
  });

  test("a change of a rule is back too, also when another one comes in while it is brought back", async () => {
    await using world = await aCloudflare();
    addForeign(world.server);
    world.server.editRuleMeanwhile("example.org", CUSTOM, "second", { enabled: true });
    const race = (): void =>
      void world.server.addForeignRule("example.org", CUSTOM, { ref: "late", action: "block", expression: "ssl" });
    const target = wafTarget(world.cloudflare);
    let puts = 0;
    const path = { test: (path: string) => path.endsWith("custom/entrypoint") && ++puts === 2 } as unknown as RegExp;
    world.server.faults.add({ method: "PUT", path, fault: { kind: "meanwhile", act: race } });
    await settle(target, stage);
    const rules = world.server.ruleset("example.org", CUSTOM)?.rules ?? [];
    expect(rules.find(({ ref }) => ref === "second")).toMatchObject({ enabled: true });
    expect(rules.map(({ ref }) => ref)).toContain("late");
    expect(new Set(rules.map(({ ref }) => ref)).size).toBe(rules.length);
  });

  test("a rule that they removed stays removed", async () => {
    await using world = await aCloudflare();
    addForeign(world.server);
    const act = (): void => world.server.removeRule("example.org", CUSTOM, "second");
    world.server.faults.add({ method: "PUT", path: /custom\/entrypoint$/, fault: { kind: "meanwhile", act } });
    await settle(wafTarget(world.cloudflare), stage);
    expect(world.server.ruleset("example.org", CUSTOM)?.rules.map(({ ref }) => ref)).toEqual([
      "first",
      "claimbot.test.shop-stage.base-traversal",
      "claimbot.test.shop-stage.rule-admin",
    ]);
  });

  test("it is found also when our own answer was lost", async () => {
    await using world = await aCloudflare();
    addForeign(world.server);
    world.server.addRuleMeanwhile("example.org", CUSTOM, { ref: "racer", action: "block", expression: "ssl" });
    world.server.faults.add({ method: "PUT", path: /custom\/entrypoint$/, fault: { kind: "cut-after" } });
    await settle(wafTarget(world.cloudflare), stage);
    expect(world.server.ruleset("example.org", CUSTOM)?.rules.map(({ ref }) => ref)).toContain("racer");
    expect(ownOf(world.server)).toEqual(["base-traversal", "rule-admin"]);
  });

  test("what cannot be brought back is said aloud", async () => {
    await using world = await aCloudflare();
    addForeign(world.server);
    world.server.addRuleMeanwhile("example.org", CUSTOM, { ref: "racer", action: "block", expression: "ssl" });
    world.server.faults.add({ path: /versions/, fault: { kind: "status", status: 500 }, times: 9 });
    const { log, lines } = logged();
    await expect(settle(wafTarget(world.cloudflare, log), stage)).rejects.toMatchObject({
      name: "Stalled",
      wayOut: expect.stringContaining("restore what is missing"),
    });
    expect(lines.at(-1)).toBe("rules of others may be lost");
  });

  test("environments that share an entry point at once wait for each other, so that nothing is to be brought back", async () => {
    await using world = await aCloudflare();
    const { log, lines } = logged();
    const target = wafTarget(world.cloudflare, log);
    const environments = ["one", "two", "three", "four"].map((name) =>
      withWaf(anEnvironment("stage", { name, hostnames: [`${name}.stage.example.org`] }), { rules: [ADMIN] }, BASELINE),
    );
    // A write takes long enough for every other environment to read before it is done.
    world.server.faults.add({ method: "PUT", path: /custom\/entrypoint$/, fault: { kind: "slow", ms: 30 }, times: 99 });
    await Promise.all(environments.map(async (environment) => settle(target, environment)));
    for (const environment of environments) expect(await settle(target, { ...environment, log: logOf(environment) })).toEqual([]);
    expect(ownOf(world.server)).toHaveLength(8);
    expect(lines).toEqual([]);
  });
});

const FAULTS: readonly (readonly [string, FaultKind])[] = [
  ["cut before anything happens", { kind: "cut-before" }],
  ["cut after it happened", { kind: "cut-after" }],
  ["500", { kind: "status", status: 500 }],
  ["502 in HTML", { kind: "status", status: 502, html: true }],
  ["502 after it happened", { kind: "status-after", status: 502 }],
  ["HTML with status 200", { kind: "status", status: 200, html: true }],
  ["429", { kind: "status", status: 429, retryAfterSeconds: 1 }],
];

test.each(FAULTS)("interrupted anywhere by %s, the next run converges without duplicates", async (_, fault) => {
  for (let call = 0; call < 26; call += 1) {
    await using world = await aCloudflare();
    const foreign = addForeign(world.server);
    let seen = 0;
    let interruptions = 0;
    world.server.faults.add({ path: { test: () => seen++ === call } as unknown as RegExp, fault });
    for (const environment of [stage, next, gone]) {
      for (;;) {
        try {
          // A new process: nothing is remembered, and the pause after 429 is over.
          if ((await settle(wafTarget(clientOf(world.server)), environment)).length === 0) break;
        } catch (error) {
          expect(error).toMatchObject({ name: "Waiting" });
          interruptions += 1;
        }
      }
      const wanted =
        environment === stage ? ["base-traversal", "rule-admin"] : environment === next ? ["country", "base-traversal"] : [];
      expect(ownOf(world.server)).toEqual(wanted);
    }
    expect(foreignOf(world.server)).toBe(foreign);
    expect(interruptions).toBeLessThanOrEqual(1);
  }
});

describe("the server's own judgement", () => {
  test("what Cloudflare would refuse is a mistake in the claim, and nothing is written", async () => {
    await using world = await aCloudflare("pro");
    addForeign(world.server);
    const wrong = withWaf(
      anEnvironment("stage"),
      { rules: [{ ...ADMIN, expression: "no.such.field eq 1" }], rateLimits: [{ ...LOGIN, periodSeconds: 600 }] },
      BASELINE,
    );
    const target = wafTarget(world.cloudflare);
    const changes = target.diff([], target.desired(wrong));
    const found = await target.check!(wrong, changes, SIGNAL);
    expect(found).toMatchObject([
      { code: "claim/waf-refused", severity: "error", path: "environments/stage/shop-stage.yaml", line: 1, column: 1 },
      { code: "claim/waf-refused" },
    ]);
    expect(found.map(({ message }) => message).join("\n")).toMatch(
      /spec\.waf\.rules admin \(expression\) in example\.org: .*\(20217\)/,
    );
    expect(found.map(({ message }) => message).join("\n")).toMatch(/spec\.waf\.rateLimits login \(ratelimit\.period\)/);
    await expect(settle(target, wrong)).rejects.toMatchObject({
      name: "Stalled",
      message: expect.stringContaining("Cloudflare refuses spec.waf"),
    });
    expect(writesOf(world.server)).toEqual([]);
  });

  test("what it takes gives no diagnostics", async () => {
    await using world = await aCloudflare();
    const target = wafTarget(world.cloudflare);
    expect(await target.check!(stage, target.diff([], target.desired(stage)), SIGNAL)).toEqual([]);
  });

  test("a quota is said in Cloudflare's words", async () => {
    await using world = await aCloudflare("free");
    const many = withWaf(anEnvironment("stage"), {
      rules: Array.from({ length: 6 }, (_, index) => ({ ...ADMIN, key: `r${index}` })),
    });
    const target = wafTarget(world.cloudflare);
    expect(await target.check!(many, target.diff([], target.desired(many)), SIGNAL)).toMatchObject([
      { message: expect.stringContaining("maximum number of rules") },
    ]);
  });
});

test("says which permission is missing", async () => {
  await using world = await aCloudflare();
  world.server.deny("example.org", "waf");
  await expect(settle(wafTarget(world.cloudflare), stage)).rejects.toMatchObject({
    name: "Stalled",
    wayOut: expect.stringContaining("Zone > Zone WAF > Edit on example.org"),
  });
});

test("a rollout is three calls per phase after the look", async () => {
  await using world = await aCloudflare();
  const target = wafTarget(world.cloudflare);
  await settle(target, stage);
  // The zone, the look at two phases; then for each a dry run, one more look and the write.
  expect(world.server.faults.requests).toHaveLength(1 + 2 + 2 * 3);
});
