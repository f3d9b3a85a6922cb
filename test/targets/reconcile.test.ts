import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Environment, EnvironmentType } from "../../src/core/environment.ts";
import { Stale, Stalled, Waiting } from "../../src/core/errors.ts";
import { digestOf } from "../../src/core/json.ts";
import { TARGET_NAMES, type Plan, type TargetName } from "../../src/core/plan.ts";
import type { Log, LogRecord } from "../../src/core/record.ts";
import { diffResources, sortResources, type Resource } from "../../src/core/resource.ts";
import { inOrder, visits, type Targets } from "../../src/targets/index.ts";
import { goesOn, planEnvironment, rollout, type Done } from "../../src/targets/reconcile.ts";
import type { Release, Target, Unconfigured } from "../../src/targets/target.ts";
import { anEnvironment } from "./an-environment.ts";

interface Thing extends Resource {
  readonly of: string;
}

const SIGNAL = new AbortController().signal;
const DIGESTS = { inputs: "inputs", rules: "rules" };
const nothing = async (): Promise<void> => {};

/** Four systems and a claim log, all in memory: what they hold is the truth, and every call to them is written down. */
class Systems {
  readonly things: Readonly<Record<Exclude<TargetName, "claim-store">, Map<string, Thing>>> = {
    flux: new Map(),
    waf: new Map(),
    dns: new Map(),
    deployment: new Map(),
  };
  readonly log: LogRecord[] = [];
  readonly plans = new Map<string, Plan>();
  /** The writes, such as `dns create shop 1`. */
  readonly calls: string[] = [];
  readonly pending = new Map<TargetName, string>();
  /** Throws at each call from outside, to play a crash there; the number is how many calls were made before. */
  crash: (call: number, when: "before" | "after") => void = () => {};
  /** Looks at everything after each call. */
  watch: () => void = () => {};
  madeCalls = 0;

  async call<T>(make: () => T): Promise<T> {
    const call = this.madeCalls++;
    this.crash(call, "before");
    const result = make();
    this.watch();
    this.crash(call, "after");
    return result;
  }

  /** As a server would hold it: what is wanted is a claim of so many names. */
  desired({ wish }: Environment): readonly Thing[] {
    if (wish === undefined) return [];
    return sortResources((wish.claim.spec.dns?.hostnames ?? []).map((key) => ({ key, kind: "thing", of: wish.claimDigest })));
  }

  target(name: Exclude<TargetName, "claim-store">): Target<Thing> {
    return {
      name,
      desired: (environment) => this.desired(environment),
      observe: () =>
        this.call(() => ({
          resources: sortResources(this.things[name].values()),
          pending: [this.pending.get(name)].filter((text) => text !== undefined),
          contested: [],
        })),
      diff: diffResources,
      // One call to the server for each change: cut off anywhere in between.
      apply: async (changes) => {
        for (const change of changes) {
          await this.call(() => {
            this.calls.push(`${name} ${change.verb} ${change.key}`);
            if (change.verb === "delete") this.things[name].delete(change.key);
            else this.things[name].set(change.key, change.after);
          });
        }
      },
    };
  }

  claimStore(): Target<Thing> {
    return {
      name: "claim-store",
      desired: ({ wish }) => (wish === undefined ? [] : [{ key: "record", kind: "claim", of: wish.claimDigest }]),
      observe: ({ wish }) =>
        this.call(() => {
          const head = this.log.at(-1);
          const publication = this.log.findLast((record) => record.kind === "Publication");
          const stands = publication !== undefined && (head?.kind === "Publication" || (head?.kind === "Tombstone" && !wish));
          const resources = stands ? [{ key: "record", kind: "claim", of: publication.claimDigest }] : [];
          return { resources, pending: head?.kind === "Tombstone" && !wish ? ["not confirmed"] : [], contested: [] };
        }),
      diff: diffResources,
      apply: async (changes, release) => {
        if (changes.length === 0) return;
        await this.call(() => this.plans.set(release.planDigest, release.plan));
        await this.call(() => this.#append(release));
      },
    };
  }

  #append({ environment, planDigest, source, at }: Release): void {
    const head = this.log.at(-1);
    const base = { environment: environment.name, sequence: this.log.length + 1, at, source, planDigest };
    const { wish } = environment;
    if (wish !== undefined) {
      const { claim, claimDigest, versions } = wish;
      this.log.push({ ...base, kind: "Publication", claim, claimDigest, versions, releaseDigest: "" });
    } else this.log.push({ ...base, kind: head?.kind === "Publication" ? "Tombstone" : "Removed" });
    this.calls.push(`claim-store ${this.log.at(-1)?.kind}`);
  }

