import { expect, test } from "vitest";
import { openLog } from "../../src/adapters/log.ts";
import { Secret } from "../../src/core/secret.ts";

function openedLog(secrets: readonly string[], level: "debug" | "info" = "info") {
  const lines: string[] = [];
  const log = openLog({
    level,
    secrets: secrets.map((secret) => new Secret(secret)),
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { log, lines };
}

const TOKEN = 'glpat-Ca"nary/+7f3e';

test("an entry is one line of JSON with level, time and fields", () => {
  const { log, lines } = openedLog([]);
  log.info({ key: "mr:3" }, "the job started");
  expect(JSON.parse(lines[0]!)).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    key: "mr:3",
    msg: "the job started",
  });
  expect(lines[0]!.endsWith("}\n")).toBe(true);
});

test("entries below the level are left out", () => {
  const { log, lines } = openedLog([]);
  log.debug({}, "too much");
  expect(lines).toEqual([]);
});

test.each<[string, (text: string) => unknown]>([
  ["in a field", (text) => ({ url: text })],
  ["deep in a field", (text) => ({ a: [{ b: { c: text } }] })],
  ["as a name of a field", (text) => ({ [text]: 1 })],
  ["in an error's message", (text) => ({ err: new Error(`refused ${text}`) })],
  ["in an error's cause", (text) => ({ err: new Error("outer", { cause: new Error(text) }) })],
  ["in something thrown that is no error", (text) => ({ err: text })],
  ["in a URL", (text) => ({ url: `https://host/?token=${encodeURIComponent(text)}` })],
  ["in base64", (text) => ({ header: Buffer.from(text).toString("base64") })],
  ["in base64url", (text) => ({ header: Buffer.from(text).toString("base64url") })],
  ["in a basic login of a 6-letter user", (text) => ({ header: Buffer.from(`oauth2:${text}`).toString("base64") })],
  ["in a basic login of a 5-letter user", (text) => ({ header: Buffer.from(`admin:${text}@host`).toString("base64") })],
  ["in a basic login of a 4-letter user", (text) => ({ header: Buffer.from(`root:${text}!`).toString("base64") })],
])("a secret %s is blanked", (_, fields) => {
  const { log, lines } = openedLog([TOKEN]);
  log.error(fields(TOKEN) as Record<string, unknown>, "something happened");
  const [line] = lines;
  expect(() => JSON.parse(line!)).not.toThrow();
  expect(line).toContain("[secret]");
  expect(line).not.toContain("nary/+7f3e");
  for (const offset of [0, 1, 2]) {
    const piece = Buffer.concat([Buffer.alloc(offset), Buffer.from(TOKEN)])
      .toString("base64")
      .slice(4, 20);
    expect(line).not.toContain(piece);
  }
});

test("a secret in the message is blanked", () => {
  const { log, lines } = openedLog([TOKEN]);
  log.info({}, `GET https://oauth2:${TOKEN}@host/ failed`);
  expect(JSON.parse(lines[0]!).msg).toBe("GET https://oauth2:[secret]@host/ failed");
});

test("the longer of two secrets is blanked whole when one begins like the other", () => {
  const { log, lines } = openedLog(["abcdef123", "abcdef123456789"]);
  log.info({ value: "abcdef123456789" }, "x");
  expect(JSON.parse(lines[0]!).value).toBe("[secret]");
});

test("what a client hangs on its errors is not logged", () => {
  const { log, lines } = openedLog([]);
  log.error(
    { err: Object.assign(new Error("503"), { code: "EHOST", config: { headers: { authorization: "unknown-secret" } } }) },
    "x",
  );
  expect(lines[0]).not.toContain("unknown-secret");
  expect(JSON.parse(lines[0]!).err).toMatchObject({ name: "Error", message: "503", code: "EHOST" });
});

test("no entry can forge another or move a terminal", () => {
  const { log, lines } = openedLog([]);
  log.info({ title: 'x"}\n{"level":"error"\r\u001b[2J\u009b31m\u2028\u202e' }, "a\nb");
  expect(Array.from(lines[0]!.trimEnd()).filter((character) => character < " " || character > "~")).toEqual([]);
  expect(lines[0]!.split("\n")).toHaveLength(2);
  expect(JSON.parse(lines[0]!).title).toContain("\u009b31m");
});
