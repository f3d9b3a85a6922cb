/** From a job to the flow that does it: the only way in, for webhooks, timers and commands alike. */
import type { Job } from "../core/ports.ts";
import { chatops } from "./chatops.ts";
import { review } from "./review.ts";
import { runRelease } from "./run-release.ts";
import { fanOut, sweep } from "./upkeep.ts";
import { verifyDaily } from "./verify/verify-daily.ts";
import type { ServiceWorld } from "./world.ts";

/** Throws Waiting, Stalled or Stale; the queue knows what each means. */
export async function dispatch(world: ServiceWorld, job: Job, signal: AbortSignal): Promise<void> {
  switch (job.kind) {
    case "review":
      await review(world, job.mergeRequest, signal);
      return;
    case "release": {
      const outcome = await runRelease(world, job.environment, {}, signal);
      // What its rules held back may go on now.
      if (job.environment === "platform" && outcome.kind === "settled") await world.jobs.enqueue({ kind: "fan-out" });
      return;
    }
    case "command":
      await chatops(world, job, signal);
      return;
    case "fan-out":
      await fanOut(world, signal);
      return;
    case "sweep":
      await sweep(world, signal);
      return;
    case "verify":
      await verifyDaily(world, signal);
  }
}
