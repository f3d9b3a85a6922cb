/** Faults that a sandbox server can be asked for: what networks and services really do to their clients. */

export type FaultKind =
  /** Answers with this status instead; with Retry-After where given, and a body of HTML where `html`. Nothing happens. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfterSeconds?: number; readonly html?: boolean }
  /** Cuts the connection before anything happens. */
  | { readonly kind: "cut-before" }
  /** Does what was asked, then cuts the connection: the client cannot know. */
  | { readonly kind: "cut-after" }
  /** Does what was asked, then answers with this status: a proxy gave up. */
  | { readonly kind: "status-after"; readonly status: number }
  /** Answers this much later. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Runs this first: somebody else acts between two calls of the client. */
  | { readonly kind: "meanwhile"; readonly act: () => void | Promise<void> };

export interface Fault {
  /** Such as `POST`; any method without. */
  readonly method?: string;
  /** Matched against path and query. */
  readonly path: RegExp;
  readonly fault: FaultKind;
  /** How often it strikes; once without. */
  readonly times?: number;
}

/** The faults of one server, and its list of requests, so that a test can count calls. */
export class Faults {
  readonly requests: { readonly method: string; readonly path: string }[] = [];
  #faults: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** The next fault for a request, used up by one. */
  strike(method: string, path: string): FaultKind | undefined {
    this.requests.push({ method, path });
    const entry = this.#faults.find(
      ({ fault, left }) => left > 0 && (fault.method === undefined || fault.method === method) && fault.path.test(path),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.fault.fault;
  }
}
