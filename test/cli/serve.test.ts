/** claimbot serve refuses to start where it could not do its work, and says all of why at once. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claimbot, type Result } from "./claimbot.ts";

const COMPLETE = {
  CLAIMBOT_GITLAB_URL: "http://127.0.0.1:9",
  CLAIMBOT_GITLAB_TOKEN: "glpat-0123456789abcdefghij",
  CLAIMBOT_GITLAB_PROJECT: "platform/static-environments",
  CLAIMBOT_WEBHOOK_SECRET: "6d1f0a9c".repeat(8),
};

async function serve(env: Readonly<Record<string, string>>): Promise<Result> {
  const data = await mkdtemp(join(tmpdir(), "claimbot-serve-"));
  try {
    return await claimbot(["serve"], { env: { CLAIMBOT_DATA_DIR: data, ...env } });
  } finally {
    await rm(data, { recursive: true });
  }
}

test("without settings it names every one that it needs: exit 2", async () => {
  const { status, stdout, stderr } = await serve({});
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  for (const name of Object.keys(COMPLETE)) expect(stderr).toContain(`${name} `);
});

test("malformed ones are named with the missing ones, all at once, and without their values", async () => {
  const { status, stderr } = await serve({
    CLAIMBOT_GITLAB_URL: "http://gitlab.example.org",
    CLAIMBOT_GITLAB_TOKEN: "glpat-a canary with spaces",
    CLAIMBOT_LISTEN: "canary",
    CLAIMBOT_SWEEP_SECONDS: "1",
    CLAIMBOT_CLOUDFLARE_URL: "https://api.example.org",
  });
  expect(status).toBe(2);
  for (const name of [
    "CLAIMBOT_GITLAB_URL",
    "CLAIMBOT_GITLAB_TOKEN",
    "CLAIMBOT_GITLAB_PROJECT",
    "CLAIMBOT_WEBHOOK_SECRET",
    "CLAIMBOT_LISTEN",
    "CLAIMBOT_SWEEP_SECONDS",
    "CLAIMBOT_CLOUDFLARE_TOKEN",
  ])
    expect(stderr).toContain(`${name} `);
  expect(stderr).not.toContain("canary with");
});

describe("it refuses to start without a strong secret", () => {
  test.each([
    ["none", undefined],
    ["an empty one", ""],
    ["a short one", "hunter2hunter2"],
    ["a long one of one letter", "a".repeat(64)],
    ["a default that everybody knows", "changeme".repeat(8)],
  ])("%s", async (_what, secret) => {
    const { CLAIMBOT_WEBHOOK_SECRET: _strong, ...others } = COMPLETE;
    const { status, stderr } = await serve(secret === undefined ? others : { ...others, CLAIMBOT_WEBHOOK_SECRET: secret });
    expect(status).toBe(2);
    expect(stderr).toContain("CLAIMBOT_WEBHOOK_SECRET ");
    if (secret) expect(stderr).not.toContain(secret);
  });
});
