/** Derives a release again from its git commit, as the service would: the proof that what Flux applies is what was merged. */
import { inputsDigest, judgedPlatform } from "../../core/adopted.ts";
import { parseClaim } from "../../core/claim/parse.ts";
import { PLATFORM_PATH, validateTree, type TreeFile } from "../../core/claim/validate.ts";
import { Stalled } from "../../core/errors.ts";
import { digestOf, digestOfBytes, shortDigest } from "../../core/json.ts";
import type { Plan } from "../../core/plan.ts";
import { RENDERING, renderBundle } from "../../core/render/bundle.ts";
import { recordKey, type Publication } from "../../core/record.ts";
import type { AdoptionRecord } from "../adoption.ts";
import type { World } from "../world.ts";
import { deviation, type Deviation, type DeviationName } from "./deviation.ts";

/** A commit, as far as releases are derived from it. */
export interface CommitSource {
  /** The claims that were asked for, and platform.yaml. */
  readonly files: readonly TreeFile[];
  /** What platform.yaml gives to bundles; undefined where it cannot be read. */
  readonly inputs: Platform | undefined;
}

type Platform = NonNullable<ReturnType<typeof validateTree>["platform"]>;

/** Undefined where the repository has no such commit. `paths`: those of the claims. */
export async function sourceAt(
  { repository, cache }: Pick<World, "repository" | "cache">,
  commit: string,
  paths: readonly string[],
): Promise<CommitSource | undefined> {
  if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(commit)) return undefined;
  try {
    const wanted = new Set([...paths, PLATFORM_PATH]);
    // The whole tree: a path comes from a record, and git would take some for patterns.
    const entries = (await repository.tree(commit)).filter(({ path }) => wanted.has(path));
    const blobs = await repository.blobs(entries.filter(({ mode }) => mode.startsWith("100")).map(({ blob }) => blob));
    const files = entries.map((entry) => {
      const bytes = blobs.get(entry.blob);
      return { ...entry, ...(bytes && { bytes }) };
    });
    const platform = files.filter(({ path }) => path === PLATFORM_PATH);
    return { files, inputs: validateTree({ files: platform, rules: undefined, cache }).platform };
  } catch (error) {
    if (error instanceof Stalled) return undefined;
    throw error;
  }
}

/** What a publication is compared with. */
export interface BesideRelease {
  readonly adoptions: readonly AdoptionRecord[];
  /** Undefined where it is missing, altered or not at hand. */
  readonly plan: Plan | undefined;
  /** The bundle as it was read; undefined where it is missing, altered or not at hand. */
  readonly bundle: string | undefined;
  /** Those that may have rendered it, the likeliest first: of that one the deviation tells. */
  readonly instances: readonly string[];
}

/** Compares claim and bundle of a publication, byte for byte. Pure. */
export function reproduce(
  source: CommitSource | undefined,
  record: Publication,
  { adoptions, plan, bundle, instances }: BesideRelease,
): readonly Deviation[] {
  const { commit, path, blob } = record.source;
  const at = `commit ${commit.slice(0, 12)}`;
  const say = (name: DeviationName, detail: string): readonly Deviation[] => [
    deviation(name, recordKey(record.environment, record.sequence), detail),
  ];
  if (source === undefined) return say("release/commit-unknown", `${at} of ${record.source.project} is not in this repository`);
  const claim = source.files.find((file) => file.path === path);
  if (claim === undefined) return say("record/source", `${at} has no ${path}`);
  if (claim.blob !== blob)
    return say("record/source", `${path} of ${at} is blob ${claim.blob.slice(0, 12)}, and the record names ${blob.slice(0, 12)}`);
  const parsed = claim.bytes && parseClaim(path, claim.bytes);
  if (parsed?.ok !== true || digestOf(parsed.value) !== record.claimDigest)
    return say("record/source", `${path} of ${at} is another claim than the record's`);

  const { inputs } = source;
  if (inputs === undefined) return say("release/not-reproducible", `${PLATFORM_PATH} of ${at} cannot be read`);
  // Before the first adoption a tree's own rules judged it.
  const rules = adoptions.find(({ rulesDigest }) => rulesDigest === plan?.rulesDigest)?.rules;
  const platform = judgedPlatform(rules ?? { platform: inputs, policies: [] }, inputs);
  if (plan !== undefined && inputsDigest(platform) !== plan.inputsDigest)
    return say("release/not-reproducible", `the inputs of ${at} are not those of plan ${shortDigest(plan.digest)}`);
  if (!isOfThisRendering(record)) return [];
  let likeliest: string | undefined;
  for (const instance of instances) {
    const again = derived(instance, record, platform);
    if (digestOfBytes(again) === record.releaseDigest) return [];
    likeliest ??= again;
  }
  const where = bundle === undefined ? "it has another digest" : `line ${firstDifference(likeliest ?? "", bundle)} is another`;
  return say("release/not-reproducible", `derived again from ${at}, ${where}`);
}

/** Another rendering may give other bytes for the same claim: what was made by one cannot be derived again, and that is nobody's fault. */
export function isOfThisRendering({ rendering }: Publication): boolean {
  return rendering === RENDERING;
}

function derived(instance: string, record: Publication, platform: Platform): string {
  const { claim, claimDigest, versions, source, zones = [], environment: name } = record;
  const wish = { claim, claimDigest, versions, blob: source.blob, path: source.path, platform };
  return renderBundle({ name, type: claim.spec.type, instance, log: [], zones, retentionDays: 0, wish }).yaml;
}

/** From 1. */
function firstDifference(a: string, b: string): number {
  const [left, right] = [a.split("\n"), b.split("\n")];
  const index = left.findIndex((line, place) => line !== right[place]);
  return (index === -1 ? left.length : index) + 1;
}
