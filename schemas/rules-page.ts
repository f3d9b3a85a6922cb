/** docs/rules.md: every rule with its wrong and its right example, from the rules themselves. */
import { ALL_RULES } from "../src/core/claim/rules/all.ts";
import type { RuleText } from "../src/core/claim/rules/rule.ts";

const GROUPS = [
  ["tree", "Files", "What may lie in the tree."],
  ["yaml", "YAML", "The profile: a small, plain part of YAML that every reader takes alike."],
  ["schema", "Fields", "What the schemas say: schemas/claim.v1.schema.json and schemas/platform.v1.schema.json."],
  ["claim", "Claims", "What a claim may ask for, by itself, by the platform, beside all other claims and beside what lives."],
  ["platform", "Platform", "What platform.yaml may say."],
] as const;

/** The examples are the tests of the rules: what they draw under a line is what claimbot answers there. */
export function rulesPage(): string {
  const groups = GROUPS.map(([group, title, about]) => {
    const rules = ALL_RULES.filter(({ code }) => code.startsWith(`${group}/`));
    return [`## ${title}`, about, ...rules.map(section)].join("\n\n");
  });
  const index = ALL_RULES.map(({ code, summary }) => `| [\`${code}\`](#${anchorOf(code)}) | ${markdown(summary)} |`);
  return `${[
    "<!-- Generated from src/core/claim/rules by `npm run generate`. -->",
    "# Rules",
    "Everything that claimbot may say of a file. Codes are stable. An example leaves out what it is not about; a line below another shows where\nthe mistake is found and what it is called. `# live:`, `# removed:` and `# elsewhere:` say what else is known: environments that live, claims\nthat a change removes, names that other merge requests ask for.",
    ["| code | what must be so |", "| --- | --- |", ...index].join("\n"),
    ...groups,
  ].join("\n\n")}\n`;
}

/** As GitLab and GitHub make the anchor of a heading: without the slash. */
function anchorOf(code: string): string {
  return code.replaceAll("/", "");
}

function section({ code, summary, wrong, right }: RuleText): string {
  const parts = [`### \`${code}\``, markdown(summary), "Wrong:", block(wrong)];
  return [...parts, ...(right.trim().split("\n").length > 1 ? ["Right:", block(right)] : [])].join("\n\n");
}

function markdown(text: string): string {
  return text.replaceAll(/[<>|_*`]/g, "\\$&");
}

const MOST_LINES = 40;

function block(example: string): string {
  const lines = example.replace(/^\n/, "").replace(/\n$/, "").split("\n").map(shortened);
  const shown = lines.length > MOST_LINES ? [...lines.slice(0, 4), "…"] : lines;
  return ["```yaml", ...shown, "```"].join("\n");
}

function shortened(line: string): string {
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
