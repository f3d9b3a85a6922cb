/** Who reaches an effect, by the imports: whoever is not listed here is a door that nobody asked for. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { controlApp } from "../../src/http/control.ts";
import { httpApp } from "../../src/http/app.ts";
import type { Log } from "../../src/core/log.ts";
import type { HttpDeps } from "../../src/http/deps.ts";
import { routesOf } from "../../src/http/routes.ts";

const nothing = (): void => undefined;
const NO_LOG: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const SRC = join(import.meta.dirname, "../../src");
const FILES = globSync("**/*.ts", { cwd: SRC })
  .filter((path) => !path.startsWith("sandbox/"))
  .toSorted();

/** Files that import a value of a module, or any of the named values; types cross as they like. */
function importers(module: string, names?: readonly string[]): readonly string[] {
  return FILES.filter((path) => {
    const text = readFileSync(join(SRC, path), "utf8");
    const found = [...text.matchAll(/(?:import|export) (type )?([^;"]*?) ?(?:from )?"(\.[^"]+)"|import\("(\.[^"]+)"\)/g)];
    return found.some(([, typeOnly, what = "", from, dynamic]) => {
      if (typeOnly !== undefined || join(path, "..", from ?? dynamic ?? "") !== module) return false;
      const values = what
        .replaceAll(/[{}]/g, "")
        .split(",")
        .map((one) => one.trim())
        .filter((one) => one !== "" && !one.startsWith("type "));
      return names === undefined ? dynamic !== undefined || values.length > 0 : values.some((one) => names.includes(one));
    });
  });
}

const callers = (pattern: RegExp): readonly string[] =>
  FILES.filter((path) => pattern.test(readFileSync(join(SRC, path), "utf8")));

test.each<[string, string, readonly string[] | undefined, readonly string[]]>([
  ["a job is done", "flows/dispatch.ts", undefined, ["service.ts"]],
  ["a note is read", "flows/chatops.ts", undefined, ["flows/dispatch.ts"]],
  ["a command is answered", "flows/answers/answer.ts", undefined, ["flows/chatops.ts"]],
  ["an environment is released", "flows/run-release.ts", ["runRelease"], ["flows/answers/apply.ts", "flows/dispatch.ts"]],
  ["a release is made", "flows/release.ts", ["release"], ["cli/apply.ts", "flows/run-release.ts"]],
  ["rules are adopted", "flows/release-rules.ts", ["releaseRules"], ["cli/apply.ts", "flows/run-release.ts"]],
  ["rules are written", "flows/adoption.ts", ["adopt"], ["flows/release-rules.ts"]],
  ["something is rolled out", "targets/reconcile.ts", ["rollOut", "rollout"], ["flows/release.ts"]],
])("%s by these alone", (_, module, names, expected) => {
  expect(importers(module, names)).toEqual(expected);
});

test("each answer is given by answer.ts, behind its one question of right", () => {
  const answers = FILES.filter((path) => path.startsWith("flows/answers/"));
  const reached = answers.map((path): [string, readonly string[]] => [
    path,
    importers(path).filter((from) => !from.startsWith("flows/answers/")),
  ]);
  expect(Object.fromEntries(reached.filter(([, from]) => from.length > 0))).toEqual({
    "flows/answers/answer.ts": ["flows/chatops.ts"],
    // Which environments a merge request concerns is asked there, and whether somebody who took a label off might have.
    "flows/answers/concerned.ts": ["flows/hold.ts"],
    // It reads the rules by which all of them are judged.
    "flows/answers/judging-rules.ts": ["flows/chatops.ts"],
  });
  const text = readFileSync(join(SRC, "flows/answers/answer.ts"), "utf8");
  const asked = text.indexOf("await refusalFor(asked, entry, rules, concerned)");
  expect(asked).toBeGreaterThan(0);
  expect(text.indexOf("return carryOut(")).toBeGreaterThan(asked);
});

test("nobody decides about people but authorise, and only these ask it", () => {
  expect(importers("core/permission.ts", ["authorise"])).toEqual(["flows/answers/concerned.ts", "flows/answers/who.ts"]);
  expect(callers(/isAuthorized\(/i).filter((path) => !path.startsWith("core/permission/"))).toEqual([]);
});

test("labels, the one state that a command sets, are set by these alone", () => {
  // The second puts back what somebody took off who may not.
  expect(callers(/\.editLabels\(/)).toEqual(["flows/answers/hold.ts", "flows/hold.ts"]);
});

test("the service answers the routes of the table, and no other", () => {
  const deps = { webhook: { secrets: [], signingTokens: [] }, fluxEventsTokens: [] } as unknown as HttpDeps;
  const answered = httpApp(deps).routes.filter(({ method }) => method !== "ALL");
  expect(answered.map(({ method, path }) => `${method} ${path}`)).toEqual(
    routesOf(deps).map(({ method, path }) => `${method} ${path}`),
  );
  // What is in front of all of them only adds headers.
  expect(httpApp(deps).routes.length - answered.length).toBe(1);
});

test("whoever listens is a door of the table, or answers nothing", () => {
  const listening: Readonly<Record<string, string>> = {
    "adapters/owner-lock.ts": "a lock: whoever connects is hung up on",
    "http/app.ts": "event and probe, by the table of routes",
    "http/control.ts": "control",
    "http/start.ts": "where http/app.ts listens",
    "rehearsal.ts": "the sandbox",
  };
  expect(callers(/createAdaptorServer|\bserve\(|createServer\(|new Hono\(/)).toEqual(Object.keys(listening));
});

test("the control socket answers one question, and it only reads", () => {
  const app = controlApp({ deliveries: async () => [], log: NO_LOG });
  expect(app.routes.map(({ method, path }) => `${method} ${path}`)).toEqual(["GET /events"]);
});
