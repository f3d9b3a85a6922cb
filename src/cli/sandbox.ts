/** claimbot sandbox: the whole world on this machine, for a person; with --story, played through without one. */
import { AssertionError } from "node:assert";
import { setTimeout as pause } from "node:timers/promises";
import { PEOPLE } from "../sandbox/company.ts";
import { playStory } from "../sandbox/story.ts";
import { startRehearsal, type Rehearsal } from "../rehearsal.ts";
import type { Run } from "./run.ts";
import { WrongUse } from "./exit.ts";
import type { Terminal } from "./terminal.ts";
import { readWords } from "./words.ts";

export const sandbox: Run = async (words, terminal) => {
  const { values } = readWords(words, { story: { type: "boolean" }, port: { type: "string" } }, 0);
  if (values.port !== undefined && !/^\d{1,5}$/.test(values.port))
    throw new WrongUse(`--port is ${JSON.stringify(values.port)}; it may be a number up to 65535`);
  if (values.story === true) return story(terminal);
  await using rehearsal = await startRehearsal({ port: Number(values.port ?? 8929), sweepSeconds: 60, buildMs: 1_500 });
  terminal.out(welcome(rehearsal));
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.resolve());
  await stop.promise;
  terminal.err("\nTaking the sandbox down.\n");
  return 0;
};

async function story(terminal: Terminal): Promise<number> {
  const started = performance.now();
  await using rehearsal = await startRehearsal();
  const { gitlab, cloudflare, flux, bot } = rehearsal;
  try {
    await playStory({
      gitlab,
      cloudflare,
      flux,
      bot,
      keys: async (prefix) => (await rehearsal.store.list(prefix)).map(({ key }) => key),
      object: async (key) => {
        const found = await rehearsal.store.read(key);
        return found && Buffer.from(found.body).toString();
      },
      settled: async () => nothingLeft(rehearsal),
      sweep: async () => rehearsal.service.queue.enqueue({ kind: "sweep" }),
      say: (text) => terminal.out(`${text}\n`),
    });
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    terminal.err(`\n${error.message}\n`);
    for (const { key, outcome, message } of await rehearsal.service.queue.reports({ limit: 20 })) {
      if (outcome !== "done") terminal.err(`  ${key}: ${outcome} ${message ?? ""}\n`);
    }
    return 1;
  }
  terminal.out(`\nThe story is told: everything was observed, in ${Math.round((performance.now() - started) / 1000)} s.\n`);
  return 0;
}

/** Also what waits for later, such as a command whose release Flux still applies. */
async function nothingLeft(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.settled();
  while ((await rehearsal.service.queue.pending()).length > 0) {
    await pause(50);
    await rehearsal.settled();
  }
}

function welcome({ gitlab, cloudflare, registry, flux, service }: Rehearsal): string {
  const people = PEOPLE.map(({ username, name }) => `${name} (${username})`).join(", ");
  const tokens = PEOPLE.slice(0, 3).map(({ username }) => `${username} ${gitlab.createToken(username)}`);
  const maintainer = gitlab.createBot({ name: "a maintainer's token", level: 40 }).token;
  return `The sandbox is up, on this machine only. Ctrl-C takes it down, and nothing of it is kept.

  GitLab       ${gitlab.url}      merge requests, comments, approvals: begin here
  Cloudflare   ${cloudflare.url}     what the world sees: records and rules
  Flux         ${flux.url}
  registry     ${registry.url}
  claimbot     ${service.url}     /healthz, /metrics

You may be anybody: ${people}.
Open a claim at ${gitlab.url}, edit it, and make a merge request of it; claimbot answers there within a second or two.

Its API and git take tokens: ${tokens.join(", ")}.
The command line may be tried on it too (init, doctor, hook):
  export CLAIMBOT_GITLAB_URL=${gitlab.url} CLAIMBOT_GITLAB_PROJECT=${gitlab.project.path} CLAIMBOT_GITLAB_TOKEN=${maintainer}
`;
}
