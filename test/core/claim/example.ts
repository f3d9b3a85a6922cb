/**
 * Reads an example of the claim language: files with their expected diagnostics drawn under the lines.
 *
 *     # live: payments-stage stage fra
 *     # file: environments/stage/payments-stage.yaml
 *     spec:
 *       dns:
 *         hostnames: [shop.example.net]
 *                     ^^^^^^^^^^^^^^^^ error claim/hostname-outside-zone
 *
 * What a file leaves out is put behind it from a good one, so an example shows only what it is about. `as it is` after the path leaves the
 * text alone and reads \xE9 as a byte and \u202E as a character; `mode 120000`, `missing` and `padded to N bytes` do what they say.
 * A last line `# and …` is a comment. The platform is PLATFORM where the example has none.
 */
import { parse as parseYaml } from "yaml";
import { compareText, type Diagnostic } from "../../../src/core/diagnostic.ts";
import type { TreeFile, TreeInput } from "../../../src/core/claim/validate.ts";

export interface Example {
  readonly input: TreeInput;
  /** `path:line:column-endColumn severity code`, sorted. */
  readonly expected: readonly string[];
}

export const PLATFORM = `apiVersion: claimbot/v1
kind: Platform
spec:
  owners: [commerce/payments, commerce/shop]
  zones:
    - {name: example.org, plan: business, certificates: ["*.stage.example.org"]}
  gateways:
    shared: {hostname: shared.gateways.example.net}
    dedicated: {domain: gateways.example.net}
  registry: {host: registry.example.org, repository: services}
  regions: [fra, ams]
  kubernetesVersions: {"1.33": v1.33.5+1}
  nodePools:
    - {class: general-public, plan: vc2-4c-8gb, maxNodes: 20, types: [dev, sue, stage, prod]}
    - {class: memory, plan: vc2-4c-8gb, maxNodes: 4, types: [stage, prod]}
    - {class: spot, plan: vc2-4c-8gb, maxNodes: 10, types: [dev]}
  components:
    kong: {chart: ingress, repository: "https://charts.example.org", version: 0.21.0, sharedNamespace: kong}
    elasticsearch: {chart: eck-stack, repository: "https://charts.example.org", version: 0.16.0, sharedNamespace: elastic}
    opal: {chart: opal, repository: "https://charts.example.org", version: 0.0.28, sharedNamespace: opal}
    monitoring: {chart: kube-prometheus-stack, repository: "https://charts.example.org", version: 77.12.0, sharedNamespace: monitoring}
  types:
    dev: {suffixes: [dev.example.org], approvals: 0, retentionDays: 30, quota: {environments: 40, nodes: 12, services: 3, hostnames: 4}}
    sue: {suffixes: [sue.example.org], approvals: 0, retentionDays: 7, quota: {environments: 30, nodes: 4, services: 3, hostnames: 3}, expiry: {ttl: 24h, maximum: 72h}}
    stage: {suffixes: [stage.example.org], approvals: 1, retentionDays: 365, quota: {environments: 20, nodes: 12, services: 3, hostnames: 4}}
    prod: {suffixes: [example.org], approvals: 2, retentionDays: 2555, quota: {environments: 20, nodes: 60, services: 50, hostnames: 20}}
`;

export function claimText(name: string, type: string): string {
  return `apiVersion: claimbot/v1
kind: Environment
metadata: {name: ${name}, owner: commerce/payments}
spec:
  type: ${type}
  cluster:
    region: fra
    version: "1.33"
    nodePools:
      - {class: general-public, min: 1, max: 2}
  services:
    - {name: payments-api, version: ^2.3.0}
`;
}

const DRAWN = /^ *(\^+) (error|warning) (\S+)$/;

