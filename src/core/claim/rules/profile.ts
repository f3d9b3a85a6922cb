/** What is said before any rule judges: of the file, its YAML, its fields. For the manual and its tests; decode.ts, yaml.ts and others say it. */
import type { RuleText } from "./rule.ts";

const RIGHT = "\n# file: environments/stage/payments-stage.yaml\n";

export const PROFILE: readonly RuleText[] = [
  {
    code: "tree/not-a-claim",
    summary: "Below environments/ there are only claims: <type>/<name>.yaml.",
    wrong: `
# file: environments/stage/payments-stage.yml
apiVersion: claimbot/v1
^ error tree/not-a-claim
`,
    right: RIGHT,
  },
  {
    code: "tree/symlink",
    summary: "No file is a symbolic link.",
    wrong: `
# file: environments/stage/payments-stage.yaml mode 120000
../prod/payments-prod.yaml
^ error tree/symlink
`,
    right: RIGHT,
  },
  {
    code: "tree/submodule",
    summary: "Nothing is a submodule.",
    wrong: `
# file: environments/stage/payments-stage mode 160000
-
^ error tree/submodule
`,
    right: RIGHT,
  },
  {
    code: "platform/missing",
    summary: "There is a platform.yaml. Without it nothing can be judged, and nothing is done.",
    wrong: `
# file: platform.yaml missing
^ error platform/missing
`,
    right: RIGHT,
  },
  text(
    "yaml/size",
    "A file has at most 256 KiB, and at most 20,000 keys and values.",
    "a: 1",
    "^ error yaml/size",
    " padded to 262145 bytes",
  ),
  text(
    "yaml/encoding",
    "A file is UTF-8, with or without a byte order mark.",
    "description: caf\\xE9",
    "                ^ error yaml/encoding",
  ),
  text(
    "yaml/character",
    "A file holds no character that cannot be seen or that turns the direction of writing.",
    "description: safe\\u202Eeurt",
    "                 ^ error yaml/character",
  ),
  text("yaml/empty", "A file holds something.", "# only a comment", "^ error yaml/empty"),
  text("yaml/syntax", "A file is YAML 1.2.", "owner: 'commerce", "                ^ error yaml/syntax"),
  text("yaml/directive", "There are no directives.", "%YAML 1.1\n^^^^^^^^^ error yaml/directive\n---\na: 1"),
  text("yaml/documents", "A file is one document.", "a: 1\n---\n^^^ error yaml/documents\nb: 2"),
  text(
    "yaml/depth",
    "A file is nested at most 32 levels deep.",
    `a: ${"[".repeat(32)}${"]".repeat(32)}`,
    `${" ".repeat(34)}^ error yaml/depth`,
  ),
  text("yaml/anchor", "There are no anchors.", "a: &one 1", "   ^^^^ error yaml/anchor"),
  text("yaml/alias", "There are no aliases.", "a: &one 1\n   ^^^^ error yaml/anchor\nb: *one", "   ^^^^ error yaml/alias"),
  text("yaml/merge-key", "There are no merge keys.", "<<: {a: 1}", "^^ error yaml/merge-key"),
  text("yaml/tag", "There are no tags.", "a: !!str 1", "   ^^^^^ error yaml/tag"),
  text("yaml/duplicate-key", "A key stands once in its block.", "a: 1\na: 2", "^ error yaml/duplicate-key"),
  text("yaml/key", "A key is plain text, and not __proto__.", "__proto__: 1", "^^^^^^^^^ error yaml/key"),
  text(
    "yaml/number",
    "A number is one that every reader takes alike: finite, and whole only up to 9007199254740991.",
    "a: 12345678901234567890",
    "   ^^^^^^^^^^^^^^^^^^^^ error yaml/number",
  ),
  text(
    "yaml/more",
    "After 100 mistakes in the YAML of a file the rest is counted.",
    `a: [${"!t 1, ".repeat(101)}]`,
    `${Array.from({ length: 100 }, (_, index) => `${" ".repeat(4 + 6 * index)}^^ error yaml/tag`).join("\n")}\n${" ".repeat(604)}^^ error yaml/more`,
  ),
  {
    code: "claim/api-version",
    summary: "apiVersion is one that this claimbot knows.",
    wrong: `
# file: environments/stage/payments-stage.yaml
apiVersion: claimbot/v9
            ^^^^^^^^^^^ error claim/api-version
`,
    right: `
# file: environments/stage/payments-stage.yaml
apiVersion: claimbot/v1
`,
  },
  {
    code: "schema/missing",
    summary: "A file has all the fields that the schema requires.",
    wrong: `
metadata:
^^^^^^^^ error schema/missing
  name: payments-stage
`,
    right: `
metadata:
  name: payments-stage
  owner: commerce/payments
`,
  },
  {
    code: "schema/unknown",
    summary: "A file has only fields that the schema knows.",
    wrong: `
spec:
  expirey: {ttl: 24h}
  ^^^^^^^ error schema/unknown
`,
    right: `
# file: environments/sue/payments-sue.yaml
spec:
  expiry: {ttl: 24h}
`,
  },
  {
    code: "schema/type",
    summary: "A value is of the kind that the schema says: text, number, list or block.",
    wrong: `
spec:
  cluster:
    version: 1.33
             ^^^^ error schema/type
`,
    right: `
spec:
  cluster:
    version: "1.33"
`,
  },
  {
    code: "schema/value",
    summary: "A value is one of those, or has the form, that the schema allows.",
    wrong: `
spec:
  cluster:
    nodePools:
      - {class: general, min: 1, max: 2}
                ^^^^^^^ error schema/value
`,
    right: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 1, max: 2}
`,
  },
  {
    code: "schema/limit",
    summary: "Numbers, texts and lists are within the limits of the schema.",
    wrong: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 0, max: 2}
                                     ^ error schema/limit
`,
    right: `
spec:
  cluster:
    nodePools:
      - {class: general-public, min: 1, max: 2}
`,
  },
];

/** A rule about text: its example is taken as it is, without being completed to a claim. */
function text(code: string, summary: string, wrong: string, drawn = "", more = ""): RuleText {
  const lines = [
    "",
    `# file: environments/stage/payments-stage.yaml as it is${more}`,
    wrong,
    ...(drawn === "" ? [] : [drawn]),
    "",
  ];
  return { code, summary, wrong: lines.join("\n"), right: RIGHT };
}
