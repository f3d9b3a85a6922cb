/** Host names that other open merge requests ask for: two may not have the same, and the second should see it at plan time (threat S24). */
import { parseClaim } from "../core/claim/parse.ts";
import type { MergeRequest } from "../core/ports.ts";
import { blobsByPath, type ClaimFiles } from "./files.ts";
import { inGroups } from "./in-groups.ts";
import type { ForgeWorld } from "./world.ts";

interface Asked {
  readonly hostname: string;
  readonly where: string;
}

/** Names that an older open merge request newly asks for, against the target's files. The younger one gets the diagnostic. */
export async function hostnamesElsewhere(
  world: ForgeWorld,
  mr: MergeRequest,
  open: readonly MergeRequest[],
  target: ClaimFiles,
  signal: AbortSignal,
): Promise<readonly Asked[]> {
  const others = open.filter((other) => other.iid < mr.iid && other.sha !== undefined && other.targetBranch === mr.targetBranch);
  if (others.length === 0) return [];
  const heads = await world.repository.fetch(
    others.map(({ iid }) => `refs/merge-requests/${iid}/head`),
    signal,
  );
  const known = blobsByPath(target);
  const found = await inGroups(others, 8, async ({ iid }) => {
    const head = heads[others.findIndex((other) => other.iid === iid)];
    return head === undefined ? [] : namesAsked(world, head, known, `!${iid}`);
  });
  return found.flat();
}

async function namesAsked(
  world: ForgeWorld,
  head: string,
  known: ReadonlyMap<string, string>,
  where: string,
): Promise<readonly Asked[]> {
  const entries = (await world.repository.tree(head, ["environments"])).filter(
    ({ path, mode, blob }) => path.endsWith(".yaml") && mode.startsWith("100") && known.get(path) !== `${mode} ${blob}`,
  );
  const knownBlob = (path: string): string | undefined => known.get(path)?.split(" ")[1];
  const wanted = entries.flatMap(({ path, blob }) => [blob, knownBlob(path) ?? blob]);
  const blobs = await world.repository.blobs([...new Set(wanted)]);
  const namesIn = (path: string, blob: string): readonly string[] => {
    const parsed = parseClaim(path, blobs.get(blob) ?? new Uint8Array());
    return parsed.ok ? (parsed.value.spec.dns?.hostnames ?? []) : [];
  };
  return entries.flatMap(({ path, blob }) => {
    // What the same claim has at the target already is nobody's news, whatever else that merge request changes in it.
    const before = knownBlob(path);
    const had = new Set(before === undefined ? [] : namesIn(path, before));
    return namesIn(path, blob).flatMap((hostname) => (had.has(hostname) ? [] : [{ hostname, where }]));
  });
}
