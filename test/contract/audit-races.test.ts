/** The audit log as two processes write it over the turn of a month: one chain, each entry once, on every server. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { verifyAudit } from "../../src/core/verify-audit.ts";
import { readAuditLog } from "../../src/targets/claim-store/audit-log.ts";
import { REAL_S3, startDouble, startReal } from "./s3-servers.ts";

const PROJECT = `${import.meta.dirname}/../..`;
const EACH = 40;

/** Appends commands under an instance's name; half of them before midnight by its own clock, which is `late` entries behind. */
const WRITER = `
  import { openS3Store } from "./src/adapters/s3/store.ts";
  import { Secret } from "./src/core/secret.ts";
  import { openAuditLog } from "./src/targets/claim-store/audit-log.ts";
  const { options, key, instance, count, late } = JSON.parse(process.argv[1]);
  const store = await openS3Store({ ...options, credentials: { accessKeyId: key.id, secretAccessKey: new Secret(key.secret) } });
  let written = 0;
  const now = () => new Date(written < count / 2 + late ? "2026-11-30T23:59:59.000Z" : "2026-12-01T00:00:01.000Z");
  const audit = openAuditLog(store, { instance, now, redact: (text) => text });
  await audit.head();
  console.log("ready");
  await new Promise((go) => process.stdin.once("end", go).resume());
  const heads = [];
  for (; written < count; written += 1) {
    heads.push(await audit.append({
      kind: "Command", by: { id: 7, username: instance }, mergeRequest: 12, note: { id: written, digest: "0".repeat(64) },
      index: 0, line: "/claim plan", environments: [], verdict: "allowed",
    }));
  }
  console.log(JSON.stringify(heads));
`;

interface Key {
  readonly id: string;
  readonly secret: string;
}

interface Head {
  readonly key: string;
  readonly digest: string;
}

interface Writer {
  readonly ready: Promise<unknown>;
  readonly heads: Promise<readonly Head[]>;
  go(): void;
}

/** A process of its own, which begins when it is told to. */
function writer(options: object, key: Key, instance: string, late: number): Writer {
  const settings = JSON.stringify({ options, key, instance, count: EACH, late });
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", WRITER, settings], { cwd: PROJECT });
  const ready = once(child.stdout, "data");
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  return {
    ready: Promise.race([ready, said]),
    heads: said.then(([out, err]) => {
      const heads = /^\[.*$/m.exec(out)?.[0];
      if (heads === undefined) throw new Error(`${instance} ended without a word: ${err}`);
      return JSON.parse(heads) as readonly Head[];
    }),
    go: () => child.stdin.end(),
  };
}

describe.each([
  ["the sandbox's S3", startDouble, false],
  ["a real S3", startReal, true],
] as const)("on %s", (_, start, isReal) => {
  test.skipIf(isReal && REAL_S3 === undefined)(
    "two processes at the turn of a month, one of them with a late clock, write one chain",
    async () => {
      await using s3 = await start();
      const { credentials, ...options } = s3.options;
      if (!("accessKeyId" in credentials)) throw new Error("the servers of this suite have static keys");
      const key = { id: credentials.accessKeyId, secret: credentials.secretAccessKey.reveal() };
      const writers = [writer(options, key, "one", 0), writer(options, key, "two", 3)];
      await Promise.all(writers.map(async ({ ready }) => ready));
      for (const each of writers) each.go();
      const quoted = (await Promise.all(writers.map(async ({ heads }) => heads))).flat();
      expect(quoted).toHaveLength(2 * EACH);
      const { entries, faults } = verifyAudit(await readAuditLog(s3.store), quoted);
      expect(faults).toEqual([]);
      // The opening and the turn of the month, once each.
      expect(entries).toHaveLength(2 * EACH + 2);
      expect(entries.filter(({ event }) => event.kind === "MonthClosed")).toHaveLength(2);
      const said = entries.flatMap(({ event, instance }) => (event.kind === "Command" ? [`${instance} ${event.note.id}`] : []));
      expect(new Set(said).size).toBe(2 * EACH);
      // Each key has one version: nobody wrote over the other.
      expect((await s3.store.versions("audit/")).length).toBe(2 * EACH + 2);
      const months = new Set(quoted.map(({ key: stored }) => stored.split("/")[1]));
      expect(months).toEqual(new Set(["2026-11", "2026-12"]));
    },
    60_000,
  );
});