  targets(change: (target: Target | Unconfigured) => Target | Unconfigured = (target) => target): Targets {
    const others = (["deployment", "waf", "flux", "dns"] as const).map((name) => this.target(name));
    return inOrder([...others, this.claimStore()].map((target) => change(target as unknown as Target)));
  }
}

function wanting(systems: Systems, hostnames: readonly string[] | undefined, type: EnvironmentType = "stage"): Environment {
  const environment = anEnvironment(type, { hostnames: hostnames ?? [], log: [...systems.log] });
  return hostnames === undefined ? { ...environment, wish: undefined, gone: "removed" } : environment;
}

const source = { project: "local", commit: "1".repeat(40), path: "", blob: "", approvers: [] };

function releaseFor(environment: Environment, plan: Plan): Release {
  return { environment, plan, planDigest: plan.digest, source, at: "2026-11-24T08:00:00.000Z" };
}

/** One run of a release as the flow makes it: goes on with the recorded plan where it may, else with the one of now. */
async function run(
  systems: Systems,
  hostnames: readonly string[] | undefined,
  targets = systems.targets(),
): Promise<readonly Done[]> {
  const environment = wanting(systems, hostnames);
  const now = await planEnvironment(targets, environment, DIGESTS, SIGNAL);
  const recorded = systems.plans.get(environment.log.at(-1)?.planDigest ?? "");
  const plan = recorded !== undefined && goesOn(recorded, now) ? recorded : now;
  return rollout(targets, releaseFor(environment, plan), nothing, SIGNAL);
}

/** What is left in the end, and what the log says; without the digests of plans, which tell how often it was begun. */
function endOf(systems: Systems): unknown {
  const things = Object.entries(systems.things).map(([name, map]) => [name, sortResources(map.values())]);
  return { things, log: systems.log.map(({ kind, sequence }) => `${sequence} ${kind}`) };
}

describe("a rollout", () => {
  test("goes up in order: records it, builds it, protects it, exposes it, tells GitLab", async () => {
    const systems = new Systems();
    const done = await run(systems, ["a", "b"]);
    expect(systems.calls).toEqual([
      "claim-store Publication",
      "flux create a",
      "flux create b",
      "waf create a",
      "waf create b",
      "dns create a",
      "dns create b",
      "deployment create a",
      "deployment create b",
    ]);
    expect(done.map(({ target, changes }) => `${target} ${changes}`)).toEqual([
      "claim-store 1",
      "flux 2",
      "waf 2",
      "dns 2",
      "deployment 2",
    ]);
  });

  test("goes down in the reverse order, with the Tombstone first and Removed last", async () => {
    const systems = new Systems();
    await run(systems, ["a"]);
    systems.calls.length = 0;
    const done = await run(systems, undefined);
    expect(systems.calls).toEqual([
      "claim-store Tombstone",
      "deployment delete a",
      "dns delete a",
      "waf delete a",
      "flux delete a",
      "claim-store Removed",
    ]);
    expect(done.find(({ target }) => target === "claim-store")).toMatchObject({ target: "claim-store", changes: 1 });
    expect(done).toHaveLength(5);
  });

  test("of what is as it should be makes no call but to look", async () => {
    const systems = new Systems();
    await run(systems, ["a"]);
    systems.calls.length = 0;
    await run(systems, ["a"]);
    expect(systems.calls).toEqual([]);
  });

  test("compares what it stands on once, before the first effect and after it has looked", async () => {
    const systems = new Systems();
    const environment = wanting(systems, ["a"]);
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    const compared: number[] = [];
    await rollout(systems.targets(), releaseFor(environment, plan), async () => void compared.push(systems.calls.length), SIGNAL);
    expect(compared).toEqual([0]);
  });

  test("does nothing when what it stands on has moved", async () => {
    const systems = new Systems();
    const environment = wanting(systems, ["a"]);
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    const moved = async (): Promise<void> => {
      throw new Stale("the default branch moved");
    };
    await expect(rollout(systems.targets(), releaseFor(environment, plan), moved, SIGNAL)).rejects.toThrow(Stale);
    expect(systems.calls).toEqual([]);
  });

  test("refuses a change that its plan does not have, before it is made", async () => {
    const systems = new Systems();
    const environment = wanting(systems, ["a"]);
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    systems.things.dns.set("by hand", { key: "by hand", kind: "thing", of: "somebody" });
    const going = rollout(systems.targets(), releaseFor(environment, plan), nothing, SIGNAL);
    await expect(going).rejects.toThrow(new Stale("dns: by hand moved while the plan was being rolled out"));
    expect(systems.calls.filter((call) => call.startsWith("dns"))).toEqual([]);
    expect(systems.things.dns.has("by hand")).toBe(true);
  });

  test("refuses the planned change of another value", async () => {
    const systems = new Systems();
    await run(systems, ["a"]);
    const environment = anEnvironment("stage", { hostnames: ["a"], maxNodes: 4, log: [...systems.log] });
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    systems.things.waf.set("a", { key: "a", kind: "thing", of: "by hand" });
    await expect(rollout(systems.targets(), releaseFor(environment, plan), nothing, SIGNAL)).rejects.toThrow("waf: a moved");
  });
});

