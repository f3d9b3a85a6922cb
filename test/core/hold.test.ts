import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOLD_LABEL } from "../../src/core/gates.ts";
import { isHeldSince, lastUnhold, timesHeldBy } from "../../src/core/hold.ts";
import type { LabelEvent, User } from "../../src/core/ports.ts";

const person = (id: number, username: string): User => ({ id, username, name: username, bot: false });
const MARA = person(1, "mara");
const SAM = person(2, "sam");
const BOT = person(9, "claimbot");
const NOON = "2026-11-24T12:00:00.000Z";

const add = (user: User, label: string | undefined = HOLD_LABEL): LabelEvent => ({ user, label, action: "add", at: NOON });
const remove = (user: User, label: string | undefined = HOLD_LABEL): LabelEvent => ({ user, label, action: "remove", at: NOON });
/** A default would take its place for `undefined`. */
const deleted = (event: LabelEvent): LabelEvent => ({ ...event, label: undefined });

describe("who took a hold off", () => {
  test.each([
    ["nobody ever held it", [], { kind: "never" }],
    ["only other labels came and went", [add(SAM, "bug"), remove(SAM, "bug"), add(SAM, "claimbot::held")], { kind: "never" }],
    ["it was put on and taken off", [add(MARA), remove(SAM)], { kind: "by", user: SAM }],
    ["it was put back, and taken off again", [add(MARA), remove(SAM), add(BOT), remove(MARA)], { kind: "by", user: MARA }],
    ["another label went after it", [add(MARA), remove(SAM), add(MARA, "bug"), remove(MARA, "bug")], { kind: "by", user: SAM }],
    ["it is gone without an event", [add(MARA)], { kind: "unknown" }],
    ["its label was deleted", [deleted(add(MARA))], { kind: "unknown" }],
    ["its label was deleted after somebody took it off", [deleted(add(MARA)), deleted(remove(SAM))], { kind: "by", user: SAM }],
    ["a new label was put on and taken off", [deleted(add(MARA)), add(BOT), remove(BOT)], { kind: "by", user: BOT }],
    ["it was deleted once more since", [add(MARA), remove(MARA), deleted(add(SAM))], { kind: "unknown" }],
  ] as const)("where %s", (_, events, expected) => {
    expect(lastUnhold(events)).toEqual(expected);
  });

  test("no events of other labels ever free it", () => {
    const other = fc.record({
      user: fc.constantFrom(MARA, SAM, BOT),
      label: fc.constantFrom("bug", "claimbot", "Claimbot::Hold", "claimbot::hold "),
      action: fc.constantFrom("add" as const, "remove" as const),
      at: fc.constant(NOON),
    });
    fc.assert(
      fc.property(fc.array(other), fc.array(other), (before, after) => {
        expect(lastUnhold([...before, add(MARA), ...after])).toEqual({ kind: "unknown" });
        expect(lastUnhold([...before, add(MARA), remove(SAM), ...after])).toEqual({ kind: "by", user: SAM });
      }),
    );
  });

  test("how often we put it on is counted by our own additions", () => {
    expect(timesHeldBy(BOT, [add(MARA), remove(SAM), add(BOT), remove(SAM), add(BOT), add(BOT, "bug")])).toBe(2);
  });
});

test.each<readonly [string, readonly LabelEvent[], boolean]>([
  ["nobody ever held it", [], false],
  ["the hold was there before", [add(MARA)], false],
  ["it was taken off meanwhile", [add(MARA), { ...add(SAM), at: "2026-11-24T12:00:00.001Z" }, remove(MARA)], false],
  ["another label came", [{ ...add(SAM, "bug"), at: "2026-11-24T12:00:00.001Z" }], false],
  ["somebody held it a moment later", [add(MARA), remove(MARA), { ...add(SAM), at: "2026-11-24T12:00:00.001Z" }], true],
])("held since a moment where %s: %s", (_, events, expected) => {
  expect(isHeldSince(NOON, events)).toBe(expected);
});
