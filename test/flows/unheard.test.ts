/** Which comments are obeyed that no webhook told of. */
import { expect, test } from "vitest";
import type { Comment, User } from "../../src/core/ports.ts";
import { unanswered } from "../../src/flows/unheard.ts";

const NOW = new Date("2026-11-24T12:00:00.000Z");
const user = (id: number): User => ({ id, username: `user${id}`, name: `User ${id}`, bot: false });
const ME = { ...user(1), bot: true };
const SAID: Comment = {
  id: 7,
  discussionId: "d7",
  body: "/claim hold",
  author: user(2),
  system: false,
  resolvable: false,
  createdAt: "2026-11-23T12:00:00.000Z",
  updatedAt: "2026-11-23T12:00:00.000Z",
};
const answerTo = (id: number, author: User): Comment => ({
  ...SAID,
  id: 9,
  author,
  body: `<!-- claimbot:answer:${id} -->\n\nheld`,
});

const ids = (comments: readonly Comment[]): readonly number[] => unanswered(comments, ME, NOW).map(({ id }) => id);

test("those that people wrote within a day are, oldest first", () => {
  expect(ids([{ ...SAID, id: 8 }, SAID])).toEqual([7, 8]);
});

test.each<readonly [string, Partial<Comment>]>([
  ["without a command", { body: "what does /claim hold do?" }],
  ["that was edited", { updatedAt: "2026-11-23T12:00:01.000Z" }],
  ["of more than a day ago", { createdAt: "2026-11-23T11:59:59.999Z", updatedAt: "2026-11-23T11:59:59.999Z" }],
  ["of a bot", { author: { ...user(3), bot: true } }],
  ["of our own, whatever it says", { author: { ...ME, bot: false } }],
  ["of GitLab itself", { system: true }],
])("one %s is not", (_, different) => {
  expect(ids([{ ...SAID, ...different }])).toEqual([]);
});

test("one that we answered is not, and nobody else's answer counts", () => {
  expect(ids([SAID, answerTo(7, ME)])).toEqual([]);
  expect(ids([SAID, answerTo(8, ME)])).toEqual([7]);
  expect(ids([SAID, answerTo(7, user(3))])).toEqual([7]);
});