describe("a rollout waits", () => {
  test("for what is pending, before it goes to the next target", async () => {
    const systems = new Systems();
    systems.pending.set("flux", "Flux is reconciling");
    await expect(run(systems, ["a"])).rejects.toThrow(new Waiting("flux: Flux is reconciling", 10_000));
    expect(systems.calls).toEqual(["claim-store Publication", "flux create a"]);
    systems.pending.clear();
    await run(systems, ["a"]);
    expect(systems.things.dns.size).toBe(1);
    expect(systems.log).toHaveLength(1);
  });

  test("for what is written and not seen yet", async () => {
    const systems = new Systems();
    const targets = systems.targets((target) => (target.name === "waf" ? { ...target, apply: nothing } : target));
    await expect(run(systems, ["a"], targets)).rejects.toThrow(new Waiting("waf: a is not as it was written yet", 5_000));
    expect(systems.things.dns.size).toBe(0);
  });

  test("in a removal too: nothing is called Removed before it is gone", async () => {
    const systems = new Systems();
    await run(systems, ["a"]);
    systems.pending.set("flux", "Flux prunes");
    await expect(run(systems, undefined)).rejects.toThrow(Waiting);
    expect(systems.log.map(({ kind }) => kind)).toEqual(["Publication", "Tombstone"]);
    systems.pending.clear();
    await run(systems, undefined);
    expect(systems.log.map(({ kind }) => kind)).toEqual(["Publication", "Tombstone", "Removed"]);
  });
});

describe("nothing is exposed blindly", () => {
  const without = (name: TargetName) => (target: Target | Unconfigured) =>
    target.name === name ? { name, missing: `no ${name}` } : target;
  const blindly = (target: Target | Unconfigured) =>
    target.name === "flux" ? ({ ...target, unobserved: "no CLAIMBOT_KUBERNETES_URL" } as Target) : target;

  test.each<[string, EnvironmentType, (target: Target | Unconfigured) => Target | Unconfigured, string]>([
    [
      "nobody sees whether Flux has built it",
      "dev",
      blindly,
      "nobody has seen that the environment is built (no CLAIMBOT_KUBERNETES_URL)",
    ],
    ["there is no Flux", "dev", without("flux"), "nobody has seen that the environment is built (no flux)"],
    ["there is no firewall for stage", "stage", without("waf"), "would be exposed without a firewall (no waf)"],
    ["there is no firewall for prod", "prod", without("waf"), "would be exposed without a firewall (no waf)"],
  ])("where %s", async (_, type, change, reason) => {
    const systems = new Systems();
    const targets = systems.targets(change);
    const environment = wanting(systems, ["a"], type);
    const plan = await planEnvironment(targets, environment, DIGESTS, SIGNAL);
    const going = rollout(targets, releaseFor(environment, plan), nothing, SIGNAL);
    const error = await going.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toBeInstanceOf(Stalled);
    expect((error as Stalled).message).toContain(`a would be exposed`);
    expect((error as Stalled).message).toContain(reason);
    expect((error as Stalled).wayOut).toContain("/claim apply");
    expect(systems.things.dns.size).toBe(0);
  });

  test.each([
    ["dev needs no firewall", "dev" as const, without("waf")],
    ["GitLab need not be there", "prod" as const, without("deployment")],
  ])("but %s", async (_, type, change) => {
    const systems = new Systems();
    const targets = systems.targets(change);
    const environment = wanting(systems, ["a"], type);
    const plan = await planEnvironment(targets, environment, DIGESTS, SIGNAL);
    await rollout(targets, releaseFor(environment, plan), nothing, SIGNAL);
    expect(systems.things.dns.size).toBe(1);
  });

  test("but what is exposed already may be changed, and taken away", async () => {
    const systems = new Systems();
    await run(systems, ["a", "b"]);
    await run(systems, ["a"], systems.targets(blindly));
    expect([...systems.things.dns.keys()]).toEqual(["a"]);
  });
});

