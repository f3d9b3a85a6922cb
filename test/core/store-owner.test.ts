import { expect, test } from "vitest";
import { isOwn, ownerOf, type WrittenOwner } from "../../src/core/store-owner.ts";

const project = { id: 7, path: "platform/environments", webUrl: "https://gitlab.example.org:8443/base/platform/environments" };
const ours = ownerOf({ ...project, defaultBranch: "main", threadsMustBeResolved: true });

test("an owner is known by its number, its path, and host and port of its GitLab", () => {
  expect(ours).toEqual({ id: 7, path: "platform/environments", host: "gitlab.example.org:8443" });
});

test.each<[string, WrittenOwner, string | undefined, boolean]>([
  ["the same", ours, undefined, true],
  ["renamed", { ...ours, path: "platform/static-environments" }, undefined, true],
  ["of a GitLab that has another address", { ...ours, host: "git.example.com" }, undefined, true],
  ["another one beside it", { ...ours, id: 8 }, undefined, false],
  ["deleted, and made again under its path", { ...ours, id: 8 }, undefined, false],
  ["another GitLab's, of the same number", { id: 7, path: "group/other", host: "git.example.com" }, undefined, false],
  ["another GitLab's, taken over", { id: 7, path: "group/other", host: "git.example.com" }, "group/other", true],
  ["another GitLab's, while a third one is taken over", { id: 9, path: "group/other", host: "git" }, "group/third", false],
  ["known by its path alone", { path: "platform/environments" }, undefined, true],
  ["another one, known by its path alone", { path: "group/other" }, undefined, false],
  ["applied from a terminal without a GitLab", { path: "local" }, undefined, true],
])("the store of a project that is %s: %s", (_, written, former, isOurs) => {
  expect(isOwn(written, ours, former)).toBe(isOurs);
});
