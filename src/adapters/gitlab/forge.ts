/** The port Forge over GitLab's REST API. */
import type { Forge, Project, User } from "../../core/ports.ts";
import type { Secret } from "../../core/secret.ts";
import { httpClient } from "../http-client.ts";
import { apiOf, unlessMissing, unlessRefused } from "./api.ts";
import { environmentsOf } from "./environments.ts";
import { notesOf } from "./notes.ts";
import { statusesOf } from "./status.ts";
import { threadsOf } from "./threads.ts";
import {
  accessLevelOf,
  memberOf,
  approvalsOf,
  labelEventsOf,
  list,
  mergeRequestOf,
  projectOf,
  thisUserOf,
  versionsOf,
} from "./wire.ts";

export interface ForgeOptions {
  /** Without `/api/v4`; a path below the host is kept. */
  readonly url: string;
  readonly token: Secret;
  /** Path (`platform/static-environments`) or id. */
  readonly project: string;
  /** Ends every call. */
  readonly signal?: AbortSignal;
  /** Per request; 20 s without. */
  readonly deadlineMs?: number;
}

const PER_PAGE = 100;
// gitbeaker's types do not know these members; it sends them all the same.
const ALL_PAGES = { perPage: PER_PAGE, showExpanded: false } as const;
const MERGED = { ...ALL_PAGES, state: "merged" } as const;

/** Makes no call yet. Throws Stalled for an address that is neither https nor http to loopback. */
export function openForge(options: ForgeOptions): Forge {
  const { token, signal: always, deadlineMs } = options;
  const send = httpClient({
    service: "GitLab",
    url: options.url,
    setting: "CLAIMBOT_GITLAB_URL",
    credentials: () => ({ "private-token": token.reveal() }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
  const root = new URL(options.url).pathname.replace(/\/+$/, "");
  const api = apiOf(async (call) => send({ ...call, path: root + call.path }), options.project, always);
  const { project: pid } = api;

  const me = onceKnown<User>(async (signal) => thisUserOf(await api.call(signal, async ({ users }) => users.showCurrentUser())));
  const project = onceKnown<Project>(async (signal) =>
    projectOf(await api.call(signal, async ({ projects }) => projects.show(pid))),
  );
  // A GitLab that does not show people to each other is no reason to fail: what the name says has to do.
  const userById = async (id: number, signal?: AbortSignal): Promise<User | undefined> =>
    unlessRefused(
      async () => thisUserOf(await api.call(signal, async ({ users }) => users.show(id))),
      () => undefined,
    );
  // Of a user's number it never changes.
  const bots = new Map<number, boolean>();
  /** Notes, approvals and events tell no bots from people, and a service account may be called anything: its own page tells. */
  const whole = async (user: User, signal?: AbortSignal): Promise<User> => {
    if (user.bot) return user;
    const bot = bots.get(user.id) ?? (await userById(user.id, signal))?.bot;
    if (bot !== undefined) bots.set(user.id, bot);
    return { ...user, bot: bot === true };
  };
  const withWholeUsers = async <T extends { readonly user: User }>(
    those: readonly T[],
    signal?: AbortSignal,
  ): Promise<readonly T[]> => {
    const users = new Map(those.map(({ user }) => [user.id, user]));
    for (const [id, user] of users) users.set(id, await whole(user, signal));
    return those.map((one) => ({ ...one, user: users.get(one.user.id) ?? one.user }));
  };

  return {
    me,
    project,
    mergeRequest: async (iid, signal) =>
      mergeRequestOf(await api.call(signal, async ({ mergeRequests }) => mergeRequests.show(pid, iid))),
    openMergeRequests: async (signal) => {
      // Oldest first: what is opened while we read comes last, and moves nothing.
      const found: unknown = await api.call(signal, async ({ mergeRequests }) =>
        mergeRequests.all({
          projectId: pid,
          state: "opened",
          scope: "all",
          orderBy: "created_at",
          sort: "asc",
          perPage: PER_PAGE,
        }),
      );
      const byIid = new Map(list(found).map((one) => [mergeRequestOf(one).iid, mergeRequestOf(one)]));
      return [...byIid.values()];
    },
    mergeRequestsOf: async (commit, signal) => {
      const found: unknown = await api.call(signal, async ({ commits }) => commits.allMergeRequests(pid, commit, MERGED));
      return list(found)
        .map(mergeRequestOf)
        .filter(({ state }) => state === "merged");
    },
    versions: async (iid, signal) =>
      versionsOf(await api.call(signal, async ({ mergeRequests }) => mergeRequests.allDiffVersions(pid, iid, ALL_PAGES))),
    approvals: async (iid, signal) =>
      withWholeUsers(
        approvalsOf(await api.call(signal, async ({ approvals }) => approvals.showConfiguration(pid, { mergerequestIId: iid }))),
        signal,
      ),
    labelEvents: async (iid, signal) =>
      withWholeUsers(
        labelEventsOf(await api.call(signal, async ({ labelEvents }) => labelEvents.all(pid, iid, ALL_PAGES))),
        signal,
      ),
    accessLevel: async (userId, signal) =>
      unlessRefused(
        async () =>
          accessLevelOf(
            await api.call(signal, async ({ projectMembers }) => projectMembers.show(pid, userId, { includeInherited: true })),
          ),
        (refused) => {
          // "404 Not found" is a person who is no member; "404 Project Not Found" is a project that we may not see.
          if (refused.status === 404 && !/project/i.test(refused.detail)) return 0;
          throw refused;
        },
      ),
    groupAccessLevel: async (group, userId, signal) => {
      // A group that is not there, or that we may not see, makes nobody an owner.
      const member: unknown = await unlessMissing(async () =>
        api.call(signal, async ({ groupMembers }) => groupMembers.show(group, userId, { includeInherited: true })),
      );
      return member === undefined ? 0 : accessLevelOf(member);
    },
    members: async (signal) =>
      list(
        await api.call(signal, async ({ projectMembers }) => projectMembers.all(pid, { includeInherited: true, ...ALL_PAGES })),
      ).map(memberOf),
    groupMembers: async (group, signal) => {
      const found: unknown = await unlessMissing(async () =>
        api.call(signal, async ({ groupMembers }) => groupMembers.all(group, { includeInherited: true, ...ALL_PAGES })),
      );
      return found === undefined ? [] : list(found).map(memberOf);
    },
    // Says what should be, so it may be sent twice.
    editLabels: async (iid, { add = [], remove = [] }, signal) => {
      await api.call(signal, async ({ mergeRequests }) =>
        mergeRequests.edit(pid, iid, { addLabels: add.join(","), removeLabels: remove.join(",") }),
      );
    },
    ...notesOf(api, me, whole),
    ...threadsOf(api, me),
    ...statusesOf(api),
    ...environmentsOf(api),
  };
}

/** Asks until it is answered once, and keeps the answer. Two callers at the same time may both ask: neither ends the other's call. */
function onceKnown<T extends object>(ask: (signal?: AbortSignal) => Promise<T>): (signal?: AbortSignal) => Promise<T> {
  let known: T | undefined;
  return async (signal) => {
    const answer = known ?? (await ask(signal));
    known = answer;
    return answer;
  };
}
