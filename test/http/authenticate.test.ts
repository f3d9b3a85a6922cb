import { expect, test } from "vitest";
import { authenticGitlab } from "../../src/http/authenticate.ts";
import { anySame, sameSecret } from "../../src/http/same-secret.ts";
import { OLD_SIGNING_TOKEN, secrets, SIGNING_TOKEN } from "./bench.ts";

test("takes GitLab's own way of signing", () => {
  const body = Buffer.from('{"object_kind":"note","event_type":"note"}');
  const headers = new Headers({
    "webhook-id": "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
    "webhook-timestamp": "1750000000",
    "webhook-signature": "v1,/o2uzvCE5Ha/PbYEsTqmTYjbV/Xsih6xXE2dOhUMn3s=",
  });
  const webhook = { secrets: [], signingTokens: secrets(OLD_SIGNING_TOKEN, SIGNING_TOKEN) };
  expect(authenticGitlab(headers, body, webhook, new Date(1_750_000_000_000))).toEqual({
    ok: true,
    deliveryId: "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
  });
});

test.each<[string | undefined, string, boolean]>([
  ["same", "same", true],
  ["same", "other", false],
  ["a", "a much longer one", false],
  ["", "secret", false],
  [undefined, "secret", false],
  [undefined, "", false],
])("comparing %j with %j is %s and never throws", (given, expected, equal) => {
  expect(sameSecret(given, expected)).toBe(equal);
});

test("nothing is the same as one of no secrets", () => {
  expect(anySame(["x"], [])).toBe(false);
  expect(anySame([undefined], [])).toBe(false);
  expect(anySame([""], [])).toBe(false);
});
