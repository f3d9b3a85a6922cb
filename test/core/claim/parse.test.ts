import * as fc from "fast-check";
import { dump } from "js-yaml";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { decode } from "../../../src/core/claim/decode.ts";
import { readFast } from "../../../src/core/claim/fast-yaml.ts";
import { parseClaim, parsePlatform } from "../../../src/core/claim/parse.ts";
import { readYaml } from "../../../src/core/claim/yaml.ts";
import { claimText, PLATFORM } from "./example.ts";

const PATH = "environments/stage/payments-stage.yaml";
const CLAIM = claimText("payments-stage", "stage");

function read(text: string): ReturnType<typeof parseClaim> {
  return parseClaim(PATH, new TextEncoder().encode(text));
}

function said(text: string): readonly string[] {
  const parsed = read(text);
  return parsed.ok ? [] : parsed.diagnostics.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);
}

/** Pieces of YAML, of claims and of trouble, in any order. */
const yamlText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."a b key: ? - , [ ] { } : :: # & * ! | > ' \" % @ ` ~ << = --- ... null true yes 1 1.0 1.30 0x1F 0o17 0777 1e3 .inf -.5 12e03".split(
          " ",
        ),
        ..."&a *a !!str !!binary !<tag:x> __proto__ constructor 2001-12-14 -0 +1 0b1 1_000 \\n \\u0041 spec metadata name".split(
          " ",
        ),
        "\n",
        "\n  ",
        "\n    ",
        "\n- ",
        ": ",
        " ",
        "  ",
        "\t",
        "\r\n",
        "\r",
        " #",
        "key: value\n",
        "- item\n",
        "\ufeff",
        "\u0085",
        "\u2028",
        "é",
        "🙂",
      ),
      fc.string({ maxLength: 6, unit: "binary" }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

/** Text that most often is good YAML, in the styles that people write. */
const writtenYaml = fc
  .tuple(
    fc.jsonValue({ maxDepth: 4, depthSize: "medium", stringUnit: "grapheme" }),
    fc.constantFrom<(value: unknown) => string>(
      (value) => stringify(value),
      (value) => stringify(value, { defaultStringType: "QUOTE_SINGLE" }),
      (value) => stringify(value, { collectionStyle: "flow" }),
      (value) => dump(value),
      (value) => dump(value, { flowLevel: 1 }),
      (value) => JSON.stringify(value),
      (value) => JSON.stringify(value, undefined, 2),
    ),
  )
  .map(([value, write]) => write(value));

/** A good claim with a piece cut out and another put in. */
const mutatedClaim = fc
  .tuple(fc.nat(CLAIM.length), fc.nat(30), fc.oneof(yamlText, fc.string({ maxLength: 10 })))
  .map(([at, cut, piece]) => CLAIM.slice(0, at) + piece + CLAIM.slice(at + cut));

describe("parsing", () => {
  test("takes any bytes without throwing, and says something of what it refuses", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const parsed of [parseClaim(PATH, bytes), parsePlatform("platform.yaml", bytes)]) {
          if (!parsed.ok) expect(parsed.diagnostics.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("takes any text without throwing, and points into the text", () => {
    fc.assert(
      fc.property(fc.oneof(yamlText, writtenYaml, mutatedClaim), (text) => {
        const parsed = read(text);
        const lines = new TextDecoder().decode(new TextEncoder().encode(text)).split("\n");
        if (parsed.ok) return;
        expect(parsed.diagnostics.length).toBeGreaterThan(0);
        for (const { line, column, endColumn } of parsed.diagnostics) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? "").length + 1);
          expect(endColumn).toBeGreaterThan(column);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test("reads alike with both parsers wherever the fast one answers", () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.oneof(yamlText, writtenYaml, writtenYaml, mutatedClaim), (written) => {
        // Some characters are refused before either parser sees them, and a byte order mark is taken off.
        const decoded = decode(PATH, new TextEncoder().encode(written));
        const text = decoded.ok ? decoded.text : "";
        const fast = readFast(text);
        if (fast === undefined) return;
        const slow = readYaml(PATH, text);
        answered += 1;
        expect({ text, value: fast.value, diagnostics: [] }).toEqual({
          text,
          value: slow.value,
          diagnostics: slow.diagnostics,
        });
      }),
      {
        numRuns: 5_000,
        examples: [
          ["...\n- "],
          ["%YAML 1.1\n---\na: 1"],
          ["a: 1\n...\n"],
          [".inf: 1"],
          [".nan: 1"],
          ["  ---"],
          ["1e999"],
          ['{"a": 1, "1.0": 2, "\\u005f_proto__": 3}'],
        ],
      },
    );
    expect(answered).toBeGreaterThan(500);
  });

  test("answers fast for a plain claim and a plain platform", () => {
    expect(readFast(CLAIM)?.value).toMatchObject({ kind: "Environment" });
    expect(readFast(PLATFORM)?.value).toMatchObject({ kind: "Platform" });
  });

  test.each([
    ["a byte order mark", `\ufeff${CLAIM}`],
    ["Windows line ends", CLAIM.replaceAll("\n", "\r\n")],
    ["comments", `# first\n${CLAIM}# last\n`],
    ["a document start", `---\n${CLAIM}`],
    ["no line end at the end", CLAIM.trimEnd()],
    ["JSON", JSON.stringify(readFast(CLAIM)?.value)],
  ])("takes a claim with %s", (_, text) => {
    const parsed = read(text);
    expect(parsed.ok && parsed.value.metadata.name).toBe("payments-stage");
  });

  test("reads scalars as YAML 1.2 does", () => {
    const values =
      "on: yes\noctal: 0777\nmode: 0o17\nhex: 0x1F\ndate: 2026-11-24\ntilde: ~\nempty:\ntext: '1'\ntemplate: ${HOME} {{ x }}";
    const text = `${CLAIM}    - name: other\n      version: ^1.0.0\n      values:\n${values.replaceAll(/^/gm, "        ")}\n`;
    const parsed = read(text);
    expect(parsed.ok && parsed.value.spec.services[1]?.values).toEqual({
      on: "yes",
      octal: 777,
      mode: 15,
      hex: 31,
      date: "2026-11-24",
      tilde: null,
      empty: null,
      text: "1",
      template: "${HOME} {{ x }}",
    });
  });

  test("never touches the prototype of anything", () => {
    for (const text of [
      '{"__proto__": {"polluted": 1}}',
      "__proto__:\n  polluted: 1",
      "<<: {polluted: 1}",
      "a: {constructor: {prototype: {polluted: 1}}}",
    ]) {
      expect(read(text).ok).toBe(false);
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    }
  });

  test("stops a bomb of aliases at its first anchor", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghi"
      .split("")
      .map((name, index) => `${name}: &${name} [${`*${"abcdefgh"[index]},`.repeat(9)}]`)
      .join("\n")}\n`;
    expect(said(bomb)[0]).toBe("1:4 yaml/anchor Anchors are not allowed.");
  });

  test.each(["[", "- ", '"', "!t ", "]", "[,", "k:\n", "---\n"])("ends with a file full of %j", (piece) => {
    const parsed = read(piece.repeat(262_144 / piece.length));
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.diagnostics.length).toBeLessThanOrEqual(101);
  });

  test("says all mistakes of the fields at once, each at its place", () => {
    const text = `apiVersion: claimbot/v1
kind: Environment
metadata:
  name: Payments
  ownr: commerce/payments
spec:
  type: stag
  cluster: {region: fra, version: 1.30, nodePools: []}
  services:
    - name: payments-api
      version: ^2.3.0
      dependsOn: [ledger, {name: 3}, 7]
      values:
`;
    expect(said(text)).toEqual([
      "3:1 schema/missing metadata needs owner.",
      "5:3 schema/unknown ownr is not a field of metadata.",
      "4:9 schema/value Payments is not a valid value of metadata.name.",
      "7:9 schema/value spec.type must be dev, sue, stage or prod, not stag.",
      "8:35 schema/type spec.cluster.version must be text, not the number 1.3.",
      "8:52 schema/limit spec.cluster.nodePools must have at least 1 item.",
      "12:34 schema/type spec.services[0].dependsOn[1].name must be text, not the number 3.",
      "12:38 schema/type spec.services[0].dependsOn[2] must be text or a block of fields, not the number 7.",
      "13:7 schema/type spec.services[0].values must be a block of fields, not empty.",
    ]);
    const parsed = read(text);
    const suggestions = parsed.ok ? [] : parsed.diagnostics.flatMap(({ suggestion }) => suggestion ?? []);
    expect(suggestions).toEqual([
      "  owner: commerce/payments",
      "  type: stage",
      '  cluster: {region: fra, version: "1.30", nodePools: []}',
    ]);
  });

  test("says of the shared gateway that it has exactly one of its two fields", () => {
    const both = PLATFORM.replace("shared: {", "shared: {address: 203.0.113.1, ");
    const none = PLATFORM.replace(/shared: \{.*\}/, "shared: {}");
    const messages = [both, none].map((text) => {
      const parsed = parsePlatform("platform.yaml", new TextEncoder().encode(text));
      return parsed.ok ? [] : parsed.diagnostics.map(({ line, message }) => `${line} ${message}`);
    });
    expect(messages).toEqual([
      ["8 spec.gateways.shared must have exactly one of hostname and address."],
      ["8 spec.gateways.shared must have one of hostname and address."],
    ]);
  });

  test("finds places at the first question, also after the fast path", () => {
    const parsed = read(CLAIM);
    if (!parsed.ok) throw new Error("a good claim");
    expect(parsed.places.value("/spec/type")).toEqual({ line: 5, column: 9, endColumn: 14 });
    expect(parsed.places.key("/spec/type")).toEqual({ line: 5, column: 3, endColumn: 7 });
    expect(parsed.places.value("/spec/cluster")).toEqual({ line: 6, column: 3, endColumn: 10 });
    expect(parsed.places.value("/spec/cluster/nodePools/0/max")).toEqual({ line: 10, column: 46, endColumn: 47 });
    expect(parsed.places.value("/spec/waf/rules/0")).toEqual({ line: 4, column: 1, endColumn: 5 });
    expect(parsed.places.line(5)).toBe("  type: stage");
  });

  test("takes 256 KiB and not a byte more", () => {
    const padded = (size: number): string => `${CLAIM}${"#".repeat(size - CLAIM.length)}`;
    expect(read(padded(262_144)).ok).toBe(true);
    expect(said(padded(262_145))).toEqual(["1:1 yaml/size The file has 257 KiB, more than 256."]);
  });
});
