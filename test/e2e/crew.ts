/** claimbot under a supervisor, to be killed at chosen requests: what the tests of kill -9 share. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Servers } from "../../src/rehearsal.ts";
import type { Fault } from "../../src/sandbox/faults.ts";
import type { Files } from "../../src/sandbox/gitlab/handle.ts";
import type { SandboxServer } from "../../src/sandbox/server.ts";
import { open } from "./actions.ts";
import { ServiceProcess, until } from "./service-process.ts";

/** A moment at which claimbot is killed: when a server gets a request, which it then carries out all the same. */
export type Moment = readonly [
  what: string,
  server: (servers: Servers) => SandboxServer,
  request: Pick<Fault, "method" | "path">,
];

/** A claimbot that is started again whenever it was killed, as a supervisor does. */
export class Crew implements AsyncDisposable {
  readonly #servers: Servers;
  #service: ServiceProcess | undefined;

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  async keepAlive(): Promise<void> {
    if (this.#service?.isAlive !== true) this.#service = await ServiceProcess.start(this.#servers.env);
  }

  /** Waits for something, with a claimbot that lives. */
  async until(check: () => boolean, what: string): Promise<void> {
    await until(
      async () => {
        await this.keepAlive();
        return check();
      },
      `${what} (${this.#service?.errors ?? ""})`,
      120_000,
    );
  }

  /** Opens a merge request of Sam's, has it planned, and approved by Mara. */
  async reviewed(proposal: { readonly branch: string; readonly files: Files }): Promise<number> {
    const { gitlab } = this.#servers;
    const iid = await open(this.#servers, { as: "sam", ...proposal });
    await this.until(() => gitlab.statuses(iid).some(({ state }) => state === "success"), "the plan");
    await gitlab.approve(iid, { as: "mara" });
    return iid;
  }

  /** Kills once at each of these; what happened is written into the list that it gives. */
  killAt(moments: readonly Moment[]): string[] {
    const kills: string[] = [];
    for (const [what, server, request] of moments) {
      const act = (): void => {
        this.#service?.kill();
        kills.push(what);
      };
      server(this.#servers).faults.add({ ...request, fault: { kind: "meanwhile", act } });
    }
    return kills;
  }

  /** Kills when a request arrives, which is carried out all the same; then somebody acts before it comes back. */
  killAnd(request: Pick<Fault, "method" | "path">, act: () => Promise<void>): void {
    const both = async (): Promise<void> => {
      this.#service?.kill();
      await act();
    };
    this.#servers.gitlab.faults.add({ ...request, fault: { kind: "meanwhile", act: both } });
  }

  /** Kills as soon as a file of the data directory is there: resolves when it did. */
  async killWhenThere(path: string): Promise<void> {
    const file = join(this.#servers.env["CLAIMBOT_DATA_DIR"] ?? "", path);
    while (!existsSync(file)) await pause(1);
    this.#service?.kill();
  }

  /** Resolves when nobody has asked GitLab for anything for a while: it begins its work with a sweep, and then rests. */
  async settled(quietMs = 1_500): Promise<void> {
    const { requests } = this.#servers.gitlab.faults;
    let [seen, since] = [requests.length, performance.now()];
    await this.until(() => {
      if (requests.length !== seen) [seen, since] = [requests.length, performance.now()];
      return performance.now() - since > quietMs;
    }, "quiet");
  }

  async stop(): Promise<number | null | undefined> {
    return this.#service?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
  }
}
