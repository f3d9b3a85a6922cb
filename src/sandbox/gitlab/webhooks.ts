/** Delivers webhooks as GitLab does: once, without a second try; after four failures in a row a hook is disabled for a while. */
import { randomUUID } from "node:crypto";
import type { Hook, Project } from "./model.ts";
import { webhookSignature } from "./webhook-signature.ts";
import { matchesPattern, type Happening, type World } from "./world.ts";

export interface WebhookDelivery {
  readonly id: number;
  readonly hook: Hook;
  readonly at: Date;
  readonly event: string;
  readonly idempotencyKey: string;
  readonly url: string;
  /** Secrets are left out. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** `lost` by request of a test; a number is the receiver's status; a text says why there was none. */
  readonly outcome: number | "lost" | "internal error";
  readonly responseBody: string;
  readonly seconds: number;
}

export type WebhookPredicate = (webhook: {
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}) => boolean;

const TIMEOUT_MS = 10_000;
const FAILURES_BEFORE_PAUSE = 4;
const FAILURES_BEFORE_END = 40;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 24 * 3_600_000;
const SECRET_HEADERS = new Set(["x-gitlab-token", "webhook-signature"]);

export class Webhooks {
  /** Oldest first. */
  readonly deliveries: WebhookDelivery[] = [];
  readonly #world: World;
  readonly #running = new Set<Promise<unknown>>();
  #trouble: { readonly kind: "drop" | "double"; readonly matches: WebhookPredicate }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** The next webhook that matches is lost on the way. */
  dropNext(matches: WebhookPredicate = () => true): void {
    this.#trouble.push({ kind: "drop", matches });
  }

  /** The next webhook that matches arrives twice, with the same Idempotency-Key. */
  doubleNext(matches: WebhookPredicate = () => true): void {
    this.#trouble.push({ kind: "double", matches });
  }

  /** Starts the deliveries of what happened; never waits for them. */
  announce(happening: Happening): void {
    for (const hook of happening.project.hooks) {
      if (!wants(hook, happening) || alertStatus(hook, this.#world.now()) !== "executable") continue;
      const delivery = this.#deliverWithTrouble(hook, happening);
      this.#running.add(delivery);
      void delivery.finally(() => this.#running.delete(delivery));
    }
  }

  /** Resolves when nothing is on its way, deliveries that were started meanwhile included. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #deliverWithTrouble(hook: Hook, happening: Happening): Promise<void> {
    const webhook = { event: happening.header, payload: happening.payload };
    const trouble = this.#trouble.find(({ matches }) => matches(webhook));
    this.#trouble = this.#trouble.filter((item) => item !== trouble);
    const key = randomUUID();
    if (trouble?.kind === "drop") {
      this.#log(hook, webhook, key, {}, { outcome: "lost", responseBody: "", seconds: 0 });
      return;
    }
    await this.deliver(hook, webhook, key);
    if (trouble?.kind === "double") await this.deliver(hook, webhook, key);
  }

  /** One request; counts for the hook's health. A resend keeps the key. */
  async deliver(
    hook: Hook,
    webhook: { readonly event: string; readonly payload: Readonly<Record<string, unknown>> },
    idempotencyKey: string = randomUUID(),
  ): Promise<WebhookDelivery> {
    const body = JSON.stringify(webhook.payload);
    const timestamp = Math.floor(this.#world.now().getTime() / 1000);
    const headers: Record<string, string> = {
      ...Object.fromEntries(hook.customHeaders.map(({ key, value }) => [key.toLowerCase(), value])),
      "content-type": "application/json",
      "user-agent": "GitLab/19.1.0",
      "idempotency-key": idempotencyKey,
      "x-gitlab-event": webhook.event,
      "x-gitlab-webhook-uuid": randomUUID(),
      "x-gitlab-instance": this.#world.url,
      "x-gitlab-event-uuid": randomUUID(),
      "webhook-id": idempotencyKey,
      "webhook-timestamp": String(timestamp),
    };
    if (hook.token !== undefined) headers["x-gitlab-token"] = hook.token.replaceAll(/[\r\n]/g, "");
    if (hook.signingToken !== undefined) {
      headers["webhook-signature"] = webhookSignature(hook.signingToken, idempotencyKey, timestamp, body);
    }
    const started = performance.now();
    const answer = await send(hook.url, headers, body);
    const delivery = this.#log(hook, webhook, idempotencyKey, headers, {
      ...answer,
      seconds: (performance.now() - started) / 1000,
    });
    this.#judge(hook, answer.outcome);
    return delivery;
  }

  #log(
    hook: Hook,
    webhook: { readonly event: string; readonly payload: Readonly<Record<string, unknown>> },
    idempotencyKey: string,
    headers: Readonly<Record<string, string>>,
    answer: Pick<WebhookDelivery, "outcome" | "responseBody" | "seconds">,
  ): WebhookDelivery {
    const delivery: WebhookDelivery = {
      id: this.#world.id("delivery"),
      hook,
      at: this.#world.now(),
      event: webhook.event,
      idempotencyKey,
      url: hook.url,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRET_HEADERS.has(name))),
      payload: webhook.payload,
      ...answer,
    };
    this.deliveries.push(delivery);
    return delivery;
  }

  #judge(hook: Hook, outcome: WebhookDelivery["outcome"]): void {
    if (typeof outcome === "number" && outcome >= 200 && outcome < 400) {
      hook.failuresInARow = 0;
      hook.disabledUntil = undefined;
      return;
    }
    hook.failuresInARow += 1;
    if (hook.failuresInARow < FAILURES_BEFORE_PAUSE) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (hook.failuresInARow - FAILURES_BEFORE_PAUSE), LONGEST_PAUSE_MS);
    hook.disabledUntil = new Date(this.#world.now().getTime() + pauseMs);
  }
}

async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Pick<WebhookDelivery, "outcome" | "responseBody">> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { outcome: response.status, responseBody: (await response.text()).slice(0, 8192) };
  } catch (error) {
    // Refused, cut or timed out: GitLab writes it into the hook's log and goes on.
    return { outcome: "internal error", responseBody: error instanceof Error ? error.message : String(error) };
  }
}

export function alertStatus(hook: Hook, now: Date): "executable" | "temporarily_disabled" | "disabled" {
  if (hook.failuresInARow >= FAILURES_BEFORE_END) return "disabled";
  return hook.disabledUntil !== undefined && hook.disabledUntil > now ? "temporarily_disabled" : "executable";
}

function wants(hook: Hook, happening: Happening): boolean {
  if (!hook.events.has(happening.event)) return false;
  if (happening.branch === undefined || hook.branchFilter === null || hook.branchFilterStrategy === "all_branches") return true;
  if (hook.branchFilterStrategy === "wildcard") return matchesPattern(hook.branchFilter, happening.branch);
  return new RegExp(hook.branchFilter).test(happening.branch);
}

/** A hook with GitLab's defaults: push events unless they are refused. */
export function newHook(world: World, project: Project, url: string): Hook {
  const hook: Hook = {
    id: world.id("hook"),
    createdAt: world.now(),
    url,
    name: null,
    description: null,
    token: undefined,
    signingToken: undefined,
    events: new Set(["push_events"]),
    branchFilter: null,
    branchFilterStrategy: "wildcard",
    enableSslVerification: true,
    customHeaders: [],
    customTemplate: null,
    failuresInARow: 0,
    disabledUntil: undefined,
  };
  project.hooks.push(hook);
  return hook;
}
