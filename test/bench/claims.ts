/** A claim repository of any size, the same each time: the starter's platform with room for it, and claims like those that teams write. */
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EnvironmentType } from "../../src/core/environment.ts";

const STARTER = fileURLToPath(new URL("../../static-environments/platform.yaml", import.meta.url));
const OWNERS = ["commerce/shop", "commerce/payments", "finance/ledger", "discovery/search", "platform/identity"];

/** Path → text: platform.yaml and so many claims, all without a mistake. */
export function claimFiles(count: number): ReadonlyMap<string, string> {
  const claims = Array.from({ length: count }, (_, index) => claimFile(index));
  return new Map([["platform.yaml", roomyPlatform()], ...claims]);
}

/** As `claimFiles` has it; `minNodes` makes another version of the same claim. */
export function claimFile(index: number, minNodes = 1): [path: string, text: string] {
  const type = typeOf(index);
  const name = `team-${String(index).padStart(5, "0")}-${type}`;
  return [`environments/${type}/${name}.yaml`, textOf(index, name, type, minNodes)];
}

export async function writeFiles(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  const folders = new Set([...files.keys()].map((path) => dirname(join(directory, path))));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const [path, text] of files) await writeFile(join(directory, path), text);
}

/** Of a hundred: two prod and two stage, which is what the firewall rules of one zone have room for, and many for work in progress. */
function typeOf(index: number): EnvironmentType {
  const place = index % 100;
  if (place < 2) return "prod";
  if (place < 4) return "stage";
  return place < 64 ? "dev" : "sue";
}

function hostnameOf(name: string, type: EnvironmentType): string {
  return type === "prod" ? `${name}.example.com` : `${name}.${type}.example.org`;
}

function textOf(index: number, name: string, type: EnvironmentType, minNodes: number): string {
  const isDedicated = type === "stage" || type === "prod";
  return `# yaml-language-server: $schema=../../schemas/claim.v1.schema.json
apiVersion: claimbot/v1
kind: Environment
metadata:
  name: ${name}
  owner: ${OWNERS[index % OWNERS.length]}
  description: Number ${index} of many, with an API, a worker and a web front end
spec:
  type: ${type}
  cluster:
    region: fra
    version: "1.33"
    nodePools:
      - {class: general-public, min: ${minNodes}, max: 3}
  services:
    - name: shop-api
      version: ^2.3.0
      values: {replicas: ${1 + (index % 3)}, motto: "number ${index}"}
    - name: shop-worker
      version: ~2.3.0
      dependsOn: [shop-api]
    - name: shop-web
      version: ^2.0.0
      dependsOn: [shop-api, {name: mailer, optional: true}]
  dns:
    hostnames: [${hostnameOf(name, type)}]
${isDedicated ? "  waf:\n    mode: block\n" : ""}`;
}

function roomyPlatform(): string {
  return readFileSync(STARTER, "utf8")
    .replaceAll(/quota: \{environments: \d+/g, "quota: {environments: 100000")
    .replaceAll("plan: business", "plan: enterprise");
}
