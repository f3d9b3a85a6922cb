/** What the HTTP service needs of the rest of the house: ports and plain functions. */
import type { Log } from "../core/log.ts";
import type { Delivery, Jobs } from "../core/ports.ts";
import type { Secret } from "../core/secret.ts";
import type { WebhookSecrets } from "./authenticate.ts";
import type { Metrics } from "./metrics.ts";
import type { BodyLimits } from "./read-body.ts";

export interface HttpDeps {
  readonly jobs: Pick<Jobs, "accept">;
  /** What an authentic GitLab event asks for. Pure; may be given any JSON. */
  readonly decide: (event: string, body: unknown) => Pick<Delivery, "jobs" | "decision" | "pushed">;
  readonly webhook: WebhookSecrets;
  /** Empty: /webhooks/flux answers nobody but with 401. */
  readonly fluxEventsTokens: readonly Secret[];
  /** Throws when the service cannot do its work, such as without its database. */
  readonly ready: () => Promise<void>;
  readonly draining: () => boolean;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  /** BODY_LIMITS without. */
  readonly limits?: BodyLimits;
}
