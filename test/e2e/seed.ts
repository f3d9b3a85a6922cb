/** A small default branch: platform.yaml and policies of the starter, with few of its claims, so that a rehearsal settles soon. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { STARTER } from "../../src/rehearsal.ts";

export interface Seed extends AsyncDisposable {
  readonly directory: string;
}

/** `names` are environments that need no others; `platform` may change platform.yaml; the folder goes at the end. */
export async function seedOf(names: readonly string[], platform = (text: string): string => text): Promise<Seed> {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-seed-"));
  for (const path of ["platform.yaml", "policies"]) await cp(join(STARTER, path), join(directory, path), { recursive: true });
  const platformPath = join(directory, "platform.yaml");
  await writeFile(platformPath, platform(await readFile(platformPath, "utf8")));
  const claims = await readdir(join(STARTER, "environments"), { recursive: true });
  const chosen = claims.filter((path) => names.includes(basename(path, ".yaml")));
  if (chosen.length !== names.length) throw new Error(`the starter does not have all of ${names.join(", ")}`);
  for (const path of chosen) await cp(join(STARTER, "environments", path), join(directory, "environments", path));
  return { directory, [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }) };
}
