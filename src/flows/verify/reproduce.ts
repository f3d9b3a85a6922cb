/** Derives a release again from its git commit, as the service would: the proof that what Flux applies is what was merged. */
import { inputsDigest, judgedPlatform } from "../../core/adopted.ts";
import { parseClaim } from "../../core/claim/parse.ts";
import { PLATFORM_PATH, validateTree, type TreeFile } from "../../core/claim/validate.ts";
import { Stalled } from "../../core/errors.ts";
import { digestOf, digestOfBytes, shortDigest } from "../../core/json.ts";
import type { Plan } from "../../core/plan.ts";
import type { Repository } from "../../core/ports.ts";
import { renderBundle } from "../../core/render/bundle.ts";
import { recordKey, type Publication } from "../../core/record.ts";
import type { AdoptionRecord } from "../adoption.ts";
import type { World } from "../world.ts";
import { deviation, type Deviation, type DeviationName } from "./deviation.ts";

export type Reproducible = Pick<World, "repository" | "cache" | "instance">;

/** Compares claim and bundle of a publication, byte for byte. `stored` is the bundle as it was read; undefined where it is missing or not at hand. */
export async function reproduce(
  world: Reproducible,
  adoptions: readonly AdoptionRecord[],
  record: Publication,
  plan: Plan | undefined,
  stored: string | undefined,
): Promise<readonly Deviation[]> {
  const { commit, path, blob } = record.source;
  const at = `commit ${commit.slice(0, 12)}`;
  const say = (name: DeviationName, detail: string): readonly Deviation[] => [
    deviation(name, recordKey(record.environment, record.sequence), detail),
  ];
  const files = await filesOf(world.repository, commit, path);
  if (files === undefined) return say("release/commit-unknown", `${at} of ${record.source.project} is not in this repository`);
  const claim = files.find((file) => file.path === path);
  if (claim === undefined) return say("record/source", `${at} has no ${path}`);
  if (claim.blob !== blob)
    return say("record/source", `${path} of ${at} is blob ${claim.blob.slice(0, 12)}, and the record names ${blob.slice(0, 12)}`);
  const parsed = claim.bytes && parseClaim(path, claim.bytes);
  if (parsed?.ok !== true || digestOf(parsed.value) !== record.claimDigest)
    return say("record/source", `${path} of ${at} is another claim than the record's`);

  const { platform: inputs } = validateTree({
    files: files.filter((file) => file !== claim),
    rules: undefined,
    cache: world.cache,
  });
  if (inputs === undefined) return say("release/not-reproducible", `${PLATFORM_PATH} of ${at} cannot be read`);
  // Before the first adoption a tree's own rules judged it.
  const rules = adoptions.find(({ rulesDigest }) => rulesDigest === plan?.rulesDigest)?.rules;
  const platform = judgedPlatform(rules ?? { platform: inputs, policies: [] }, inputs);
  if (plan !== undefined && inputsDigest(platform) !== plan.inputsDigest)
    return say("release/not-reproducible", `the inputs of ${at} are not those of plan ${shortDigest(plan.digest)}`);
  const bundle = derived(world.instance, record, platform);
  if (digestOfBytes(bundle) === record.releaseDigest) return [];
  const where = stored === undefined ? "it has another digest" : `line ${firstDifference(bundle, stored)} is another`;
  return say("release/not-reproducible", `derived again from ${at}, ${where}`);
}

function derived(instance: string, record: Publication, platform: Parameters<typeof judgedPlatform>[1]): string {
  const { claim, claimDigest, versions, source, zones = [], environment: name } = record;
  const wish = { claim, claimDigest, versions, blob: source.blob, path: source.path, platform };
  return renderBundle({ name, type: claim.spec.type, instance, log: [], zones, retentionDays: 0, wish }).yaml;
}

/** The claim and platform.yaml of a commit; undefined where the repository has no such commit. */
async function filesOf(repository: Repository, commit: string, path: string): Promise<readonly TreeFile[] | undefined> {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return undefined;
  try {
    const entries = await repository.tree(commit, [path, PLATFORM_PATH]);
    const blobs = await repository.blobs(entries.map(({ blob }) => blob));
    return entries.map((entry) => {
      const bytes = blobs.get(entry.blob);
      return { ...entry, ...(bytes && { bytes }) };
    });
  } catch (error) {
    if (error instanceof Stalled) return undefined;
    throw error;
  }
}

/** From 1. */
function firstDifference(a: string, b: string): number {
  const [left, right] = [a.split("\n"), b.split("\n")];
  const index = left.findIndex((line, place) => line !== right[place]);
  return (index === -1 ? left.length : index) + 1;
}
