/** GitLab's environment as a value: what its page should say, and the mark by which ours is known. Pure. */
import type { Contested } from "../../core/contested.ts";
import type { Environment, EnvironmentType } from "../../core/environment.ts";
import { digestOf } from "../../core/json.ts";
import type { ForgeEnvironment } from "../../core/ports.ts";
import type { Observation, Resource, Resources } from "../../core/resource.ts";
import { hostName } from "../host-name.ts";

export interface GitlabEnvironment extends Resource {
  readonly key: "environment";
  readonly kind: "gitlab-environment";
  readonly name: string;
  readonly tier: ForgeEnvironment["tier"];
  readonly externalUrl?: string;
  /** Names what is deployed, and is known before the merge: the digest of the claim and the locked versions. */
  readonly release: string;
}

const TIERS: Readonly<Record<EnvironmentType, ForgeEnvironment["tier"]>> = {
  dev: "development",
  sue: "testing",
  stage: "staging",
  prod: "production",
};

/** GitLab keeps no longer address; a name of DNS may be as long as 253 characters. */
const MAX_URL_LENGTH = 255;

export function desiredEnvironment({ name, type, wish }: Environment): Resources<GitlabEnvironment> {
  if (wish === undefined) return [];
  const [first] = wish.claim.spec.dns?.hostnames ?? [];
  const externalUrl = first === undefined ? undefined : `https://${hostName(first)}`;
  return [
    {
      key: "environment",
      kind: "gitlab-environment",
      name,
      tier: TIERS[type],
      ...(externalUrl !== undefined && externalUrl.length <= MAX_URL_LENGTH && { externalUrl }),
      release: digestOf({ claim: wish.claimDigest, versions: wish.versions }),
    },
  ];
}

/** In the mark of an environment that was made and not yet deployed to. */
export const NO_RELEASE = "none";

/**
 * The mark of ownership, which is the environment's description in GitLab:
 *
 *     claimbot <instance> release <64 digits, or none>
 */
export function markOf(instance: string, release: string): string {
  return `claimbot ${instance} release ${release}`;
}

/** The release that our mark names; undefined where it is not our mark. */
export function releaseInMark(instance: string, description: string | undefined): string | undefined {
  const [, whose, release] = /^claimbot (\S+) release ([0-9a-f]{64}|none)$/.exec(description ?? "") ?? [];
  return whose === instance ? release : undefined;
}

export function observedEnvironment(
  { instance, wish }: Environment,
  found: ForgeEnvironment | undefined,
): Observation<GitlabEnvironment> {
  if (found === undefined) return { resources: [], pending: [], contested: [] };
  const release = releaseInMark(instance, found.description);
  if (release === undefined)
    return {
      resources: [],
      pending: [],
      contested: found.state === "stopped" && wish === undefined ? [] : [foreignEnvironment(found, instance, wish !== undefined)],
    };
  if (found.state === "stopped") return { resources: [], pending: [], contested: [] };
  if (found.state === "stopping")
    return {
      resources: [],
      pending: wish === undefined ? [`GitLab is stopping the environment ${found.name}`] : [],
      contested: [],
    };
  // Made, but not deployed to: a run was cut off while it made it. What is planned is still to make it, as the record has it.
  if (release === NO_RELEASE && wish !== undefined) return { resources: [], pending: [], contested: [] };
  const { name, tier, externalUrl } = found;
  const resource: GitlabEnvironment = {
    key: "environment",
    kind: "gitlab-environment",
    name,
    tier,
    ...(externalUrl !== undefined && { externalUrl }),
    release,
  };
  return { resources: [resource], pending: [], contested: [] };
}

function foreignEnvironment({ name }: ForgeEnvironment, instance: string, wanted: boolean): Contested {
  return {
    key: `environment ${name}`,
    content: "",
    remark: "of GitLab's was not made by claimbot: its description is not claimbot's",
    ...(wanted && { blocks: { key: "environment", wayOut: wayOut(instance) } }),
  };
}

/** What to do about an environment that is not ours. */
export function wayOut(instance: string): string {
  return `Delete it under Operate, Environments, or give it to claimbot: set its description to \`${markOf(instance, NO_RELEASE)}\`.`;
}
