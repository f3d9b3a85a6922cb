/** review: one changed claim among many, by the real flow with nothing behind it but git, beside the git commands that nobody can do without. */
import { spawnSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeBareRepository } from "../../src/adapters/git/bare-repository.ts";
import { openMirror } from "../../src/adapters/git/mirror.ts";
import { review as reviewFlow } from "../../src/flows/review.ts";
import { median, scaled, timed, type Bench } from "./bench.ts";
import { claimFile, claimFiles } from "./claims.ts";
import { quietWorld } from "./quiet-world.ts";

const ROUNDS = 9;

export const review: Bench = async (scale) => {
  const count = scaled(10_000, scale);
  await using folder = await mkdtempDisposable(join(tmpdir(), "claimbot-bench-"));
  const directory = join(folder.path, "mirror.git");
  await makeBareRepository(directory);
  // The first head of all pays for reading every claim once; each later one changes another claim.
  const heads = branchPerRound(directory, count);
  const mirror = await openMirror({ directory, url: "https://gitlab.example.org/platform/static-environments.git" });
  const main = git(directory, ["rev-parse", "refs/heads/main"]).trim();
  const world = await quietWorld(join(folder.path, "data"), mirror, main);
  const signal = AbortSignal.timeout(600_000);
  const runs: { readonly ours: number; readonly git: number; readonly calls: number }[] = [];
  for (const [round, head] of heads.entries()) {
    const { ms: git } = await timed(() => bareGit(directory, head));
    world.show(round + 1, head);
    const { ms: ours, value } = await timed(async () => reviewFlow(world, round + 1, signal));
    if (value?.plans.length !== 1) throw new Error(`one plan was to be made: ${JSON.stringify(value)}`);
    runs.push({ ours, git, calls: world.takeCalls() });
  }
  const [first, ...later] = runs as [(typeof runs)[number], ...typeof runs];
  const bare = median(later.map((run) => run.git));
  const total = median(later.map((run) => run.ours));
  const own = median(later.map((run) => run.ours - run.git));
  const calls = Math.max(...later.map((run) => run.calls));
  const peer = "bare git commands";
  return [
    { what: `1 of ${count} claims, the first review`, ours: first.ours, beside: first.git, unit: "ms", peer },
    { what: `1 of ${count} claims, each later one`, ours: total, beside: bare, unit: "ms", peer },
    { what: "… of it our own time", ours: own, beside: bare, unit: "ms", peer, budget: { text: "< 150 ms", holds: own < 150 } },
    { what: "… calls of GitLab", ours: calls, beside: 1, unit: "calls", peer: "one", budget: { text: "≤ 6", holds: calls <= 6 } },
  ];
};

/** What any tool would have to ask: the merge, both trees, the changed file. */
function bareGit(directory: string, head: string): void {
  const tree = git(directory, ["merge-tree", "--write-tree", "refs/heads/main", head]).trim();
  const before = git(directory, ["ls-tree", "-r", "-z", "refs/heads/main"]).split("\0");
  const known = new Set(before);
  const changed = git(directory, ["ls-tree", "-r", "-z", tree])
    .split("\0")
    .filter((line) => !known.has(line));
  git(directory, ["cat-file", "--batch"], changed.map((line) => `${line.slice(12, 52)}\n`).join(""));
}

/** main with so many claims, and on it a branch per round that changes one of them. Gives the branches' heads. */
function branchPerRound(directory: string, count: number): readonly string[] {
  const lines: string[] = commit("refs/heads/main", [...claimFiles(count)]);
  for (let round = 0; round < ROUNDS; round += 1) {
    lines.push(...commit(`refs/heads/change-${round}`, [claimFile(Math.floor((count * round) / ROUNDS), 2)], "refs/heads/main"));
  }
  git(directory, ["fast-import", "--quiet"], lines.join("\n"));
  return Array.from({ length: ROUNDS }, (_, round) => git(directory, ["rev-parse", `refs/heads/change-${round}`]).trim());
}

/** The language of git fast-import. */
function commit(ref: string, files: readonly (readonly [path: string, text: string])[], from?: string): string[] {
  const who = "Mara <mara@example.org> 1795507200 +0000";
  return [
    `commit ${ref}`,
    `committer ${who}`,
    "data 6\nchange",
    ...(from === undefined ? [] : [`from ${from}`]),
    ...files.flatMap(([path, text]) => [`M 100644 inline ${path}`, `data ${Buffer.byteLength(text)}\n${text}`]),
    "",
  ];
}

function git(directory: string, words: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync("git", ["--git-dir", directory, ...words], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`git ${words.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