describe("a rollout cut off anywhere is finished by the next one", () => {
  const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 4 });
  const crashes = fc.array(fc.record({ call: fc.integer({ min: 0, max: 40 }), when: fc.constantFrom("before", "after") }), {
    minLength: 1,
    maxLength: 4,
  });

  /** Begins again as often as it crashes, each time at the next of the places. */
  async function runWithCrashes(
    systems: Systems,
    hostnames: readonly string[] | undefined,
    places: readonly { readonly call: number; readonly when: string }[],
  ): Promise<void> {
    for (const place of places) {
      const begun = systems.madeCalls;
      systems.crash = (call, when) => {
        if (call - begun === place.call && when === place.when) throw new Error("the process dies here");
      };
      const cut = await run(systems, hostnames).then(
        () => false,
        (error: unknown) => {
          if ((error as Error).message !== "the process dies here") throw error;
          return true;
        },
      );
      systems.crash = () => {};
      if (!cut) return;
    }
    await run(systems, hostnames);
  }

  test.each([
    ["that creates", [] as readonly (readonly string[] | undefined)[], ["a", "b"]],
    ["that changes", [["b", "c"]], ["a", "b"]],
    ["that removes", [["a", "b"]], undefined],
    ["that brings back what was removed", [["a"], undefined], ["a", "b"]],
  ])("at every single call, of one %s", async (_, before, hostnames) => {
    const whole = new Systems();
    for (const each of [...before, hostnames]) await run(whole, each);
    for (const when of ["before", "after"]) {
      let call = 0;
      for (; ; call += 1) {
        const systems = new Systems();
        for (const each of before) await run(systems, each);
        const calls = systems.madeCalls;
        await runWithCrashes(systems, hostnames, [{ call, when }]);
        expect(endOf(systems)).toEqual(endOf(whole));
        if (systems.madeCalls - calls <= call) break;
      }
      // It did crash at each of them: the claim store alone is called more often than this.
      expect(call).toBeGreaterThan(10);
    }
  });

  test("also when it is cut off again and again, on the way to any wish", async () => {
    await fc.assert(
      fc.asyncProperty(fc.option(names, { nil: undefined }), names, crashes, async (first, second, places) => {
        const whole = new Systems();
        const systems = new Systems();
        await run(whole, second);
        await run(systems, second);
        await run(whole, first);
        await runWithCrashes(systems, first, places);
        expect(endOf(systems)).toEqual(endOf(whole));
      }),
    );
  });

  test("and never tears down what is still exposed, exposes what is not built and protected, or says Removed before all is gone", async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.boolean(), crashes, async (hostnames, removes, places) => {
        const systems = new Systems();
        if (removes) await run(systems, hostnames);
        systems.watch = () => {
          for (const name of systems.things.dns.keys()) {
            expect(systems.things.flux.has(name) && systems.things.waf.has(name)).toBe(true);
          }
          const left = Object.values(systems.things).some(({ size }) => size > 0);
          expect(left && systems.log.at(-1)?.kind === "Removed").toBe(false);
        };
        await runWithCrashes(systems, removes ? undefined : hostnames, places);
        expect(systems.things.dns.size).toBe(removes ? 0 : hostnames.length);
      }),
    );
  });
});