export function readExample(text: string): Example {
  const files: TreeFile[] = [];
  const expected: string[] = [];
  const live = new Map<string, { type: string; region: string }>();
  const elsewhere: { hostname: string; where: string }[] = [];
  const removed: string[] = [];
  let header = "environments/stage/payments-stage.yaml";
  let lines: string[] = [];
  const endFile = (): void => {
    if (lines.length > 0 || files.length > 0) {
      const { file, drawn } = readFile(header, lines);
      if (file !== undefined) files.push(file);
      expected.push(...drawn);
    }
    lines = [];
  };
  let begun = false;
  for (const line of text.replace(/^\n/, "").replace(/\n$/, "").split("\n")) {
    const [, key, value = ""] = /^# (file|live|elsewhere|removed): (.*)$/.exec(line) ?? [];
    const words = value.split(" ");
    if (key === undefined) lines.push(line);
    else if (key === "live") live.set(words[0] ?? "", { type: words[1] ?? "", region: words[2] ?? "" });
    else if (key === "elsewhere") elsewhere.push({ hostname: words[0] ?? "", where: words[1] ?? "" });
    else if (key === "removed") removed.push(words[0] ?? "");
    else {
      if (begun || lines.length > 0) endFile();
      begun = true;
      header = value;
    }
  }
  const { file, drawn } = readFile(header, lines);
  if (file !== undefined) files.push(file);
  expected.push(...drawn);
  const hasPlatform = files.some(({ path }) => path === "platform.yaml") || header.includes("missing");
  if (!hasPlatform) files.push(fileOf("platform.yaml", PLATFORM));
  return { input: { files, rules: undefined, live, elsewhere, removed }, expected: expected.toSorted(compareText) };
}

/** A diagnostic as `readExample` expects it. */
export function drawnAs({ path, line, column, endColumn, severity, code }: Diagnostic): string {
  return `${path}:${line}:${column}-${endColumn} ${severity} ${code}`;
}

export function fileOf(path: string, text: string): TreeFile {
  return { path, mode: "100644", blob: "", bytes: new TextEncoder().encode(text) };
}

function readFile(
  header: string,
  lines: readonly string[],
): { readonly file: TreeFile | undefined; readonly drawn: readonly string[] } {
  const path = header.split(" ", 1)[0] ?? "";
  const kept: string[] = [];
  const drawn: string[] = [];
  for (const line of lines) {
    const match = DRAWN.exec(line);
    if (match === null) kept.push(line);
    else {
      const column = line.indexOf("^") + 1;
      drawn.push(`${path}:${Math.max(1, kept.length)}:${column}-${column + (match[1]?.length ?? 0)} ${match[2]} ${match[3]}`);
    }
  }
  if (header.endsWith(" missing")) return { file: undefined, drawn };
  const text = kept.join("\n");
  const mode = / mode (\d+)$/.exec(header)?.[1];
  if (mode !== undefined || header.includes(" as it is")) {
    const bytes = rawBytes(text, Number(/ padded to (\d+) bytes$/.exec(header)?.[1] ?? 0));
    return { file: { path, mode: mode ?? "100644", blob: "", bytes }, drawn };
  }
  const [, type = "stage", name = "payments-stage"] = /^environments\/([^/]+)\/([^/]+)\.ya?ml$/.exec(path) ?? [];
  const base = parseYaml(path === "platform.yaml" ? PLATFORM : claimText(name, type)) as unknown;
  return { file: fileOf(path, completed(text, base)), drawn };
}

/** Puts what is missing behind the text, at the depth of each block that is still open at its end. */
function completed(text: string, base: unknown): string {
  const given = (parseYaml(text) ?? {}) as Record<string, unknown>;
  const additions: string[] = [];
  const complete = (mine: unknown, whole: unknown, depth: number): void => {
    if (!isRecord(mine) || !isRecord(whole)) return;
    const last = Object.keys(mine).at(-1);
    const isBlock = last !== undefined && new RegExp(`^ {${depth * 2}}${last}:$`, "m").test(text);
    if (last !== undefined && isBlock) complete(mine[last], whole[last], depth + 1);
    for (const [key, value] of Object.entries(whole)) {
      if (!Object.hasOwn(mine, key)) additions.push(`${"  ".repeat(depth)}${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    }
  };
  // The metadata of an example are the example's own: a missing owner is what it shows.
  const own =
    isRecord(base) && isRecord(base["metadata"]) && given["metadata"] !== undefined
      ? { ...base, metadata: given["metadata"] }
      : base;
  complete(given, own, 0);
  return [...(text === "" ? [] : [text]), ...additions, ""].join("\n");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function rawBytes(text: string, size: number): Uint8Array {
  const unescaped = text.replaceAll(/\\u([0-9A-F]{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const parts = unescaped.split(/\\x([0-9A-F]{2})/);
  const bytes = Buffer.concat(parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.from(part, "hex"))));
  return size > bytes.length ? Buffer.concat([bytes, Buffer.from("\n"), Buffer.alloc(size - bytes.length - 1, "#")]) : bytes;
}
