/** GitLab's environments and deployments, so that GitLab's own pages tell the truth. */
import { Stalled } from "../../core/errors.ts";
import type { Forge, ForgeEnvironment } from "../../core/ports.ts";
import { diffResources } from "../../core/resource.ts";
import type { Release, Target } from "../target.ts";
import {
  desiredEnvironment,
  markOf,
  NO_RELEASE,
  observedEnvironment,
  releaseInMark,
  wayOut,
  type GitlabEnvironment,
} from "./model.ts";

export function deploymentTarget(forge: Forge): Target<GitlabEnvironment> {
  const answers = new Answers();
  return {
    name: "deployment",
    desired: desiredEnvironment,
    observe: async (environment, signal) => {
      const { name } = environment;
      return observedEnvironment(environment, answers.take(name) ?? (await forge.environment(name, signal)));
    },
    diff: diffResources,
    apply: async (changes, release, signal) => {
      const [change] = changes;
      if (change === undefined) return;
      const isThere = await refuseForeign(forge, release, signal);
      if (change.verb !== "delete") {
        answers.keep(await deploy(forge, change.after, release, !isThere || change.verb === "create", signal));
      } else if (isThere) await forge.stopEnvironment(change.before.name, signal);
    },
  };
}

/** What GitLab answered to our last write is what whoever looks right after it would read: once, and not for long. */
class Answers {
  readonly #kept = new Map<string, { readonly environment: ForgeEnvironment; readonly until: number }>();

  keep(environment: ForgeEnvironment): void {
    this.#kept.set(environment.name, { environment, until: performance.now() + FRESH_MS });
  }

  take(name: string): ForgeEnvironment | undefined {
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    return kept !== undefined && performance.now() < kept.until ? kept.environment : undefined;
  }
}

const FRESH_MS = 2_000;

/**
 * The mark names the release last of all: a run that is cut off before that is seen as not done, and the next one does it again. A new
 * environment gets the mark without a release first, so that it is known as ours from its first moment; so does a stopped one that comes
 * back, which would else bear the mark of its former life.
 */
async function deploy(
  forge: Forge,
  wanted: GitlabEnvironment,
  { environment, source }: Release,
  isNew: boolean,
  signal: AbortSignal,
): Promise<ForgeEnvironment> {
  const { name, tier, externalUrl, release } = wanted;
  const save = async (named: string): Promise<ForgeEnvironment> =>
    forge.saveEnvironment({ name, tier, externalUrl, description: markOf(environment.instance, named) }, signal);
  const { defaultBranch } = await forge.project(signal);
  if (isNew) await save(NO_RELEASE);
  await forge.deploy(name, source.commit, defaultBranch, signal);
  return save(release);
}

/** Whether there is an environment of ours. Throws Stalled for one that is not: it is never taken over. */
async function refuseForeign(forge: Forge, { environment: { name, instance } }: Release, signal: AbortSignal): Promise<boolean> {
  const found = await forge.environment(name, signal);
  if (found === undefined) return false;
  if (releaseInMark(instance, found.description) !== undefined) return true;
  throw new Stalled(`GitLab has an environment ${name} that claimbot did not make`, wayOut(instance));
}
