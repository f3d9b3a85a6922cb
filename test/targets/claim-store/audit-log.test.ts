/** The audit log as several writers use it: one chain, whoever writes, whatever the clocks say, and wherever one is cut off. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AuditEvent, CommandEvent, DecisionEvent, EffectsEvent, PublicationEvent } from "../../../src/core/audit.ts";
import { Stalled, Waiting } from "../../../src/core/errors.ts";
import type { Audit, ObjectStore } from "../../../src/core/ports.ts";
import { verifyAudit } from "../../../src/core/verify-audit.ts";
import { openAuditLog, readAuditLog } from "../../../src/targets/claim-store/audit-log.ts";
import { aStore, type AStore } from "./a-store.ts";

const NOVEMBER = "2026-11-24T12:00:00.000Z";
const DECEMBER = "2026-12-01T00:00:00.000Z";

function writer(store: ObjectStore, at: string | (() => string) = NOVEMBER, instance = "one"): Audit {
  return openAuditLog(store, {
    instance,
    now: () => new Date(typeof at === "string" ? at : at()),
    redact: (text) => text.replaceAll("hunter2", "[secret]"),
  });
}

function said(id: number, of: Partial<CommandEvent> = {}): CommandEvent {
  return {
    kind: "Command",
    by: { id: 7, username: "mara" },
    mergeRequest: 12,
    note: { id, digest: "0".repeat(64) },
    index: 0,
    line: "/claim apply",
    command: { kind: "apply" },
    environments: ["shop-prod"],
    verdict: "allowed",
    ...of,
  };
}

function decision(of: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    kind: "Decision",
    environment: "shop-prod",
    type: "prod",
    planDigest: "a".repeat(64),
    outcome: "held",
    gates: [{ gate: "approvals", verdict: "closed", reason: "1 of 2 approvals" }],
    commit: "c".repeat(40),
    approvers: [],
    ...of,
  };
}

const EFFECTS: EffectsEvent = {
  kind: "Effects",
  environment: "shop-prod",
  planDigest: "a".repeat(64),
  targets: [],
  outcome: "settled",
};

const BEGUN: PublicationEvent = {
  kind: "Publication",
  by: { account: "mara", host: "desk" },
  commit: "c".repeat(40),
  plans: [],
  proof: "nobody",
};

const keysOf = ({ objects }: AStore): readonly string[] => [...objects.keys()].toSorted();
const lastOf = (store: AStore): string => store.objects.get(keysOf(store).at(-1) ?? "") ?? "";

describe("the chain", () => {
  test("opens by naming its first month, and numbers run on over the turn of the month", async () => {
    const store = aStore();
    let at = NOVEMBER;
    const audit = writer(store, () => at);
    const first = await audit.append(said(1));
    at = DECEMBER;
    const second = await audit.append(said(2));
    expect(keysOf(store)).toEqual([
      "audit/0000-00/00000001.json",
      "audit/2026-11/00000002.json",
      "audit/2026-11/00000003.json",
      "audit/2026-12/00000004.json",
    ]);
    expect([first, second]).toMatchObject([
      { key: "audit/2026-11/00000002.json", sequence: 2, at: NOVEMBER },
      { key: "audit/2026-12/00000004.json", sequence: 4, at: DECEMBER },
    ]);
    const { entries, faults } = verifyAudit(await readAuditLog(store), [first, second]);
    expect(faults).toEqual([]);
    expect(entries.map(({ event }) => (event.kind === "MonthClosed" ? `to ${event.next}` : event.kind))).toEqual([
      "to 2026-11",
      "Command",
      "to 2026-12",
      "Command",
    ]);
    expect(await audit.head()).toEqual(second);
  });

  test("a writer whose clock is behind writes into the newest month, in its own time", async () => {
    const store = aStore();
    await writer(store, DECEMBER).append(said(1));
    const late = await writer(store, NOVEMBER, "late").append(said(2));
    expect(late).toMatchObject({ key: "audit/2026-12/00000003.json", at: NOVEMBER });
    expect(verifyAudit(await readAuditLog(store)).faults).toEqual([]);
  });

  test("after a silence of years, the month that was named is closed at once", async () => {
    const store = aStore();
    let at = NOVEMBER;
    const audit = writer(store, () => at);
    await audit.append(said(1));
    at = DECEMBER;
    await audit.append(said(2));
    at = "2029-03-01T00:00:00.000Z";
    expect((await audit.append(said(3))).key).toBe("audit/2029-03/00000006.json");
    expect(verifyAudit(await readAuditLog(store)).faults).toEqual([]);
  });

  test("a writer that was long away reads what was written meanwhile: it competes for two keys, not for each", async () => {
    const store = aStore();
    const away = writer(store);
    await away.append(said(1));
    const busy = writer(store, NOVEMBER, "busy");
    for (let id = 2; id < 40; id += 1) await busy.append(said(id));
    const puts = store.calls.put;
    expect((await away.append(said(40))).sequence).toBe(41);
    expect(store.calls.put - puts).toBe(2);
    expect(verifyAudit(await readAuditLog(store)).faults).toEqual([]);
  });

  test("a writer that starts anew finds its end in this month, in the last one, and in any", async () => {
    for (const at of [NOVEMBER, "2026-12-31T23:59:59.999Z", "2031-01-01T00:00:00.000Z"]) {
      const store = aStore();
      const head = await writer(store).append(said(1));
      const started = writer(store, at);
      expect(await started.head()).toEqual(head);
      expect((await started.append(said(2))).sequence).toBeGreaterThan(head.sequence);
      expect(verifyAudit(await readAuditLog(store), [head]).faults).toEqual([]);
    }
  });

  test("a listing that is short does not fork it", async () => {
    const store = aStore();
    const audit = writer(store);
    for (let id = 0; id < 9; id += 1) await audit.append(said(id));
    const short = { ...store, list: async (prefix: string) => (await store.list(prefix)).slice(0, 3) };
    const blind = { ...store, list: async () => [] };
    expect((await writer(short).append(said(100))).sequence).toBe(11);
    expect((await writer(blind).append(said(101))).sequence).toBe(12);
    expect(verifyAudit(await readAuditLog(store)).faults).toEqual([]);
  });

  test("any interleaving of writers over the turn of a month gives one chain that has every event once", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.array(fc.constantFrom(NOVEMBER, DECEMBER, "2027-01-01T00:00:00.000Z"), { minLength: 1, maxLength: 3 }), {
          minLength: 2,
          maxLength: 4,
        }),
        async (scheduler, writers) => {
          const store = aStore(async (what) => scheduler.schedule(Promise.resolve(), what));
          const work = writers.map(async (times, index) => {
            let at = NOVEMBER;
            const audit = writer(store, () => at, `w${index}`);
            for (const [turn, time] of times.entries()) {
              at = time;
              await audit.append(said(index * 10 + turn));
            }
          });
          await scheduler.waitFor(Promise.all(work));
          const stored = [...store.objects].map(([key, text]) => ({ key, text })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
          const { entries, faults } = verifyAudit(stored);
          expect(faults).toEqual([]);
          const notes = entries.flatMap(({ event }) => (event.kind === "Command" ? [event.note.id] : []));
          expect(notes.toSorted((a, b) => a - b)).toEqual(
            writers.flatMap((times, index) => times.map((_, turn) => index * 10 + turn)),
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("ends where a writer died: the next one goes on from there", async () => {
    for (let death = 1; death <= 6; death += 1) {
      let puts = 0;
      const store = aStore();
      const dying: ObjectStore = {
        ...store,
        async putNew(key, body, options) {
          puts += 1;
          if (puts > death) throw new Error("the process is gone");
          const written = await store.putNew(key, body, options);
          // The answer of the last one is lost.
          if (puts === death) throw new Error("the process is gone");
          return written;
        },
      };
      let at = NOVEMBER;
      const audit = writer(dying, () => at);
      for (const [id, time] of [NOVEMBER, NOVEMBER, DECEMBER].entries()) {
        at = time;
        await audit.append(said(id)).catch(() => undefined);
      }
      const head = await writer(store, DECEMBER, "two").append(said(99));
      expect(verifyAudit(await readAuditLog(store), [head]).faults, `after ${death} writes`).toEqual([]);
    }
  });
});

describe("what is only said again is not written again", () => {
  const rows: readonly (readonly [string, readonly AuditEvent[], number])[] = [
    ["the same hold, sweep after sweep", [decision(), decision(), decision()], 1],
    ["a hold for another reason, and for the first one again", [decision(), decision({ gates: [] }), decision()], 3],
    ["another plan that is held", [decision(), decision({ planDigest: "b".repeat(64) })], 2],
    ["the same hold of two environments", [decision(), decision({ environment: "shop-dev" }), decision()], 2],
    ["a release that goes on after its own decision", [decision({ outcome: "go" }), decision({ outcome: "resumed" })], 1],
    ["one that goes on after a hold", [decision(), decision({ outcome: "resumed" })], 2],
    ["one that goes on whose decision nobody remembers", [decision({ outcome: "resumed" }), decision({ outcome: "resumed" })], 1],
    ["an end that is found again", [decision({ outcome: "go" }), EFFECTS, EFFECTS], 2],
    [
      "the same plan, decided, done, and needed once more",
      [decision({ outcome: "go" }), EFFECTS, decision({ outcome: "go" })],
      3,
    ],
    ["a stop that a retry meets again", [{ ...EFFECTS, outcome: "stopped", reason: "no" }, decision({ outcome: "go" })], 2],
    ["a command that is run again after it had to wait", [said(1), said(1)], 1],
    ["a terminal that begins anew, where nothing came of it", [BEGUN, BEGUN], 1],
    ["a terminal that begins anew, after something did", [BEGUN, decision({ outcome: "go" }), BEGUN], 3],
    ["the second line of the same note", [said(1), said(1, { index: 1 }), said(1)], 2],
    ["a command that failed after all", [said(1), said(1, { verdict: "failed", reason: "held" })], 2],
  ];
  test.each(rows)("%s", async (_, events, written) => {
    const store = aStore();
    const audit = writer(store);
    const heads = [];
    for (const event of events) heads.push(await audit.append(event));
    expect(store.objects.size).toBe(written + 1);
    // Nor by a process that starts anew: it reads the tail.
    const again = await writer(store, NOVEMBER, "two").append(events.at(-1) as AuditEvent);
    expect(store.objects.size).toBe(written + 1);
    expect(again).toEqual(heads.at(-1));
  });

  test("a repetition costs no call", async () => {
    const store = aStore();
    const audit = writer(store);
    await audit.append(decision());
    const calls = { ...store.calls };
    await audit.append(decision());
    expect(store.calls).toEqual(calls);
  });
});

describe("an entry", () => {
  test("costs one call once the end is known", async () => {
    const store = aStore();
    const audit = writer(store);
    await audit.append(said(1));
    const { put, read, list } = store.calls;
    await audit.append(said(2));
    expect(store.calls).toEqual({ put: put + 1, read, list });
  });

  test("is locked for as long as prod", async () => {
    const store = aStore();
    const { key } = await writer(store).append(said(1));
    expect(store.locks.get(key)).toEqual(new Date(Date.parse(NOVEMBER) + 2557 * 86_400_000));
    const other = openAuditLog(store, {
      instance: "one",
      now: () => new Date(NOVEMBER),
      redact: (text) => text,
      retainUntil: async () => new Date(DECEMBER),
    });
    expect(store.locks.get((await other.append(said(2))).key)).toEqual(new Date(DECEMBER));
  });

  test("holds no secret, also where somebody pasted one", async () => {
    const store = aStore();
    await writer(store).append(said(1, { line: "/claim hold my password is hunter2", reason: "hunter2" }));
    expect(lastOf(store)).toContain("my password is [secret]");
    expect(lastOf(store)).not.toContain("hunter2");
  });
});

describe("a store that fails", () => {
  test("is waited for, and what could not be written is written when it is back", async () => {
    const store = aStore();
    let isAway = false;
    const audit = writer({
      ...store,
      async putNew(key, body, options) {
        if (isAway) throw new Error("connection refused");
        return store.putNew(key, body, options);
      },
    });
    await audit.append(said(1));
    isAway = true;
    await expect(audit.append(said(2))).rejects.toThrow(Waiting);
    isAway = false;
    expect((await audit.append(said(2))).sequence).toBe(3);
    expect(verifyAudit(await readAuditLog(store)).faults).toEqual([]);
  });

  test("whose newest entry is none stalls, and says which", async () => {
    const store = aStore();
    const { key } = await writer(store).append(said(1));
    store.objects.set(key, "{}\n");
    await expect(writer(store).append(said(2))).rejects.toThrow(Stalled);
    await expect(writer(store).append(said(2))).rejects.toThrow(key);
  });
});
