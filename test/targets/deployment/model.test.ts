import { describe, expect, test } from "vitest";
import type { ForgeEnvironment } from "../../../src/core/ports.ts";
import { desiredEnvironment, markOf, observedEnvironment, releaseInMark } from "../../../src/targets/deployment/model.ts";
import { anEnvironment, going } from "../an-environment.ts";

const prod = anEnvironment("prod", { hostnames: ["Shop.Prod.example.org.", "b.prod.example.org"] });
const [wanted] = desiredEnvironment(prod);
const found: ForgeEnvironment = {
  name: "shop-prod",
  state: "available",
  tier: "production",
  externalUrl: "https://shop.prod.example.org",
  description: markOf("test", wanted!.release),
};

describe("what GitLab's page should say", () => {
  test.each([
    ["dev", "development"],
    ["sue", "testing"],
    ["stage", "staging"],
    ["prod", "production"],
  ] as const)("%s is of the tier %s", (type, tier) => {
    expect(desiredEnvironment(anEnvironment(type))).toMatchObject([{ name: `shop-${type}`, tier }]);
  });

  test("links to the first host name, in its one form", () => {
    expect(wanted!.externalUrl).toBe("https://shop.prod.example.org");
  });

  test.each([
    ["there is no host name", []],
    ["GitLab cannot keep it", [`${"a".repeat(60)}.`.repeat(4) + "stage.example.org"]],
  ])("has no link where %s", (_, hostnames) => {
    expect(desiredEnvironment(anEnvironment("stage", { hostnames }))[0]).not.toHaveProperty("externalUrl");
  });

  test("names another release for another claim and for other versions, and the same for the same", () => {
    const releases = [
      anEnvironment("prod"),
      anEnvironment("prod", { maxNodes: 4 }),
      anEnvironment("prod", { versions: { "shop-web": { constraint: "^2.3.0", tag: "2.4.2" } } }),
    ].map((environment) => desiredEnvironment(environment)[0]!.release);
    expect(new Set(releases).size).toBe(3);
    expect(desiredEnvironment(anEnvironment("prod"))[0]!.release).toBe(releases[0]);
  });

  test("is nothing when the environment is to go", () => {
    expect(desiredEnvironment(going(prod, []))).toEqual([]);
  });
});

describe("what is there", () => {
  test("is what was wished when it bears our mark of that release", () => {
    expect(observedEnvironment(prod, found)).toEqual({ resources: [wanted], pending: [], contested: [] });
  });

  test.each([
    ["nothing", undefined],
    ["one that was stopped", { ...found, state: "stopped" as const }],
  ])("%s counts as gone", (_, there) => {
    expect(observedEnvironment(prod, there)).toEqual({ resources: [], pending: [], contested: [] });
  });

  test("one that was made and not deployed to is still to be made, and goes like any other", () => {
    const made = { ...found, description: markOf("test", "none") };
    expect(observedEnvironment(prod, made)).toEqual({ resources: [], pending: [], contested: [] });
    expect(observedEnvironment(going(prod, []), made).resources).toHaveLength(1);
  });

  test("one that is being stopped is waited for when it is to go", () => {
    const stopping = { ...found, state: "stopping" as const };
    expect(observedEnvironment(going(prod, []), stopping).pending).toHaveLength(1);
    expect(observedEnvironment(prod, stopping).pending).toEqual([]);
  });

  test.each([
    ["no description", undefined],
    ["somebody's words", "The shop"],
    ["another instance's mark", markOf("other", wanted!.release)],
    ["our mark and more", `${markOf("test", wanted!.release)} and more`],
    ["a short digest", "claimbot test release 1234"],
  ])("one with %s is contested and never ours", (_, description) => {
    const { resources, contested } = observedEnvironment(prod, { ...found, description });
    expect(resources).toEqual([]);
    expect(contested).toMatchObject([
      {
        key: `environment ${prod.name}`,
        content: "",
        blocks: { key: "environment", wayOut: expect.stringContaining("`claimbot test release none`") },
      },
    ]);
    // Nothing of ours waits for the place of one that is to go.
    expect(observedEnvironment(going(prod, []), { ...found, description }).contested[0]?.blocks).toBeUndefined();
  });
});

test("a mark names its release, also before there is one", () => {
  expect(releaseInMark("test", markOf("test", "f".repeat(64)))).toBe("f".repeat(64));
  expect(releaseInMark("test", markOf("test", "none"))).toBe("none");
});
