/** claimbot doctor as a process: all good beside a whole rehearsal, and each thing that can be wrong on its own. */
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Check } from "../../src/core/onboarding/check.ts";
import { startRehearsal } from "../../src/rehearsal.ts";
import { webhookReceiver } from "../sandbox/gitlab/support.ts";
import { claimbot, type Result } from "./claimbot.ts";
import { CANARY, gitlabAndClaimbot, URL_OF_CLAIMBOT, type GitlabAndClaimbot } from "./gitlab.ts";

const SECRET = "6d1f0a9c".repeat(8);

interface Diagnosis {
  readonly status: number | null;
  readonly ready: boolean;
  /** Name → the checks of that name. */
  readonly checks: ReadonlyMap<string, readonly Check[]>;
}

function diagnosisOf({ status, stdout }: Result): Diagnosis {
  const { ready, checks } = JSON.parse(stdout) as { readonly ready: boolean; readonly checks: readonly Check[] };
  return { status, ready, checks: Map.groupBy(checks, ({ name }) => name) };
}

async function examine(world: GitlabAndClaimbot, more: Readonly<Record<string, string>> = {}, ...words: readonly string[]) {
  const result = await world.run(["doctor", "--format", "json", ...words], {
    CLAIMBOT_WEBHOOK_SECRET: SECRET,
    CLAIMBOT_URL: URL_OF_CLAIMBOT,
    ...more,
  });
  for (const secret of [CANARY, SECRET]) expect(result.stdout + result.stderr).not.toContain(secret);
  return diagnosisOf(result);
}

function only({ checks }: Diagnosis, name: string): Check | undefined {
  return checks.get(name)?.[0];
}

describe("beside a whole rehearsal", () => {
  test("after claimbot init nothing is bad: exit 0, and no secret in the table", async () => {
    await using rehearsal = await startRehearsal();
    const env = { ...rehearsal.env, CLAIMBOT_URL: `http://${rehearsal.env["CLAIMBOT_LISTEN"]}` };
    expect((await claimbot(["doctor"], { env })).stdout).toMatch(/^! hook +hook \d+ also hears deployment, emoji$/m);
    expect((await claimbot(["init"], { env })).status).toBe(0);
    const result = await claimbot(["doctor"], { env });
    expect(result.stderr).toBe("");
    expect(result.stdout.match(/^✗.*/gm) ?? []).toEqual([]);
    expect(result.status).toBe(0);
    for (const says of [
      /^✓ git +main is at [0-9a-f]{12}$/m,
      /^✓ data-directory +a service runs:.*belongs to a running claimbot/m,
      /^✓ cloudflare-zone +example\.com \(enterprise\)/m,
      /^✓ claim-store-owner +.* is this project's/m,
      /^✓ registry +http/m,
      /^✓ kubernetes +Kustomizations in environments can be read/m,
    ])
      expect(result.stdout).toMatch(says);
    const secrets = Object.entries(rehearsal.env).filter(([name]) => /TOKEN|SECRET/.test(name));
    expect(secrets.filter(([, value]) => result.stdout.includes(value))).toEqual([]);
    expect(rehearsal.gitlab.unexpected).toEqual([]);
    expect(rehearsal.cloudflare.unexpected).toEqual([]);
  }, 60_000);
});

describe("the settings", () => {
  test("each mistake is a check, and the rest is still looked at", async () => {
    await using world = await gitlabAndClaimbot();
    const diagnosis = diagnosisOf(await world.run(["doctor", "--format", "json"]));
    expect(diagnosis).toMatchObject({ status: 3, ready: false });
    expect(only(diagnosis, "settings")?.detail).toContain("CLAIMBOT_WEBHOOK_SECRET is missing");
    expect(only(diagnosis, "gitlab")).toMatchObject({ verdict: "good" });
  });

  test("malformed ones are all that can be said", async () => {
    await using world = await gitlabAndClaimbot();
    const diagnosis = await examine(world, { CLAIMBOT_SWEEP_SECONDS: "1" });
    expect([...diagnosis.checks.keys()]).toEqual(["settings", "everything-else"]);
    expect(diagnosis.status).toBe(3);
    expect(world.gitlab.faults.requests).toEqual([]);
  });

  test("without any, it says which the service needs: exit 3", async () => {
    const diagnosis = diagnosisOf(await claimbot(["doctor", "--format", "json"]));
    expect(diagnosis.status).toBe(3);
    expect(diagnosis.checks.get("settings")?.map(({ detail }) => detail.split(" ")[0])).toEqual([
      "CLAIMBOT_GITLAB_URL",
      "CLAIMBOT_GITLAB_TOKEN",
      "CLAIMBOT_GITLAB_PROJECT",
      "CLAIMBOT_WEBHOOK_SECRET",
    ]);
    expect(only(diagnosis, "gitlab")).toMatchObject({ verdict: "skipped" });
  });
});

