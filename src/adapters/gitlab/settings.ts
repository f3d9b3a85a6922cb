/**
 * The port ForgeSettings over GitLab's REST API. Straight over the HTTP client: gitbeaker 43.8 has no calls for a hook's log and test, and
 * its types lack half of a hook.
 */
import type { BranchRule, BranchWish, ForgeHook, ForgeSettings } from "../../core/ports.ts";
import { Stalled } from "../../core/errors.ts";
import { httpClient, Uncertain, type HttpAnswer, type HttpCall } from "../http-client.ts";
import { repeatable, unlessRefused } from "./api.ts";
import type { ForgeOptions } from "./forge.ts";
import * as wire from "./settings-wire.ts";
import { fields, list, text } from "./wire.ts";

/** Makes no call yet. Throws Stalled for an address that is neither https nor http to loopback. */
export function openForgeSettings(options: ForgeOptions): ForgeSettings {
  const { token, signal: always, deadlineMs } = options;
  const send = httpClient({
    service: "GitLab",
    url: options.url,
    setting: "CLAIMBOT_GITLAB_URL",
    credentials: () => ({ "private-token": token.reveal() }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  const root = `${new URL(options.url).pathname.replace(/\/+$/, "")}/api/v4`;
  const project = `/projects/${encodeURIComponent(options.project)}`;

  const call = async (signal: AbortSignal | undefined, path: string, more: Omit<HttpCall, "path"> = {}): Promise<HttpAnswer> => {
    const signals = [always, signal].filter((one) => one !== undefined);
    return send({ path: root + path, ...more, signal: signals.length > 0 ? AbortSignal.any(signals) : undefined });
  };
  const get = async (signal: AbortSignal | undefined, path: string): Promise<unknown> => (await call(signal, path)).json();
  const write = async (signal: AbortSignal | undefined, method: string, path: string, body?: object): Promise<unknown> =>
    (
      await call(signal, path, {
        method,
        ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      })
    ).json();
  const all = async (signal: AbortSignal | undefined, path: string): Promise<readonly unknown[]> => {
    const found: unknown[] = [];
    for (let page = "1"; page !== "";) {
      const answer = await call(signal, `${path}${path.includes("?") ? "&" : "?"}per_page=100&page=${page}`);
      found.push(...list(answer.json()));
      page = answer.headers["x-next-page"] ?? "";
    }
    return found;
  };

  const hooks = async (signal?: AbortSignal): Promise<readonly ForgeHook[]> =>
    (await all(signal, `${project}/hooks`)).map(wire.hookOf);
  const putHook = async (id: number, body: object, signal?: AbortSignal): Promise<ForgeHook> =>
    repeatable(async () => wire.hookOf(await write(signal, "PUT", `${project}/hooks/${id}`, body)), signal);

  return {
    release: async (signal) => wire.releaseOf(await get(signal, "/metadata")),
    token: async (signal) => wire.tokenOf(await get(signal, "/personal_access_tokens/self")),
    hooks,
    editHook: async (id, wish, signal) => putHook(id, wire.hookBody(wish), signal),
    setHookSecrets: async ({ id, url }, secrets, signal) => putHook(id, { url, ...wire.secretsBody(secrets) }, signal),
    createHook: async (wish, signal) => {
      try {
        return wire.hookOf(await write(signal, "POST", `${project}/hooks`, wire.hookBody(wish)));
      } catch (error) {
        if (!(error instanceof Uncertain)) throw error;
        // Older ones have no names (before 17.1).
        const made = (await hooks(signal)).find(({ url, name = wish.name }) => url === wish.url && name === wish.name);
        if (made === undefined) throw error;
        return putHook(made.id, wire.hookBody(wish), signal);
      }
    },
    hookDeliveries: async (id, limit, signal) => {
      const answer = await call(signal, `${project}/hooks/${id}/events?per_page=${limit}`, { accept: [404] });
      return answer.status === 404 ? undefined : list(answer.json()).map(wire.hookDeliveryOf);
    },
    testHook: async (id, trigger, signal) =>
      unlessRefused(
        async () => {
          await write(signal, "POST", `${project}/hooks/${id}/test/${trigger}`);
          return { outcome: "answered" as const };
        },
        (refused) => {
          if (refused.status !== 422) throw refused;
          if (/ensure the project has|no data/i.test(refused.detail)) return { outcome: "no-data" as const };
          return { outcome: "refused" as const, detail: refused.detail };
        },
      ),
    labels: async (signal) => (await all(signal, `${project}/labels`)).map((label) => text(fields(label), "name")),
    createLabel: async (label, signal) =>
      unlessRefused(
        async () => repeatable(async () => void (await write(signal, "POST", `${project}/labels`, label)), signal),
        (refused) => {
          if (refused.status !== 409) throw refused;
        },
      ),
    branchRules: async (signal) => (await all(signal, `${project}/protected_branches`)).map(wire.branchRuleOf),
    protectBranch: async (wish, signal) =>
      protect(wish, async (method, path, body) => {
        const more = { ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }) };
        return call(signal, `${project}/protected_branches${path}`, { method, ...more, accept: REFUSALS[method] ?? [] });
      }),
    mergeSettings: async (signal) => {
      // Free editions have no such page (404), or nobody may look at it (403).
      const approvals = await call(signal, `${project}/approvals`, { accept: [403, 404] });
      return wire.mergeSettingsOf(await get(signal, project), approvals.status === 200 ? approvals.json() : undefined);
    },
    file: async (path, ref, signal) => {
      const address = `${project}/repository/files/${encodeURIComponent(path)}/raw?ref=${encodeURIComponent(ref)}`;
      const answer = await call(signal, address, { accept: [404] });
      return answer.status === 404 ? undefined : answer.body;
    },
  };
}

/** What is an answer to the calls of `protect`. PATCH: an edition that cannot change the rule of a branch. */
const REFUSALS: Readonly<Record<string, readonly number[]>> = {
  GET: [404],
  POST: [409],
  PATCH: [400, 404, 405, 422],
  DELETE: [404],
};

type Protection = (method: string, path: string, body?: object) => Promise<HttpAnswer>;

/**
 * Premium changes a rule in place; other editions know only to take it away and to make it anew, so there the branch is bare between two
 * calls. Safe to repeat after a cut at any line.
 */
async function protect(wish: BranchWish, call: Protection): Promise<BranchRule> {
  const path = `/${encodeURIComponent(wish.name)}`;
  const read = async (): Promise<BranchRule | undefined> => {
    const answer = await call("GET", path);
    return answer.status === 404 ? undefined : wire.branchRuleOf(answer.json());
  };
  const found = await read();
  if (found !== undefined) {
    if (wire.isAsWished(found, wish)) return found;
    await call("PATCH", path, wire.branchPatch(found, wish));
    const patched = await read();
    if (patched !== undefined && wire.isAsWished(patched, wish)) return patched;
    await call("DELETE", path);
  }
  try {
    await repeatable(async () => void (await call("POST", "", wire.branchBody(wish, found))), undefined);
  } catch (error) {
    if (found === undefined || !(error instanceof Stalled)) throw error;
    throw new Stalled(
      `the branch ${wish.name} is not protected now: its old rule was taken away, and ${error.message}`,
      "Protect it on GitLab's page Settings > Repository at once, or run claimbot init again",
      { cause: error },
    );
  }
  const rule = await read();
  if (rule === undefined) throw new Stalled(`GitLab does not keep the rule for ${wish.name}`, "Protect the branch by hand");
  return rule;
}
