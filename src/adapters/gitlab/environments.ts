/** GitLab's environments and deployments: so that its own pages tell the truth. Every write here may be repeated. */
import type { Forge, ForgeEnvironment } from "../../core/ports.ts";
import { Uncertain, type Refused } from "../http-client.ts";
import { repeatable, unlessRefused, type Api } from "./api.ts";
import { deploymentOf, environmentOf, list, type WireDeployment, type WireEnvironment } from "./wire.ts";

type Environments = Pick<Forge, "environment" | "saveEnvironment" | "stopEnvironment" | "deploy">;

export function environmentsOf(api: Api): Environments {
  const { project } = api;
  /** Of those that were seen, so that whoever has just looked need not look again. */
  const ids = new Map<string, number>();

  const find = async (name: string, signal: AbortSignal | undefined): Promise<WireEnvironment | undefined> => {
    const found: unknown = await api.call(signal, async ({ environments }) => environments.all(project, { name, perPage: 100 }));
    const environment = list(found)
      .map(environmentOf)
      .find((one) => one.name === name);
    if (environment === undefined) ids.delete(name);
    else ids.set(name, environment.id);
    return environment;
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
      return found && portOf(found);
    },
    saveEnvironment: async ({ name, tier, externalUrl, description }, signal) => {
      // An empty address takes it away; without one it would stay.
      const wanted = { tier, externalUrl: externalUrl ?? "", description: description ?? "" };
      const save = async (): Promise<ForgeEnvironment> => {
        const id = ids.get(name);
        const saved = environmentOf(
          await api.call(signal, async ({ environments }) =>
            id === undefined ? environments.create(project, name, wanted) : environments.edit(project, id, wanted),
          ),
        );
        ids.set(name, saved.id);
        return portOf(saved);
      };
      // It came into being, or was deleted, since somebody looked.
      const looked = async (refused: Refused): Promise<ForgeEnvironment> => {
        const isMoved = refused.status === 404 || /already been taken/i.test(refused.detail);
        const before = ids.get(name);
        await find(name, signal);
        if (!isMoved || ids.get(name) === before) throw refused;
        return save();
      };
      return repeatable(async () => unlessRefused(save, looked), signal);
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

function portOf({ name, state, tier, externalUrl, description }: WireEnvironment): ForgeEnvironment {
  return { name, state, tier, externalUrl, description };
}

const UNFINISHED: ReadonlySet<string> = new Set(["created", "running"]);
