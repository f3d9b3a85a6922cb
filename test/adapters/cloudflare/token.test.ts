/** What Cloudflare says about a token: a user's by itself, an account's through the account of a zone that it sees. */
import { Hono } from "hono";
import { expect, test } from "vitest";
import { verifyToken } from "../../../src/adapters/cloudflare/token.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startServer } from "../../../src/sandbox/server.ts";

const TOKEN = new Secret("canary-0123456789");
const INVALID = { success: false, errors: [{ code: 1000, message: "Invalid API Token" }], messages: [], result: null };

/** `user` and `account` are the results of the two ways to ask; undefined is refused. */
async function verified(answers: { readonly user?: object; readonly account?: object; readonly zones?: readonly object[] }) {
  const app = new Hono();
  const good = (result: unknown): object => ({ success: true, errors: [], messages: [], result });
  app.get("/user/tokens/verify", (context) => (answers.user ? context.json(good(answers.user)) : context.json(INVALID, 401)));
  app.get("/zones", (context) => (answers.zones ? context.json(good(answers.zones)) : context.json(INVALID, 401)));
  app.get("/accounts/acme/tokens/verify", (context) =>
    answers.account ? context.json(good(answers.account)) : context.json(INVALID, 401),
  );
  await using server = await startServer(app);
  return await verifyToken({ url: server.url, token: TOKEN });
}

test("a user's token tells its state and its end", async () => {
  expect(await verified({ user: { status: "active" } })).toEqual({ status: "active", expiresAt: undefined });
  const expiresOn = "2027-01-31T00:00:00Z";
  expect(await verified({ user: { status: "expired", expires_on: expiresOn } })).toEqual({
    status: "expired",
    expiresAt: expiresOn,
  });
  expect(await verified({ user: { status: "something new" } })).toMatchObject({ status: "disabled" });
});

test("an account's token is asked about by its account", async () => {
  const zones = [{ name: "example.org", account: { id: "acme" } }];
  expect(await verified({ zones, account: { status: "active" } })).toMatchObject({ status: "active" });
});

test.each([{}, { zones: [] }, { zones: [{ name: "example.org", account: { id: "acme" } }] }])(
  "a token that is none is to be renewed, however it was asked about: %j",
  async (answers) => {
    const error: unknown = await verified(answers).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: "Stalled",
      wayOut: expect.stringContaining("Renew CLAIMBOT_CLOUDFLARE_TOKEN") as string,
    });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(TOKEN.reveal());
  },
);
