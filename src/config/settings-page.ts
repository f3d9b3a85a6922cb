/** docs/settings.md, generated from the table of settings. */
import { SETTINGS, type Setting, type SettingGroup } from "./settings.ts";

const TITLES: Readonly<Record<SettingGroup, string>> = {
  service: "The service",
  gitlab: "GitLab",
  webhook: "GitLab's webhook",
  database: "Database",
  registry: "Registry",
  cloudflare: "Cloudflare",
  flux: "Flux",
  kubernetes: "Kubernetes",
  s3: "Claim store on S3",
  observability: "Log and traces",
};

const INTRODUCTION = `<!-- Generated from src/config/settings.ts: npx vitest run test/config -u -->
# Settings

Settings are environment variables. Each has a twin with \`_FILE\` that names a file with the value, for mounted secrets; setting
both is a mistake. All mistakes are told at once when claimbot starts, and it does not start with one.

The service needs those marked **service**, and one of \`CLAIMBOT_WEBHOOK_SECRET\` and \`CLAIMBOT_WEBHOOK_SIGNING_TOKEN\`. The command
line needs none. URLs are https, or http to loopback. What is a **list** may hold several values, separated by spaces or commas:
old and new are live together while you rotate. A **secret** is never printed and is blanked in the log.
`;

export function settingsPage(): string {
  const groups = [...new Set(SETTINGS.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const rows = SETTINGS.filter((setting) => setting.group === group).map(rowOf);
    return `## ${TITLES[group]}\n\n| setting | what | default | example |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
  });
  return [INTRODUCTION, ...sections].join("\n");
}

function rowOf({ name, description, default: fallback, example, secret, list, neededBy }: Setting): string {
  const marks = [neededBy === "serve" && "service", secret && "secret", list && "list"].filter((mark) => mark);
  const marked = marks.length === 0 ? "" : ` **${marks.join(", ")}**`;
  return `| \`${name}\` | ${description}${marked} | ${fallback === undefined ? "" : `\`${fallback}\``} | \`${example}\` |`;
}
