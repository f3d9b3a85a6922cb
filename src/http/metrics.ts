/** What Prometheus may ask for. Labels come from short fixed lists: never a merge request, a commit, an environment or a person. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Job } from "../core/ports.ts";

export interface Metrics {
  /** `answer` is the status that was sent. */
  webhook(source: "gitlab" | "flux", answer: number): void;
  /** A job ended, or goes back to wait. */
  job(kind: Job["kind"], outcome: string, seconds: number): void;
  /** Somebody did what nobody should; the log says who and where. */
  readonly alarm: (what: string) => void;
  /** So many records and adoptions there ever were that passed the gates by --break-glass, by whatever process. */
  readonly brokenGlass: (total: number) => void;
  /** The claim store was read as an auditor would: so much of it deviates, and all of it was looked at after `since`; undefined: not yet. */
  readonly verified: (found: { readonly deviations: number | undefined; readonly since: string | undefined }) => void;
  /** The text that Prometheus reads, and its content type. */
  page(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** `pending` is asked at each scrape; where it fails the gauge is left out. */
export function newMetrics(pending: () => Promise<{ readonly waiting: number; readonly running: number }>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // The runtime's version and inner parts are of use only to who looks for a hole in it.
  for (const { name } of registry.getMetricsAsArray()) {
    if (/^nodejs_(version|heap_space|active)/.test(name)) registry.removeSingleMetric(name);
  }
  const registers = [registry];
  const webhooks = new Counter({
    name: "claimbot_webhooks_total",
    help: "Webhook requests by source and answer",
    labelNames: ["source", "answer"],
    registers,
  });
  const jobs = new Counter({
    name: "claimbot_jobs_total",
    help: "Runs of jobs by kind and outcome",
    labelNames: ["kind", "outcome"],
    registers,
  });
  const alarms = new Counter({
    name: "claimbot_alarms_total",
    help: "What nobody should do and somebody did, by what it was",
    labelNames: ["alarm"],
    registers,
  });
  const durations = new Histogram({
    name: "claimbot_job_duration_seconds",
    help: "How long runs of jobs took, by kind",
    labelNames: ["kind"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers,
  });
  const queue = new Gauge({
    name: "claimbot_queue_jobs",
    help: "Jobs in the queue by state",
    labelNames: ["state"],
    registers,
  });
  // Nobody may read a zero before anybody looked.
  const unknownYet: Registry[] = [];
  const deviations = new Gauge({
    name: "claimbot_store_deviations",
    help: "What deviated in each part of the claim store when it was last verified, together; each has a line in the log",
    registers: unknownYet,
  });
  const brokenGlass = new Counter({
    name: "claimbot_break_glass_total",
    help: "Publications that passed the gates by --break-glass, by the claim log when it was last swept",
    registers: unknownYet,
  });
  const verifiedAt = new Gauge({
    name: "claimbot_store_verified_timestamp_seconds",
    help: "Every part of the claim store was verified to its end after this; 0 where one never was",
    registers,
  });
  return {
    webhook: (source, answer) => webhooks.inc({ source, answer }),
    job(kind, outcome, seconds) {
      jobs.inc({ kind, outcome });
      durations.observe({ kind }, seconds);
    },
    verified({ deviations: count, since }) {
      if (count !== undefined) {
        registry.registerMetric(deviations);
        deviations.set(count);
      }
      verifiedAt.set(since === undefined ? 0 : Date.parse(since) / 1000);
    },
    alarm: (what) => alarms.inc({ alarm: what }),
    brokenGlass(total) {
      registry.registerMetric(brokenGlass);
      // Counted in the log, not here: a terminal breaks it as well, and a restart forgets nothing.
      brokenGlass.reset();
      brokenGlass.inc(total);
    },
    async page() {
      try {
        const { waiting, running } = await pending();
        queue.set({ state: "waiting" }, waiting);
        queue.set({ state: "running" }, running);
      } catch {
        // The database is away: the rest of the page is what one needs to see that.
        queue.reset();
      }
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
