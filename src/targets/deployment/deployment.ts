/** GitLab's environments and deployments, so that GitLab's own pages tell the truth. */
import { Stalled } from "../../core/errors.ts";
import type { Forge } from "../../core/ports.ts";
import { diffResources } from "../../core/resource.ts";
import type { Release, Target } from "../target.ts";
import { desiredEnvironment, markOf, NO_RELEASE, observedEnvironment, releaseInMark, type GitlabEnvironment } from "./model.ts";

export function deploymentTarget(forge: Forge): Target<GitlabEnvironment> {
  return {
    name: "deployment",
    desired: desiredEnvironment,
    observe: async (environment, signal) => observedEnvironment(environment, await forge.environment(environment.name, signal)),
    diff: diffResources,
    apply: async (changes, release, signal) => {
      const [change] = changes;
      if (change === undefined) return;
      const isThere = await refuseForeign(forge, release, signal);
      if (change.verb !== "delete") await deploy(forge, change.after, release, !isThere || change.verb === "create", signal);
      else if (isThere) await forge.stopEnvironment(change.before.name, signal);
    },
  };
}

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
) {
  const { name, tier, externalUrl, release } = wanted;
  const save = async (named: string): Promise<void> =>
    forge.saveEnvironment({ name, tier, externalUrl, description: markOf(environment.instance, named) }, signal);
  const { defaultBranch } = await forge.project(signal);
  if (isNew) await save(NO_RELEASE);
  await forge.deploy(name, source.commit, defaultBranch, signal);
  await save(release);
}

/** Whether there is an environment of ours. Throws Stalled for one that is not: it is never taken over. */
async function refuseForeign(forge: Forge, { environment: { name, instance } }: Release, signal: AbortSignal): Promise<boolean> {
  const found = await forge.environment(name, signal);
  if (found === undefined) return false;
  if (releaseInMark(instance, found.description) !== undefined) return true;
  throw new Stalled(
    `GitLab has an environment ${name} that claimbot did not make`,
    `Delete it under Operate, Environments, or give it to claimbot: set its description to "${markOf(instance, NO_RELEASE)}"`,
  );
}
