import { describe, expect, test } from "vitest";
import { differenceWords, hookDifferences, hookSecrets, hookWish, ourHooks } from "../../../src/core/onboarding/hook.ts";
import { DESIRED, hook } from "./example.ts";

describe("our hook among the project's", () => {
  test("is found by name and address, by address, or by name, in this order", () => {
    const [both, byUrl, byName] = [
      hook({ id: 3 }),
      hook({ id: 2, name: "by hand" }),
      hook({ id: 1, url: "https://old.example.org" }),
    ];
    const other = hook({ id: 4, name: "chat", url: "https://chat.example.org" });
    expect(ourHooks([other, byName, byUrl, both], DESIRED)).toEqual({ hook: both, others: [byUrl, byName] });
    expect(ourHooks([other, byName, byUrl], DESIRED).hook).toBe(byUrl);
    expect(ourHooks([other, byName], DESIRED)).toEqual({ hook: byName, others: [] });
    expect(ourHooks([other], DESIRED)).toEqual({ hook: undefined, others: [] });
  });
});

describe("what is different about a hook", () => {
  test.each([
    [{}, "", false],
    [{ url: "https://old.example.org" }, "calls https://old.example.org", true],
    [{ name: "by hand" }, "is called by hand", false],
    [{ name: undefined }, "", false],
    [{ events: ["push_events"] }, "does not hear merge requests, comments", true],
    [{ events: [...hook().events, "emoji_events", "confidential_note_events"] }, "also hears emoji, confidential note", false],
    [{ branchFilter: "release/*" }, "hears only of pushes to release/*", true],
    [{ hasTemplate: true }, "has a template that rewrites what it sends", true],
    [{ verifiesCertificate: false }, "does not check our certificate", false],
  ] as const)("%o: %s", (different, words, losesEvents) => {
    const differences = hookDifferences(hook(different), DESIRED);
    expect(differenceWords(differences)).toBe(words);
    expect(differences.some((difference) => difference.losesEvents)).toBe(losesEvents);
  });
});

describe("the secrets of a hook", () => {
  const [GIVEN, NONE] = [
    { secret: true, signingToken: true },
    { secret: false, signingToken: false },
  ];
  const OLD = hook({ hasSigningToken: undefined });
  test.each([
    ["a new hook gets made ones", undefined, NONE, "19.1.0", "made", "made"],
    ["a new hook gets those of the settings", undefined, GIVEN, "19.1.0", "given", "given"],
    ["an old GitLab gets no signing token", undefined, NONE, "18.11.2-ee", "made", "none"],
    ["an old GitLab gets no given one either", OLD, GIVEN, "18.11.2-ee", "given", "none"],
    ["what is there stays where the settings have none", hook(), NONE, "19.1.0", "kept", "kept"],
    ["given ones are sent again: nobody can compare them", hook(), GIVEN, "19.1.0", "given", "given"],
    ["another address loses what was there", hook({ url: "https://old.example.org" }), NONE, "19.1.0", "made", "made"],
    ["a missing one is made", hook({ hasSecret: false, hasSigningToken: false }), NONE, "19.1.0", "made", "made"],
    ["what GitLab does not tell is not overwritten", hook({ hasSecret: undefined }), NONE, "19.1.0", "kept", "kept"],
  ] as const)("%s", (_, found, given, version, secret, signingToken) => {
    expect(hookSecrets(found, DESIRED.url, given, { version, enterprise: true })).toEqual({ secret, signingToken });
  });
});

test("the wish names what is to be heard, and switches off what nobody asked for", () => {
  const { events } = hookWish(DESIRED, hook({ events: ["note_events", "emoji_events"] }), {});
  expect(events).toEqual({
    merge_requests_events: true,
    note_events: true,
    push_events: true,
    confidential_note_events: false,
    emoji_events: false,
  });
});
