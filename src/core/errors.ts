/** The second kind of wrong (STYLE): the world is not ready, or says no. Named by what should happen next. */

/** Come back later: nobody needs to do anything. */
export class Waiting extends Error {
  override readonly name = "Waiting";
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Somebody has to act before it can go on; `wayOut` says who does what. */
export class Stalled extends Error {
  override readonly name = "Stalled";
  readonly wayOut: string;

  constructor(message: string, wayOut: string, options?: ErrorOptions) {
    super(message, options);
    this.wayOut = wayOut;
  }
}

/** The facts that a decision stood on have moved: nothing was done, the next run decides anew. */
export class Stale extends Error {
  override readonly name = "Stale";
}
