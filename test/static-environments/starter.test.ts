/** The starter repository is the input of every demo: it must be good under every rule, and show what there is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Claim } from "../../src/core/claim/claim.generated.ts";
import type { Platform, RepeatingFreeze } from "../../src/core/claim/platform.generated.ts";
import { validateTree, type TreeFile } from "../../src/core/claim/validate.ts";
import { COMMANDS, parseNote } from "../../src/core/command.ts";
import { ENVIRONMENT_TYPES } from "../../src/core/environment.ts";
import { rruleMistake } from "../../src/core/recurrence.ts";

const PROJECT = new URL("../../", import.meta.url);
const STARTER = new URL("static-environments/", PROJECT);
const read = (path: string, base = STARTER): string => readFileSync(new URL(path, base), "utf8");
const PATHS = ENVIRONMENT_TYPES.flatMap((type) =>
  readdirSync(new URL(`environments/${type}/`, STARTER)).map((file) => `environments/${type}/${file}`),
);
const CLAIMS = PATHS.map((path) => parse(read(path)) as Claim);
const PLATFORM = parse(read("platform.yaml")) as Platform;

describe("the starter", () => {
  const ajv = new Ajv2020({ allErrors: true });
  formats.default(ajv);
  const errorsIn = (schema: string, value: unknown): unknown => {
    const validate =
      ajv.getSchema(schema) ?? ajv.compile({ ...(JSON.parse(read(`schemas/${schema}`, PROJECT)) as object), $id: schema });
    return validate(value) === true ? [] : validate.errors;
  };

  test.each(PATHS)("%s fits the schema, and tells editors where it is", (path) => {
    expect(errorsIn("claim.v1.schema.json", parse(read(path)))).toEqual([]);
    expect(read(path).split("\n", 1)).toEqual(["# yaml-language-server: $schema=../../schemas/claim.v1.schema.json"]);
  });

  test("platform.yaml fits the schema, and tells editors where it is", () => {
    expect(errorsIn("platform.v1.schema.json", PLATFORM)).toEqual([]);
    expect(read("platform.yaml").split("\n", 1)).toEqual(["# yaml-language-server: $schema=schemas/platform.v1.schema.json"]);
  });

  test("is good under every rule, without even a warning", () => {
    const files = [...PATHS, "platform.yaml"].map((path): TreeFile => ({
      path,
      mode: "100644",
      blob: "",
      bytes: readFileSync(new URL(path, STARTER)),
    }));
    const { diagnostics, claims } = validateTree({ files, rules: undefined });
    expect(diagnostics).toEqual([]);
    expect(claims).toHaveLength(PATHS.length);
  });

  test.each([
    ["schemas/claim.v1.schema.json", "schemas/claim.v1.schema.json"],
    ["schemas/platform.v1.schema.json", "schemas/platform.v1.schema.json"],
    ["ci-templates/claimbot.yml", "ci-templates/claimbot.yml"],
  ])("carries %s as it is", (copy, original) => {
    expect(read(copy)).toBe(read(original, PROJECT));
  });
});

describe("the starter shows", () => {
  const services = CLAIMS.flatMap((claim) => claim.spec.services.map((service) => ({ claim, service })));
  const dependencies = services.flatMap(({ claim, service }) =>
    (service.dependsOn ?? []).map((dependency) => ({
      claim,
      ...(typeof dependency === "string" ? { name: dependency, optional: false } : dependency),
    })),
  );
  const isOf = (claim: Claim, name: string): boolean => claim.spec.services.some((service) => service.name === name);

  test("every type and every class of pool", () => {
    expect(CLAIMS.length).toBeGreaterThanOrEqual(14);
    expect([...new Set(CLAIMS.map(({ spec }) => spec.type))].toSorted()).toEqual([...ENVIRONMENT_TYPES].toSorted());
    const used = new Set(CLAIMS.flatMap(({ spec }) => spec.cluster.nodePools.map((pool) => pool.class)));
    expect([...used].toSorted()).toEqual(PLATFORM.spec.nodePools.map((pool) => pool.class).toSorted());
    expect(used.size).toBe(6);
  });

  test("dependencies within a claim, across claims, named with their environment, optional, and optional and missing", () => {
    expect(dependencies.some(({ claim, name }) => isOf(claim, name))).toBe(true);
    expect(dependencies.some(({ claim, name }) => !isOf(claim, name) && !name.includes("/"))).toBe(true);
    expect(dependencies.some(({ name }) => name.includes("/"))).toBe(true);
    expect(dependencies.some(({ optional }) => optional)).toBe(true);
    const sameType = (claim: Claim): readonly Claim[] => CLAIMS.filter(({ spec }) => spec.type === claim.spec.type);
    expect(
      dependencies.some(({ claim, name, optional }) => optional && !sameType(claim).some((other) => isOf(other, name))),
    ).toBe(true);
  });

  test("an environment with names in both zones, and at most two rate limits on the business zone", () => {
    const zonesOf = (claim: Claim): readonly string[] => [
      ...new Set((claim.spec.dns?.hostnames ?? []).map((name) => name.split(".").slice(-2).join("."))),
    ];
    expect(PLATFORM.spec.zones.map(({ name, plan }) => [name, plan])).toEqual([
      ["example.org", "business"],
      ["example.com", "enterprise"],
    ]);
    expect(CLAIMS.some((claim) => zonesOf(claim).length === 2)).toBe(true);
    const limits = CLAIMS.filter((claim) => zonesOf(claim).includes("example.org")).flatMap(
      ({ spec }) => spec.waf?.rateLimits ?? [],
    );
    expect(limits.length).toBeLessThanOrEqual(2);
  });

  test("a freeze of prod around the end of the year", () => {
    expect(PLATFORM.spec.freezes).toEqual([
      expect.objectContaining({ types: ["prod"], from: "2026-12-18T15:00:00Z", until: "2027-01-04T06:00:00Z" }),
    ]);
  });
});

describe("what its README says", () => {
  const readme = read("README.md");

  test("about commands is so: each is understood, and those that come later are named", () => {
    const shown = [...readme.matchAll(/^\| `(\/claim [^`]*)` \|/gm)].map(([, line]) => line ?? "");
    const kinds = shown
      .flatMap((line) => parseNote(line))
      .map((parsed) => ("command" in parsed ? parsed.command.kind : parsed.mistake));
    expect([...new Set(kinds)].toSorted()).toEqual(
      COMMANDS.filter(({ works }) => works === "now")
        .map(({ kind }) => kind)
        .toSorted(),
    );
    const later = COMMANDS.filter(({ works }) => works === "later").map(({ kind }) => kind);
    const [sentence = ""] = /^`promote`[^.]*come later\./m.exec(readme) ?? [];
    expect([...sentence.matchAll(/`([a-z]+)`/g)].map(([, kind]) => kind)).toEqual(later);
  });

  test("about the types is what platform.yaml says", () => {
    for (const type of ENVIRONMENT_TYPES) {
      const { suffixes, approvals } = PLATFORM.spec.types[type];
      const [, , , names, needed] = new RegExp(`^\\| \`${type}\` .*$`, "m").exec(readme)?.[0].split("|") ?? [];
      expect([names?.trim(), needed?.trim()]).toEqual([suffixes.map((suffix) => `\`${suffix}\``).join(", "), String(approvals)]);
    }
  });

  test("about freezes that repeat can be taken as it is, like the one in the comments of platform.yaml", () => {
    const [, shown = ""] = /^```yaml\n {2}freezes:\n(.*?)^```/ms.exec(readme) ?? [];
    const [commented = ""] =
      /^( {4}# +(- )?[a-z]+: .*\n)+/im.exec(read("platform.yaml").replace(/^.*\n {2}freezes:\n/s, "")) ?? [];
    const freezes = [shown, commented.replaceAll(/^( {4})# /gm, "$1")];
    expect(freezes.map((text) => (parse(text) as readonly unknown[]).length)).toEqual([1, 1]);
    expect(parse(freezes[0] ?? "")).toEqual(parse(freezes[1] ?? ""));
    for (const text of freezes) {
      const bytes = new TextEncoder().encode(`${read("platform.yaml")}${text}`);
      expect(
        validateTree({ files: [{ path: "platform.yaml", mode: "100644", blob: "", bytes }], rules: undefined }).diagnostics,
      ).toEqual([]);
    }
    for (const [, rrule = ""] of readme.matchAll(/`(FREQ=[^`]*)`/g)) {
      const [freeze] = parse(shown) as readonly [RepeatingFreeze];
      expect(rruleMistake({ ...freeze, rrule })).toBeUndefined();
    }
  });

  test("leads to files that are there", () => {
    const paths = [...readme.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, path]) => path ?? "");
    expect(paths.filter((path) => !existsSync(new URL(path, STARTER)))).toEqual([]);
    expect(paths).toContain("policies/");
  });
});