describe("a recorded plan", () => {
  const environment = anEnvironment("stage", { hostnames: ["a", "b"] });
  const planned = async (systems: Systems, of: Environment, digests = DIGESTS) =>
    planEnvironment(systems.targets(), of, digests, SIGNAL);

  test("goes on while what is left is part of it", async () => {
    const systems = new Systems();
    const recorded = await planned(systems, environment);
    expect(goesOn(recorded, recorded)).toBe(true);
    systems.things.flux.set("a", { key: "a", kind: "thing", of: environment.wish!.claimDigest });
    const later = await planned(systems, environment);
    expect(goesOn(recorded, later)).toBe(true);
    expect(goesOn(later, recorded)).toBe(false);
  });

  test.each<[string, (systems: Systems) => Promise<Plan>]>([
    [
      "somebody made something",
      async (systems) => {
        systems.things.dns.set("c", { key: "c", kind: "thing", of: "somebody" });
        return planned(systems, environment);
      },
    ],
    [
      "what stands there is another",
      async (systems) => {
        systems.things.dns.set("a", { key: "a", kind: "thing", of: "somebody" });
        return planned(systems, environment);
      },
    ],
    ["the claim is another", async (systems) => planned(systems, anEnvironment("stage", { hostnames: ["a"] }))],
    ["the claim is gone", async (systems) => planned(systems, { ...environment, wish: undefined })],
    ["the inputs moved", async (systems) => planned(systems, environment, { ...DIGESTS, inputs: "other" })],
    ["the versions moved", async (systems) => planned(systems, { ...environment, wish: { ...environment.wish!, versions: {} } })],
  ])("does not go on where %s", async (_, after) => {
    const systems = new Systems();
    const recorded = await planned(systems, environment);
    expect(goesOn(recorded, await after(systems))).toBe(false);
  });

  test("goes on where only the rules moved: they have judged it", async () => {
    const systems = new Systems();
    const recorded = await planned(systems, environment);
    expect(goesOn(recorded, await planned(systems, environment, { ...DIGESTS, rules: "other" }))).toBe(true);
  });

  test("does not take a removal for what it did not plan", async () => {
    const systems = new Systems();
    await run(systems, ["a", "b"]);
    const log: Log = [...systems.log];
    const removal = await planned(systems, { ...environment, wish: undefined, log });
    const change = await planned(systems, { ...environment, log });
    expect(goesOn(change, removal)).toBe(false);
    expect(goesOn(removal, change)).toBe(false);
  });
});

describe("a plan", () => {
  test("is what each target would do, in order, with what is pending and contested", async () => {
    const systems = new Systems();
    systems.pending.set("dns", "it spreads");
    const environment = wanting(systems, ["a"]);
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    expect(plan.steps.map(({ target }) => target)).toEqual(TARGET_NAMES);
    expect(plan.steps[3]).toMatchObject({ target: "dns", pending: ["it spreads"], changes: [{ verb: "create", key: "a" }] });
    expect(systems.calls).toEqual([]);
    expect(plan.inputsDigest).toBe("inputs");
    expect(plan.rulesDigest).toBe("rules");
  });

  test("says which target is not configured, instead of nothing", async () => {
    const systems = new Systems();
    const targets = inOrder([systems.claimStore(), { name: "waf", missing: "no CLAIMBOT_CLOUDFLARE_TOKEN" }]);
    const plan = await planEnvironment(targets, wanting(systems, ["a"]), DIGESTS, SIGNAL);
    expect(plan.steps.slice(1)).toEqual([
      { target: "flux", missing: "not set up" },
      { target: "waf", missing: "no CLAIMBOT_CLOUDFLARE_TOKEN" },
      { target: "dns", missing: "not set up" },
      { target: "deployment", missing: "not set up" },
    ]);
  });

  test("is not made of half of the truth: a target that cannot be observed has no plan", async () => {
    const systems = new Systems();
    systems.crash = (call) => {
      if (call === 2) throw new Waiting("Cloudflare is rate limiting us", 1_000);
    };
    await expect(planEnvironment(systems.targets(), wanting(systems, ["a"]), DIGESTS, SIGNAL)).rejects.toThrow(Waiting);
  });

  test("of many records is held against what is left in little time", async () => {
    const systems = new Systems();
    const hostnames = Array.from({ length: 2_000 }, (_, at) => `name-${at}.stage.example.org`);
    const environment = wanting(systems, hostnames);
    const plan = await planEnvironment(systems.targets(), environment, DIGESTS, SIGNAL);
    // Quadratic it would be some 64 million comparisons of texts: minutes.
    expect(goesOn(plan, plan)).toBe(true);
    expect(digestOf(plan.steps)).toHaveLength(64);
  });
});

test("a rollout visits the configured targets: up each once, down the claim store first and last", () => {
  const systems = new Systems();
  const targets = systems.targets((target) => (target.name === "waf" ? { name: "waf", missing: "no token" } : target));
  expect(visits(targets, "up").map(({ name }) => name)).toEqual(["claim-store", "flux", "dns", "deployment"]);
  expect(visits(targets, "down").map(({ name }) => name)).toEqual(["claim-store", "deployment", "dns", "flux", "claim-store"]);
});
