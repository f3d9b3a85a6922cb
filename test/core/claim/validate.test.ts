import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlobCache } from "../../../src/core/claim/blob-cache.ts";
import type { Platform } from "../../../src/core/claim/platform.generated.ts";
import { parsePlatform } from "../../../src/core/claim/parse.ts";
import { validateTree, type TreeFile, type TreeInput } from "../../../src/core/claim/validate.ts";
import { digestOf } from "../../../src/core/json.ts";
import { claimText, drawnAs, fileOf, PLATFORM } from "./example.ts";

const PLATFORM_FILE = fileOf("platform.yaml", PLATFORM);

function claimFile(name: string, type = "stage", change = (text: string): string => text): TreeFile {
  return fileOf(`environments/${type}/${name}.yaml`, change(claimText(name, type)));
}

function judge(files: readonly TreeFile[], more: Partial<TreeInput> = {}): ReturnType<typeof validateTree> {
  return validateTree({ files: [PLATFORM_FILE, ...files], rules: undefined, ...more });
}

function platformOf(text: string): Platform {
  const parsed = parsePlatform("platform.yaml", new TextEncoder().encode(text));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value;
}

describe("judging a tree", () => {
  test("returns good claims by path, with their digests", () => {
    const { claims, platform, diagnostics } = judge([claimFile("shop-stage"), claimFile("pay-dev", "dev")]);
    expect(diagnostics).toEqual([]);
    expect(claims.map(({ path }) => path)).toEqual(["environments/dev/pay-dev.yaml", "environments/stage/shop-stage.yaml"]);
    for (const { claim, claimDigest } of claims) expect(claimDigest).toBe(digestOf(claim));
    expect(platform?.kind).toBe("Platform");
  });

  test("does not depend on the order of the files", () => {
    const files = ["a-stage", "b-stage", "c-stage"].map((name) =>
      claimFile(name, "stage", (text) => text.replace("fra", "mars")),
    );
    expect(judge(files.toReversed())).toEqual(judge(files));
  });

  test("leaves out a claim with an error, but knows that its file is there", () => {
    const bad = claimFile("shop-stage", "stage", (text) => text.replace("region: fra", "region: mars"));
    const worse = fileOf("environments/stage/torn.yaml", "apiVersion: [");
    const { claims, present } = judge([bad, worse, claimFile("pay-stage")]);
    expect(claims.map(({ claim }) => claim.metadata.name)).toEqual(["pay-stage"]);
    expect(present).toEqual(new Set(["shop-stage", "torn", "pay-stage"]));
  });

  test("keeps a claim with warnings only", () => {
    const odd = claimFile("shop-stage", "stage", (text) => text.replace("^2.3.0}", "^2.3.0, values: {password: hunter2}}"));
    const { claims, diagnostics } = judge([odd]);
    expect(claims.length).toBe(1);
    expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toEqual(["warning claim/secret-in-values"]);
    expect(JSON.stringify(diagnostics)).not.toContain("hunter2");
  });

  test("says that platform.yaml is missing, and still lists the claims: nothing is to go", () => {
    const { claims, platform, diagnostics } = validateTree({ files: [claimFile("shop-stage")], rules: undefined });
    expect(diagnostics.map(({ code }) => code)).toEqual(["platform/missing"]);
    expect(platform).toBeUndefined();
    expect(claims.length).toBe(1);
  });

  test("judges by the adopted rules, over the inputs of the files", () => {
    const adopted = platformOf(PLATFORM.replace("commerce/payments, ", "").replace("regions: [fra, ams]", "regions: [mars]"));
    const { diagnostics, platform } = judge([claimFile("shop-stage")], { rules: adopted });
    expect(diagnostics.map(({ code }) => code)).toEqual(["claim/owner-unknown"]);
    expect(platform?.spec.regions).toEqual(["fra", "ams"]);
  });

  test("judges by the adopted rules alone where the files' platform is wrong", () => {
    const broken = fileOf("platform.yaml", PLATFORM.replace("kind: Platform", "kind: Platfrom"));
    const files = [broken, claimFile("shop-stage", "stage", (text) => text.replace("fra", "mars"))];
    const { diagnostics, platform } = validateTree({ files, rules: platformOf(PLATFORM) });
    expect(diagnostics.map(({ code }) => code)).toEqual(["claim/region-unknown", "schema/value"]);
    expect(platform).toBeUndefined();
  });

  test("tells the newcomer, not who lives already, about a taken name and a full quota", () => {
    const named = (name: string): TreeFile =>
      claimFile(name, "stage", (text) => `${text}  dns: {hostnames: [pay.stage.example.org]}\n`);
    const live = new Map([["shop-stage", { type: "stage", region: "fra" }]]);
    const { claims, diagnostics } = judge([named("shop-stage"), named("aaa-stage")], { live });
    expect(claims.map(({ claim }) => claim.metadata.name)).toEqual(["shop-stage"]);
    expect(diagnostics.map(drawnAs)).toEqual(["environments/stage/aaa-stage.yaml:13:21-42 error claim/hostname-taken"]);
    const grown = new Map([["shop-stage", { type: "stage", region: "fra", hostnames: ["shop.stage.example.org"] }]]);
    const elsewhere = [{ hostname: "pay.stage.example.org", where: "!12" }];
    const { diagnostics: ofTheGrown } = judge([named("shop-stage")], { live: grown, elsewhere });
    expect(ofTheGrown.map(({ message }) => message)).toEqual(["pay.stage.example.org is also asked for by !12."]);
    const both = judge([named("shop-stage"), named("aaa-stage")]);
    expect(both.claims).toEqual([]);
  });

  test("says on the line of the dependent that what it needs is to be removed, by the old claim too", () => {
    const needs = claimFile("shop-stage", "stage", (text) => text.replace("^2.3.0}", "^2.3.0, dependsOn: [ledger]}"));
    const ledger = claimFile("ledger-stage", "stage", (text) => text.replace("payments-api", "ledger"));
    expect(judge([needs, ledger]).diagnostics).toEqual([]);
    const [old] = judge([ledger]).claims;
    const { diagnostics } = judge([needs], { removed: [{ name: "ledger-stage", ...(old && { claim: old.claim }) }] });
    expect(diagnostics.map(drawnAs)).toEqual(["environments/stage/shop-stage.yaml:12:57-63 error claim/dependency-removed"]);
  });

  test("does not take a service of another type for a dependency", () => {
    const needs = claimFile("shop-stage", "stage", (text) => text.replace("^2.3.0}", "^2.3.0, dependsOn: [ledger]}"));
    const ledger = claimFile("ledger-prod", "prod", (text) => text.replace("payments-api", "ledger"));
    expect(judge([needs, ledger]).diagnostics.map(({ code }) => code)).toEqual(["claim/dependency-missing"]);
  });

  describe("where the claim that others depend on has mistakes itself", () => {
    const needs = (name: string): TreeFile =>
      claimFile("shop-stage", "stage", (text) => text.replace("^2.3.0}", `^2.3.0, dependsOn: [${name}]}`));
    const ledger = (change: (text: string) => string): TreeFile =>
      claimFile("ledger-stage", "stage", (text) => change(text.replace("payments-api", "ledger")));
    const noRegion = ledger((text) => text.replace("region: fra", "regoin: fra"));
    const noColon = ledger((text) => text.replace("name: ledger,", "name ledger: ,"));
    const codesOf = (files: readonly TreeFile[], more: Partial<TreeInput> = {}): readonly string[] =>
      judge(files, more).diagnostics.map(({ path, code }) => `${path.split("/").at(-1)} ${code}`);

    test.each<[string, TreeFile]>([
      ["an unknown member", noRegion],
      ["a service that cannot be read", ledger((text) => text.replace("version: ^2.3.0", "version: ^2.3.0, name: again"))],
      ["a service without a name", ledger((text) => text.replace("{name: ledger", "{nmae: ledger"))],
      ["no YAML", ledger((text) => text.replace("kind: Environment", "kind: [Environment"))],
      ["a line without its colon", noColon],
      ["a format that nobody knows", ledger((text) => text.replace("claimbot/v1", "claimbot/v9"))],
      ["an encoding that nobody reads", { ...noRegion, bytes: Buffer.from(claimText("ledger-stage", "stage"), "utf16le") }],
      ["a value that is refused", ledger((text) => text.replace("region: fra", "region: mars"))],
      ["a link in its place", { ...noRegion, mode: "120000" }],
    ])("%s: only its own mistakes are told", (_, broken) => {
      for (const name of ["ledger", "ledger-stage/ledger"]) {
        const codes = codesOf([needs(name), broken]);
        expect(codes).not.toEqual([]);
        expect(codes.filter((code) => !code.startsWith("ledger-stage.yaml "))).toEqual([]);
      }
    });

    test.each<[string, string, readonly TreeFile[]]>([
      ["another service than it has", "mailer", [noRegion]],
      ["a word that is not in its file", "mailer", [noColon]],
      ["another environment", "pay-stage/ledger", [noRegion]],
      ["an environment of another type", "ledger-prod/ledger", [claimFile("ledger-prod", "prod", () => "a: [")]],
      ["a service of another type", "ledger", [fileOf("environments/prod/ledger-prod.yaml", "services: [{name: ledger}]")]],
    ])("%s is missing all the same", (_, name, broken) => {
      expect(codesOf([needs(name), ...broken])).toContain("shop-stage.yaml claim/dependency-missing");
    });

    test("nothing is said of a removal either, while the new file of what was renamed cannot be read", () => {
      const [old] = judge([claimFile("ledger-old", "stage", (text) => text.replace("payments-api", "ledger"))]).claims;
      const removed = [{ name: "ledger-old", ...(old && { claim: old.claim }) }];
      expect(codesOf([needs("ledger")], { removed })).toEqual(["shop-stage.yaml claim/dependency-removed"]);
      expect(codesOf([needs("ledger"), noRegion], { removed })).toEqual([
        "ledger-stage.yaml schema/missing",
        "ledger-stage.yaml schema/unknown",
      ]);
    });

    test("the dependent is a good claim, and is so by the cache too", () => {
      const cache = new BlobCache();
      const files = [needs("ledger"), noColon, PLATFORM_FILE].map((file) => ({ ...file, blob: file.path }));
      const first = validateTree({ files, rules: undefined, cache });
      expect(first.claims.map(({ path }) => path)).toEqual(["environments/stage/shop-stage.yaml"]);
      const known = files.map(({ path, mode, blob }) => ({ path, mode, blob }));
      expect(validateTree({ files: known, rules: undefined, cache })).toEqual(first);
      const mended = { ...claimFile("ledger-stage"), blob: "mended" };
      const codes = validateTree({
        files: [...known.filter(({ path }) => !path.endsWith("ledger-stage.yaml")), mended],
        rules: undefined,
        cache,
      });
      expect(codes.diagnostics.map(({ code }) => code)).toEqual(["claim/dependency-missing"]);
    });

    test("the doubt itself is told to whoever asks for it", () => {
      expect(codesOf([needs("ledger"), noRegion], { tellDoubts: true })).toContain("shop-stage.yaml claim/dependency-missing");
    });
  });

  test("draws a circle over several claims, for each author from their own service", () => {
    const chain = (name: string, service: string, needs: string): TreeFile =>
      claimFile(name, "stage", (text) =>
        text.replace("payments-api, version: ^2.3.0", `${service}, version: ^1.0.0, dependsOn: [${needs}]`),
      );
    const { diagnostics } = judge([
      chain("ledger-stage", "ledger", "payments"),
      chain("payments-stage", "payments", "shop"),
      chain("shop-stage", "shop", "ledger"),
      chain("front-stage", "front", "shop"),
    ]);
    expect(diagnostics.map(({ path, code, message }) => `${path} ${code} ${message}`)).toEqual([
      "environments/stage/ledger-stage.yaml claim/dependency-cycle ledger-stage/ledger → payments-stage/payments → shop-stage/shop → ledger-stage/ledger: these depend on each other in a circle.",
      "environments/stage/payments-stage.yaml claim/dependency-cycle payments-stage/payments → shop-stage/shop → ledger-stage/ledger → payments-stage/payments: these depend on each other in a circle.",
      "environments/stage/shop-stage.yaml claim/dependency-cycle shop-stage/shop → ledger-stage/ledger → payments-stage/payments → shop-stage/shop: these depend on each other in a circle.",
    ]);
  });

  test("shows the mended line of a mistyped name", () => {
    const typo = claimFile("shop-stage", "stage", (text) => `${text}  dns:\n    hostnames: [pay.stage.exmaple.org]\n`);
    expect(judge([typo]).diagnostics).toEqual([
      {
        code: "claim/hostname-outside-zone",
        severity: "error",
        path: "environments/stage/shop-stage.yaml",
        line: 14,
        column: 17,
        endColumn: 38,
        message: "pay.stage.exmaple.org is outside the zones of stage (stage.example.org).",
        hint: "Did you mean pay.stage.example.org?",
        suggestion: "    hostnames: [pay.stage.example.org]",
      },
    ]);
  });

  test.each([
    ["environments/stage/Shop.yaml", "100644", "tree/not-a-claim"],
    ["environments/stage/shop.yml", "100644", "tree/not-a-claim"],
    ["environments/stage/deep/shop.yaml", "100644", "tree/not-a-claim"],
    ["environments/test/shop.yaml", "100644", "tree/not-a-claim"],
    ["environments/README.md", "100644", "tree/not-a-claim"],
    ["environments/stage/..%2fx.yaml", "100644", "tree/not-a-claim"],
    ["environments/stage/shop.yaml", "120000", "tree/symlink"],
    ["environments/stage/shop.yaml", "160000", "tree/submodule"],
    ["environments/stage/.gitkeep", "100644", undefined],
  ])("of %s with mode %s says %s", (path, mode, code) => {
    const { diagnostics } = judge([{ ...fileOf(path, "-"), mode }]);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toEqual(code === undefined ? [] : [code]);
  });

  test("throws for no tree, whatever its files hold", () => {
    const path = fc.oneof(
      fc.constantFrom(
        "platform.yaml",
        "environments/dev/a-dev.yaml",
        "environments/stage/b-stage.yaml",
        "environments/prod/b-stage.yaml",
      ),
      fc.string({ maxLength: 20 }),
    );
    const text = fc
      .tuple(
        fc.constantFrom(PLATFORM, claimText("b-stage", "stage"), claimText("a-dev", "dev"), ""),
        fc.nat(400),
        fc.nat(20),
        fc.string({ maxLength: 12, unit: "binary" }),
      )
      .map(([base, at, cut, piece]) => new TextEncoder().encode(base.slice(0, at) + piece + base.slice(at + cut)));
    const file = fc.record({
      path,
      mode: fc.constantFrom("100644", "100755", "120000", "160000", ""),
      blob: fc.constantFrom("", "1", "2"),
      bytes: fc.oneof(text, fc.uint8Array({ maxLength: 60 })),
    });
    const hostname = fc.oneof(fc.domain(), fc.string());
    fc.assert(
      fc.property(fc.array(file, { maxLength: 6 }), fc.array(hostname), fc.array(fc.string()), (files, names, removed) => {
        const elsewhere = names.map((name) => ({ hostname: name, where: "!1" }));
        const { diagnostics } = validateTree({ files, rules: undefined, elsewhere, removed, cache: new BlobCache() });
        for (const { message, hint } of diagnostics) expect(message !== "" && typeof hint === "string").toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test("survives any claim that the schema takes, with odd names in every field", () => {
    const word = fc.oneof(
      fc.string({ maxLength: 8 }),
      fc.constantFrom("constructor", "__proto__", "toString", "xn--", "xn--a", "*.x", "_a.b", "a.b"),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), fc.array(word, { maxLength: 5 }), word, (hostnames, ips, expression) => {
        const waf = { blockIps: ips, rules: [{ key: "a", description: "a", expression: `${expression} `, action: "log" }] };
        const text = `${claimText("a-stage", "stage")}  dns: ${JSON.stringify({ hostnames: hostnames.map((name) => name || "x") })}\n  waf: ${JSON.stringify(waf)}\n`;
        judge([fileOf("environments/stage/a-stage.yaml", text)]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the cache", () => {
  const files = [
    { ...PLATFORM_FILE, blob: "p1" },
    { ...claimFile("shop-stage"), blob: "c1" },
  ];

  test("reads nothing twice, and answers the same", () => {
    const cache = new BlobCache();
    const first = validateTree({ files, rules: undefined, cache });
    const known = files.map(({ path, mode, blob }) => ({ path, mode, blob }));
    expect(known.every(({ path, blob }) => cache.knows(path, blob))).toBe(true);
    expect(validateTree({ files: known, rules: undefined, cache })).toEqual(first);
  });

  test("judges anew when the platform changes, and keeps a bad file's mistakes", () => {
    const cache = new BlobCache();
    const bad = { ...claimFile("bad-stage", "stage", (text) => text.replace("kind: Environment", "kind: Env")), blob: "c2" };
    validateTree({ files: [...files, bad], rules: undefined, cache });
    const moved = { ...fileOf("platform.yaml", PLATFORM.replace("[fra, ams]", "[ams]")), blob: "p2" };
    const codes = validateTree({ files: [moved, ...files.slice(1), bad], rules: undefined, cache }).diagnostics.map(
      ({ code }) => code,
    );
    expect(codes).toEqual(["schema/value", "claim/region-unknown"]);
  });

  test("forgets what was used longest ago, and never keeps a file that git does not know", () => {
    const cache = new BlobCache(2);
    for (const blob of ["1", "2", "1", "3"]) cache.entry("a", blob).claim ??= { ok: false, diagnostics: [] };
    expect(["1", "2", "3"].map((blob) => cache.knows("a", blob))).toEqual([true, false, true]);
    cache.entry("a", "").claim = { ok: false, diagnostics: [] };
    expect(cache.knows("a", "")).toBe(false);
  });

  test("is asked for a file that it does not know: that is our own mistake", () => {
    expect(() => validateTree({ files: [{ path: "platform.yaml", mode: "100644", blob: "x" }], rules: undefined })).toThrow(
      "without its bytes",
    );
  });
});
