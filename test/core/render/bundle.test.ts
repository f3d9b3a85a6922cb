import { existsSync, readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { assert as holds, jsonValue, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { disarmedBundle, RENDERING, renderBundle } from "../../../src/core/render/bundle.ts";
import { digestOf } from "../../../src/core/json.ts";
import { objectName, type KubernetesObject } from "../../../src/core/render/bundle/kubernetes-object.ts";
import { objectsIn, yamlOf } from "../../../src/core/render/bundle/yaml.ts";
import { anEnvironment, going, platform } from "../../targets/an-environment.ts";

const TYPES = ["dev", "sue", "stage", "prod"] as const;
const find = (objects: readonly KubernetesObject[], name: string): KubernetesObject => {
  const found = objects.find((object) => objectName(object) === name);
  return found ?? expect.fail(`no ${name} among ${objects.map(objectName).join(", ")}`);
};
const names = (objects: readonly KubernetesObject[]): string[] => objects.map(objectName);

describe("the bundle", () => {
  test.each(TYPES)("of one %s environment, as a whole", async (type) => {
    await expect(renderBundle(anEnvironment(type)).yaml).toMatchFileSnapshot(`../../golden/bundle/shop-${type}.yaml`);
  });

  // Where this fails for a change that is meant: raise RENDERING, then write the new digest beside the new number.
  test("that is rendered otherwise has another number", () => {
    const whole = digestOf(TYPES.map((type) => renderBundle(anEnvironment(type)).digest));
    expect([RENDERING, whole]).toEqual([1, "a7d9391825cd39671b1e68820c9aca21fa822cf0464ac9a02ef2e259301c9022"]);
  });

  test.each(TYPES)("of %s reads back as the objects it was made of", (type) => {
    const { yaml, objects } = renderBundle(anEnvironment(type));
    expect(objectsIn(yaml)).toEqual(JSON.parse(JSON.stringify(objects)));
  });

  test("is the same bytes for the same wish, whatever the order of members in its values", () => {
    const services = (values: Record<string, unknown>) => [{ name: "shop-web", version: "1.0.0", values }];
    const one = renderBundle(anEnvironment("dev", { services: services({ a: 1, b: { c: 2, d: 3 } }) }));
    const other = renderBundle(anEnvironment("dev", { services: services({ b: { d: 3, c: 2 }, a: 1 }) }));
    expect(other).toEqual(one);
    expect(one.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test("names no secret namespace and no namespace of the cluster's own, whatever the claim is called", () => {
    const { objects } = renderBundle(anEnvironment("dev", { name: "kube-system" }));
    expect(new Set(objects.map(({ metadata }) => metadata.namespace ?? metadata.name))).toEqual(new Set(["env-kube-system"]));
  });

  test("pins a service by digest where one is known, by tag else, by the constraint where no registry was asked", () => {
    const versions = {
      a: { constraint: "^1.0.0", tag: "1.2.0", digest: `sha256:${"0f".repeat(32)}` },
      b: { constraint: "^1.0.0", tag: "1.2.0" },
      c: { constraint: "^1.0.0" },
    };
    const services = ["a", "b", "c"].map((name) => ({ name, version: "^1.0.0" }));
    const { objects } = renderBundle(anEnvironment("dev", { services, versions }));
    const reference = (name: string): unknown =>
      (find(objects, `OCIRepository env-shop-dev/${name}`)["spec"] as { ref: unknown }).ref;
    expect(["a", "b", "c"].map(reference)).toEqual([
      { digest: `sha256:${"0f".repeat(32)}` },
      { tag: "1.2.0" },
      { semver: "^1.0.0" },
    ]);
  });

  test("builds services in the order of their dependencies, optional ones not being any order", () => {
    const services = [
      { name: "c", version: "1.0.0", dependsOn: ["b", { name: "a", optional: true }] },
      { name: "a", version: "1.0.0", dependsOn: ["c", "other-dev/z", "elsewhere"] },
      { name: "b", version: "1.0.0" },
    ];
    const { objects } = renderBundle(anEnvironment("dev", { services, versions: {} }));
    const builds = objects.filter(({ kind }) => kind === "Kustomization");
    expect(builds.map(({ metadata, spec }) => [metadata.name, (spec as { dependsOn?: unknown }).dependsOn])).toEqual([
      ["b", undefined],
      ["c", [{ name: "b" }]],
      ["a", [{ name: "c" }, { name: "z", namespace: "env-other-dev" }]],
    ]);
  });

  test("never lets Flux apply a folder that may be empty, and never as itself", () => {
    for (const { kind, spec } of renderBundle(anEnvironment("prod")).objects) {
      if (kind !== "Kustomization") continue;
      expect(spec).toMatchObject({ path: "./deploy", serviceAccountName: "services", targetNamespace: "env-shop-prod" });
    }
  });

  test("spreads many host names over routes of sixteen", () => {
    const hostnames = Array.from({ length: 40 }, (_, index) => `h${String(index).padStart(2, "0")}.example.org`);
    const routes = renderBundle(anEnvironment("stage", { hostnames })).objects.filter(({ kind }) => kind === "HTTPRoute");
    const sizes = routes.map(({ spec }) => (spec as { hostnames: string[] }).hostnames.length);
    expect(sizes).toEqual([16, 16, 8]);
  });

  test("has components of its own for stage and prod, and the shared ones' addresses for dev and sue", () => {
    const kinds = (type: (typeof TYPES)[number]): number[] =>
      ["HelmRelease", "Service"].map(
        (kind) => renderBundle(anEnvironment(type)).objects.filter((object) => object.kind === kind).length,
      );
    expect(TYPES.map(kinds)).toEqual([
      [0, 4],
      [0, 4],
      [4, 0],
      [4, 0],
    ]);
  });

  test("keeps a service that is called like a component apart from it", () => {
    const services = ["kong", "opal", "kong-values"].map((name) => ({ name, version: "1.0.0", values: {} }));
    expect(() => renderBundle(anEnvironment("prod", { services, versions: {} }))).not.toThrow();
  });

  test("renders no secret bindings where the platform has no secrets", () => {
    const { secrets: _none, ...spec } = platform.spec;
    const { objects } = renderBundle(anEnvironment("dev", { platform: { ...platform, spec } }));
    expect(objects.filter(({ kind }) => kind === "InfisicalSecret")).toEqual([]);
  });

  test("is not rendered for an environment that is to go", () => {
    expect(() => renderBundle(going(anEnvironment("dev"), []))).toThrow("to go");
  });
});

describe("the disarmed bundle", () => {
  test("has the same objects, none of them kept from deletion", () => {
    const { objects, digest } = renderBundle(anEnvironment("prod"));
    const disarmed = disarmedBundle(objects);
    expect(names(disarmed.objects)).toEqual(names(objects));
    expect(disarmed.digest).not.toBe(digest);
    expect(disarmed.yaml).not.toContain("prune: disabled");
    expect(find(disarmed.objects, "KubernetesCluster env-shop-prod/shop-prod")["spec"]).toMatchObject({
      deletionProtection: false,
    });
    expect(disarmedBundle(disarmed.objects)).toEqual(disarmed);
  });

  test("is really disarmed: the bundle was armed", () => {
    const { objects } = renderBundle(anEnvironment("prod"));
    const kept = objects.filter(({ metadata }) => metadata.annotations?.["kustomize.toolkit.fluxcd.io/prune"] === "disabled");
    expect(names(kept)).toEqual(["Namespace env-shop-prod", "KubernetesCluster env-shop-prod/shop-prod"]);
  });
});

describe("what a claim says stays what it says", () => {
  const nasty = [
    "yes",
    "NO",
    "on",
    "y",
    "null",
    "~",
    "1e3",
    "0o17",
    "0777",
    "1_000",
    "12:30:45",
    "2026-11-24",
    ".inf",
    "<<",
    "*a",
    "&a",
    "!!x",
    "- a",
  ];
  const moreNasty = [
    "a: b",
    "a #b",
    "${HOME}",
    "$(x)",
    "---",
    "...",
    "a\nb: c\n",
    "\u2028\u0085\ufeff",
    " lead",
    "trail ",
    "",
    "é😀",
    "\ud800",
    "\t",
  ];

  test.each([...nasty, ...moreNasty])("%j, for readers of YAML 1.1 and of 1.2, as value and as key", (text) => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data: { value: text, [text]: "value" } };
    const yaml = yamlOf([object]);
    for (const version of ["1.1", "1.2"] as const) expect(parse(yaml, { version, uniqueKeys: true })).toEqual(object);
    expect(yaml).not.toMatch(/[\u0085\u2028\u2029\ufeff]/);
  });

  test("whatever it is", () => {
    holds(
      property(jsonValue(), (data) => {
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" }, data } as KubernetesObject;
        const expected: unknown = JSON.parse(JSON.stringify(object));
        const [read] = objectsIn(yamlOf([object]));
        expect(read).toEqual(expected);
      }),
    );
  });

  test("values of services reach them as data, substitution being switched off on every object", () => {
    const { objects, yaml } = renderBundle(anEnvironment("dev"));
    const data = find(objects, "ConfigMap env-shop-dev/shop-web-values")["data"] as Record<string, string>;
    expect(JSON.parse(data["values.json"] ?? "")).toEqual({ replicas: 3, motto: "${yes}: on" });
    expect(objects.every(({ metadata }) => metadata.annotations?.["kustomize.toolkit.fluxcd.io/substitute"] === "disabled")).toBe(
      true,
    );
    expect(yaml).not.toContain("postBuild");
  });
});

test("a row of anything but Kubernetes objects is refused", () => {
  expect(() => objectsIn("---\na: 1\n")).toThrow("not a Kubernetes object");
  expect(() => objectsIn("---\n{")).toThrow("Flow map");
});

const CONTRACTS = new URL("../../../../shared/contracts/flux/", import.meta.url);

describe.skipIf(!existsSync(CONTRACTS))("Flux's own schemas accept every rendered object", () => {
  const validators = new Map<string, ValidateFunction>();
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validator = (kind: string): ValidateFunction | undefined => {
    const file = new URL(`${kind.toLowerCase()}.${kind === "HelmRelease" ? "v2" : "v1"}.json`, CONTRACTS);
    if (!existsSync(file)) return undefined;
    const { openAPIV3Schema } = JSON.parse(readFileSync(file, "utf8")) as { openAPIV3Schema: object };
    const known = validators.get(kind) ?? ajv.compile(closed(openAPIV3Schema));
    validators.set(kind, known);
    return known;
  };

  test.each(TYPES)("of %s", (type) => {
    const { yaml } = renderBundle(anEnvironment(type));
    const checked = new Set<string>();
    for (const document of parseAllDocuments(yaml)) {
      const object = document.toJS() as KubernetesObject;
      const check = validator(object.kind);
      if (check === undefined) continue;
      checked.add(object.kind);
      expect(check(object) ? [] : [objectName(object), check.errors]).toEqual([]);
    }
    expect(checked).toContain("Kustomization");
  });
});

/** An API server prunes what a schema does not name; here that is an error, but for metadata, whose schema is left open. */
function closed(schema: unknown): object {
  if (Array.isArray(schema))
    return schema.map((each: unknown) => (each !== null && typeof each === "object" ? closed(each) : each));
  const members = Object.entries(schema as Record<string, unknown>).map(([name, value]): [string, unknown] => [
    name,
    value !== null && typeof value === "object" ? closed(value) : value,
  ]);
  const result = Object.fromEntries(members);
  if ("properties" in result && result["x-kubernetes-preserve-unknown-fields"] !== true) result["additionalProperties"] ??= false;
  return result;
}
