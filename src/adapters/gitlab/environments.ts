/** GitLab's environments and deployments: so that its own pages tell the truth. Every write here may be repeated. */
import type { Forge } from "../../core/ports.ts";
import { Uncertain } from "../http-client.ts";
import { repeatable, unlessRefused, type Api } from "./api.ts";
import { deploymentOf, environmentOf, list, type WireDeployment, type WireEnvironment } from "./wire.ts";

type Environments = Pick<Forge, "environment" | "saveEnvironment" | "stopEnvironment" | "deploy">;

export function environmentsOf(api: Api): Environments {
  const { project } = api;

  const find = async (name: string, signal: AbortSignal | undefined): Promise<WireEnvironment | undefined> => {
    const found: unknown = await api.call(signal, async ({ environments }) => environments.all(project, { name, perPage: 100 }));
    return list(found)
      .map(environmentOf)
      .find((environment) => environment.name === name);
  };

  const newestDeployment = async (environment: string, signal: AbortSignal | undefined): Promise<WireDeployment | undefined> => {
    const found: unknown = await api.call(signal, async ({ deployments }) =>
      deployments.all(project, { environment, orderBy: "id", sort: "desc", perPage: 1, page: 1 }),
    );
    return list(found).map(deploymentOf)[0];
  };

  return {
    environment: async (name, signal) => {
      const found = await find(name, signal);
      if (found === undefined) return undefined;
      const { id: _, ...environment } = found;
      return environment;
    },
    saveEnvironment: async ({ name, tier, externalUrl, description }, signal) => {
      // An empty address takes it away; without one it would stay.
      const wanted = { tier, externalUrl: externalUrl ?? "", description: description ?? "" };
      const save = async (): Promise<void> => {
        const found = await find(name, signal);
        await api.call(signal, async ({ environments }) =>
          found === undefined ? environments.create(project, name, wanted) : environments.edit(project, found.id, wanted),
        );
      };
      // 400 "has already been taken": it came into being between the two calls.
      await repeatable(
        async () =>
          unlessRefused(save, async (refused) => {
            if (!/already been taken/i.test(refused.detail)) throw refused;
            await save();
          }),
        signal,
      );
    },
    stopEnvironment: async (name, signal) => {
      await repeatable(async () => {
        const found = await find(name, signal);
        if (found === undefined || found.state === "stopped") return;
        await api.call(signal, async ({ environments }) => environments.stop(project, found.id));
      }, signal);
    },
    deploy: async (environment, commit, ref, signal) => {
      const settled = async (newest: WireDeployment | undefined): Promise<boolean> =>
        newest?.sha === commit && newest.status === "success" && (await find(environment, signal))?.state === "available";
      const newest = await newestDeployment(environment, signal);
      if (await settled(newest)) return;
      const { id } = newest?.sha === commit && UNFINISHED.has(newest.status) ? newest : { id: undefined };
      try {
        await api.call(signal, async ({ deployments }) =>
          id === undefined
            ? deployments.create(project, environment, commit, ref, false, { status: "success" })
            : deployments.edit(project, id, "success"),
        );
      } catch (error) {
        if (!(error instanceof Uncertain) || !(await settled(await newestDeployment(environment, signal)))) throw error;
      }
    },
  };
}

const UNFINISHED: ReadonlySet<string> = new Set(["created", "running"]);