describe("the token", () => {
  test("one that may too much is told which right is superfluous", async () => {
    await using world = await gitlabAndClaimbot();
    const { gitlab } = world;
    const user = gitlab.createBot({ level: 50 }).user.username;
    const soon = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const token = gitlab.createToken(user, { scopes: ["api", "sudo", "create_runner"], expiresOn: soon });
    const diagnosis = await examine(world, { CLAIMBOT_GITLAB_TOKEN: token });
    expect(only(diagnosis, "token-scopes")).toMatchObject({
      verdict: "warning",
      detail: "more than is needed: sudo, create_runner",
    });
    expect(only(diagnosis, "token-role")).toMatchObject({
      verdict: "warning",
      detail: "Owner is more than is needed: Maintainer",
    });
    expect(only(diagnosis, "token-expiry")).toMatchObject({ verdict: "warning" });
  });

  test("a person's is named as one", async () => {
    await using world = await gitlabAndClaimbot();
    const diagnosis = await examine(world, { CLAIMBOT_GITLAB_TOKEN: world.gitlab.createToken("mara") });
    expect(only(diagnosis, "token-owner")).toMatchObject({ verdict: "warning" });
    expect(only(diagnosis, "token-owner")?.detail).toContain("is the person @mara");
  });

  test("a value that GitLab itself echoes is blanked", async () => {
    await using world = await gitlabAndClaimbot();
    const echo = "glpat-echo0123456789abc";
    world.gitlab.world.addToken(world.gitlab.user("mara"), { value: echo, name: echo });
    const diagnosis = await examine(world, { CLAIMBOT_GITLAB_TOKEN: echo });
    expect(only(diagnosis, "token-owner")?.detail).toMatch(/^the token \[secret\] is the person @mara/);
  });

  test("a revoked one is one check, not twenty", async () => {
    await using world = await gitlabAndClaimbot();
    world.gitlab.revokeToken(CANARY);
    const diagnosis = await examine(world);
    expect(only(diagnosis, "gitlab")).toMatchObject({ verdict: "bad", fix: expect.stringContaining("Renew") as string });
    expect([...diagnosis.checks.keys()]).not.toContain("hook");
  });
});

describe("the hook", () => {
  async function disabled(world: GitlabAndClaimbot, url: string): Promise<void> {
    const hook = world.gitlab.addHook({ url, name: "claimbot acme", token: SECRET, events: [] });
    hook.events = new Set(["push_events", "merge_requests_events", "note_events"]);
    hook.failuresInARow = 40;
    await world.gitlab.push({ branch: "main", files: { "README.md": "second\n" }, as: "mara" });
  }

  test("one that is missing is bad", async () => {
    await using world = await gitlabAndClaimbot();
    expect(only(await examine(world), "hook")).toMatchObject({ verdict: "bad", fix: "Run claimbot init" });
  });

  test("one that is off stays off when nobody asks, and is revived by --fix", async () => {
    await using world = await gitlabAndClaimbot();
    await using receiver = await webhookReceiver();
    await disabled(world, receiver.url);
    const settings = { CLAIMBOT_URL: "" };
    const before = await examine(world, settings);
    expect(only(before, "hook-health")).toMatchObject({
      verdict: "bad",
      detail: expect.stringContaining("40 failures") as string,
    });
    expect(receiver.received).toEqual([]);
    const fixed = await examine(world, settings, "--fix");
    expect(only(fixed, "hook-health")).toMatchObject({ verdict: "good" });
    expect(only(fixed, "hook-deliveries")).toMatchObject({ verdict: "good" });
    expect(receiver.received).toHaveLength(1);
    expect(only(await examine(world, settings), "hook-health")).toMatchObject({ verdict: "good" });
  });

  test("a receiver that refuses is named with what it answers, and what to do", async () => {
    await using world = await gitlabAndClaimbot();
    await using receiver = await webhookReceiver(() => 401);
    await disabled(world, receiver.url);
    const diagnosis = await examine(world, { CLAIMBOT_URL: "" }, "--fix");
    expect(only(diagnosis, "hook-health")?.detail).toMatch(/off for good.*refused: .*401/);
    expect(only(diagnosis, "hook-deliveries")).toMatchObject({
      verdict: "bad",
      fix: expect.stringContaining("different secrets") as string,
    });
    expect(diagnosis.status).toBe(3);
  });
});

describe("what cannot be reached is a result", () => {
  test("every system that answers nobody has its check with a way out, and the table ends", async () => {
    await using world = await gitlabAndClaimbot();
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, "close");
    const nowhere = `http://127.0.0.1:${port}`;
    const diagnosis = await examine(world, {
      CLAIMBOT_GITLAB_URL: nowhere,
      CLAIMBOT_CLOUDFLARE_URL: nowhere,
      CLAIMBOT_CLOUDFLARE_TOKEN: CANARY,
      CLAIMBOT_REGISTRY_URL: nowhere,
      CLAIMBOT_KUBERNETES_URL: nowhere,
      CLAIMBOT_KUBERNETES_TOKEN: CANARY,
      DATABASE_URL: `postgresql://claimbot:${CANARY}@127.0.0.1:${port}/claimbot`,
      // Below a file there is no directory, whoever asks.
      CLAIMBOT_DATA_DIR: `${fileURLToPath(import.meta.url)}/claimbot`,
    });
    expect(diagnosis.status).toBe(3);
    const names = ["gitlab", "cloudflare-token", "registry", "kubernetes", "database", "data-directory"];
    const seen = names.map((name) => ({
      name,
      verdict: only(diagnosis, name)?.verdict,
      hasFix: only(diagnosis, name)?.fix !== undefined,
    }));
    expect(seen).toEqual(names.map((name) => ({ name, verdict: "bad", hasFix: true })));
  });
});
