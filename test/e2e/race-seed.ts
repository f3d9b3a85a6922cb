/** A default branch for many small stage environments: rules wide enough for hundreds of them, one rule of the firewall each. */
import { cp, mkdtemp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import type { Platform } from "../../src/core/claim/platform.generated.ts";
import { STARTER } from "../../src/rehearsal.ts";
import type { Seed } from "./seed.ts";

/** Nobody releases it: somebody else's claim, which others push to. */
export const OTHER_PATH = "environments/dev/other-dev.yaml";

export async function raceSeed(): Promise<Seed> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-races-"));
  const platform = parse(await readFile(join(STARTER, "platform.yaml"), "utf8")) as Platform;
  await cp(join(STARTER, "policies"), join(directory, "policies"), { recursive: true });
  const files = {
    "platform.yaml": platformText(platform),
    [OTHER_PATH]: claimText("other-dev", { type: "dev" }),
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return { directory, [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }) };
}

function platformText(platform: Platform): string {
  const { spec } = platform;
  const [first] = spec.waf?.baseline ?? [];
  return stringify({
    ...platform,
    spec: {
      ...spec,
      zones: [{ name: "example.org", plan: "enterprise", certificates: ["*.stage.example.org"] }],
      types: {
        ...spec.types,
        stage: { ...spec.types.stage, quota: { environments: 900, nodes: 9, services: 9, hostnames: 9 } },
        prod: { ...spec.types.prod, suffixes: ["example.org"] },
      },
      limits: { changesPerRelease: 900, deletionsPerRelease: 90, environmentsPerMergeRequest: 900 },
      freezes: [],
      waf: { baseline: first === undefined ? [] : [first] },
    },
  });
}

export interface ClaimOptions {
  readonly type?: "dev" | "stage";
  readonly maxNodes?: number;
}

export function claimPath(name: string): string {
  return `environments/stage/${name}.yaml`;
}

export function hostnameOf(name: string, type: string = "stage"): string {
  return `${name}.${type}.example.org`;
}

export function claimText(name: string, { type = "stage", maxNodes = 3 }: ClaimOptions = {}): string {
  return stringify({
    apiVersion: "claimbot/v1",
    kind: "Environment",
    metadata: { name, owner: "commerce/payments", description: "For a race" },
    spec: {
      type,
      cluster: { region: "fra", version: "1.33", nodePools: [{ class: "general-public", min: 1, max: maxNodes }] },
      services: [{ name: "racer", version: "^2.3.0" }],
      dns: { hostnames: [hostnameOf(name, type)] },
      ...(type === "stage" && { waf: { mode: "block" } }),
    },
  });
}
