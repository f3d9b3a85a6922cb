import { execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtempDisposable, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const PROJECT = join(import.meta.dirname, "../..");
const FIXTURES = join(import.meta.dirname, "../fixtures/lint");

/** Lines on which the project's own configuration reports a rule, were the fixture a file of the program in that folder. */
async function reported(folder: string, fixture: string, rule: string): Promise<readonly number[]> {
  await using temporary = await mkdtempDisposable(join(tmpdir(), "claimbot-lint-"));
  const root = temporary.path;
  for (const name of ["lint", "node_modules", "tsconfig.json"]) await symlink(join(PROJECT, name), join(root, name));
  await copyFile(join(PROJECT, ".oxlintrc.json"), join(root, ".oxlintrc.json"));
  await mkdir(join(root, folder), { recursive: true });
  await copyFile(join(FIXTURES, `${fixture}.ts.txt`), join(root, folder, `${fixture}.ts`));
  const found = JSON.parse(lint(root)) as {
    readonly diagnostics: readonly {
      readonly code: string;
      readonly labels: readonly { readonly span: { readonly line: number } }[];
    }[];
  };
  return found.diagnostics
    .filter(({ code }) => code === `house(${rule})`)
    .flatMap(({ labels }) => labels[0]?.span.line ?? [])
    .toSorted((a, b) => a - b);
}

function lint(root: string): string {
  try {
    return execFileSync(join(root, "node_modules/.bin/oxlint"), ["-f", "json", "src"], {
      cwd: root,
      encoding: "utf8",
      stdio: "pipe",
    });
  } catch (error) {
    // It found something, which is what it is for.
    return (error as { readonly stdout: string }).stdout;
  }
}

test.each([
  ["secrets", "no-plain-secret-comparison", "src/http"],
  ["shell", "no-shell", "src/adapters/git"],
  ["deletion", "no-object-deletion", "src/adapters"],
])("%s.ts: the linter refuses %s at each wrong line, and nowhere else", async (fixture, rule, folder) => {
  const lines = (await readFile(join(FIXTURES, `${fixture}.ts.txt`), "utf8")).split("\n");
  const wrong = lines.flatMap((line, index) => (/\/[/*] wrong/.test(line) ? [index + 1] : []));
  expect(await reported(folder, fixture, rule)).toEqual(wrong);
  expect(wrong.length).toBeGreaterThan(5);
});
