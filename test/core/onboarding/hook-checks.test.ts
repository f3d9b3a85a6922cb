import { describe, expect, test } from "vitest";
import * as checks from "../../../src/core/onboarding/hook-checks.ts";
import type { HookDelivery } from "../../../src/core/ports.ts";
import { DESIRED, hook } from "./example.ts";

function sent(...statuses: readonly (number | undefined)[]): readonly HookDelivery[] {
  return statuses.map((status) => ({ trigger: "push_hooks", at: "2026-11-24T08:00:00.000Z", status }));
}

describe("deliveries, newest first", () => {
  test.each([
    [undefined, "skipped", undefined],
    [sent(), "skipped", undefined],
    [sent(202, 200), "good", undefined],
    [sent(202, 401, 401), "warning", undefined],
    [sent(401, 202), "bad", "different secrets"],
    [sent(503), "bad", "cannot store"],
    [sent(undefined), "bad", "cannot reach https://claimbot.example.org"],
    // For GitLab a redirect is a success; the event is lost all the same.
    [sent(302), "bad", "Something else than claimbot"],
    [sent(404), "bad", "Something else than claimbot"],
  ] as const)("%j: %s", (deliveries, verdict, fix) => {
    const check = checks.checkDeliveries(deliveries, DESIRED.url);
    expect(check.verdict).toBe(verdict);
    if (fix !== undefined) expect(check.fix).toContain(fix);
  });

  test("says how many failed", () => {
    expect(checks.checkDeliveries(sent(202, 401, undefined), DESIRED.url).detail).toBe(
      "the last one (push_hooks, 2026-11-24T08:00:00.000Z) was answered 202; 2 of the last 3 failed",
    );
  });
});

describe("secrets on both sides", () => {
  test.each([
    ["a signature is demanded and sent", {}, [1, 1], "good"],
    ["the secret alone", { hasSigningToken: false }, [1, 0], "good"],
    ["a signature is demanded, and not sent", { hasSigningToken: false }, [1, 1], "bad"],
    ["a signature is demanded of an old GitLab", { hasSigningToken: undefined }, [1, 1], "bad"],
    ["a secret is demanded, and not sent", { hasSecret: false, hasSigningToken: false }, [1, 0], "bad"],
    ["GitLab signs for nobody", {}, [1, 0], "warning"],
    ["two are live", {}, [1, 2], "warning"],
    ["the settings have none", {}, [0, 0], "skipped"],
  ] as const)("%s", (_, different, [secrets, signingTokens], verdict) => {
    expect(checks.checkHookSecrets(hook(different), { secrets, signingTokens })).toMatchObject({ verdict });
  });
});

test("a hook that loses events is bad, one with a flaw is a warning", () => {
  expect(checks.checkHookSettings(undefined, DESIRED)).toMatchObject({ verdict: "bad", fix: "Run claimbot init" });
  expect(checks.checkHookSettings(hook({ events: [] }), DESIRED)).toMatchObject({ verdict: "bad" });
  expect(checks.checkHookSettings(hook({ name: "by hand" }), DESIRED)).toMatchObject({ verdict: "warning" });
  expect(checks.checkHookSettings(hook(), DESIRED)).toMatchObject({ verdict: "good" });
});

test("a hook that is off says until when", () => {
  const until = "2026-11-24T09:00:00.000Z";
  const off = checks.checkHookHealth(hook({ health: "temporarily_disabled", disabledUntil: until }));
  expect(off).toMatchObject({ verdict: "bad", detail: `hook 7 is off after failures, until ${until}` });
  expect(checks.checkHookHealth(hook({ health: "disabled" })).verdict).toBe("bad");
  expect(checks.checkHookHealth(hook()).verdict).toBe("good");
});
