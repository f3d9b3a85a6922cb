import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { usage } from "../../src/cli/commands.ts";

const DOOR = fileURLToPath(new URL("../../bin/claimbot.js", import.meta.url));
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/claimbot/", import.meta.url));

function claimbot(words: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return spawnSync(process.execPath, [DOOR, ...words], { encoding: "utf8", env: { ...env, ...more } });
}

test("opens to the command line: its words, its streams, its exit code", () => {
  expect(claimbot(["help"])).toMatchObject({ status: 0, stdout: usage(), stderr: "" });
  expect(claimbot(["destory"])).toMatchObject({ status: 2, stdout: "" });
  expect(claimbot(["validate", "--what"])).toMatchObject({ status: 2, stdout: "" });
});

test("keeps what Node compiled beside the code, not in a folder where everybody may write", () => {
  // Node's own trace of its cache; it goes to standard output or error, by version.
  const { output } = claimbot(["help"], { NODE_DEBUG_NATIVE: "COMPILE_CACHE" });
  expect(output.join("")).toMatch(
    new RegExp(`(reading|writing) cache (from|to|file) ${RegExp.escape(CACHE)}.* file://.*/src/cli/commands\\.ts`),
  );
});
