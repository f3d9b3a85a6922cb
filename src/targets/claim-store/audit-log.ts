/** The audit log in the claim store: put-if-absent of the next key makes the order, whoever writes, in whatever process. */
import {
  endAfter,
  entryText,
  isRepetition,
  knownAfter,
  monthOf,
  NEWEST,
  nextEntry,
  readEntry,
  subjectOf,
  type AuditEvent,
  type AuditHead,
  type ChainEnd,
  type Known,
} from "../../core/audit.ts";
import { Stalled, Waiting } from "../../core/errors.ts";
import type { Audit, ObjectStore } from "../../core/ports.ts";
import type { StoredEntry } from "../../core/verify-audit.ts";
import { retention } from "../retention.ts";

export interface AuditLogOptions {
  readonly instance: string;
  readonly now: () => Date;
  /** Blanks what must not be kept, such as a token that somebody pasted into a comment. */
  readonly redact: (text: string) => string;
  /** Until when an entry is locked; as long as prod without platform.yaml's word. */
  readonly retainUntil?: (from: Date) => Promise<Date>;
}

/** How many of the newest entries tell, after a start, what was said already. */
const TAIL = 64;
/** Subjects that are remembered: environments and notes. What is forgotten is written once more. */
const MOST_KNOWN = 20_000;

/** Nothing is read before the first entry is written. Every call may throw Waiting, and Stalled where the log is broken at its end. */
export function openAuditLog(store: ObjectStore, options: AuditLogOptions): Audit {
  return new AuditLog(store, options);
}

/** Everything below `audit/`, in the order of the keys. */
export async function readAuditLog(store: ObjectStore, signal?: AbortSignal): Promise<readonly StoredEntry[]> {
  const keys = (await store.list("audit/", signal)).map(({ key }) => key);
  return readTexts(store, keys, signal);
}

class AuditLog implements Audit {
  readonly #store: ObjectStore;
  readonly #options: AuditLogOptions;
  readonly #known = new Map<string, Known>();
  #end: ChainEnd | undefined;
  #isFound = false;
  /** One after the other within a process: only others are competed with. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: ObjectStore, options: AuditLogOptions) {
    this.#store = store;
    this.#options = options;
  }

  async append(event: AuditEvent): Promise<AuditHead> {
    return this.#inTurn(async () => this.#append(withoutSecrets(event, this.#options.redact)));
  }

  async head(): Promise<AuditHead | undefined> {
    return this.#inTurn(async () => {
      await this.#find();
      return this.#end && headOf(this.#end);
    });
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      try {
        return await work();
      } catch (error) {
        if (error instanceof Waiting || error instanceof Stalled) throw error;
        throw new Waiting(`the audit log in ${this.#store.name} cannot be reached`, 30_000, { cause: error });
      }
    });
    // Whoever comes next is not concerned by how this one ended: its own caller is told.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #append(event: AuditEvent): Promise<AuditHead> {
    await this.#find();
    const subject = subjectOf(event);
    for (;;) {
      const known = subject === undefined ? undefined : this.#known.get(subject);
      if (known !== undefined && isRepetition(event, known)) return known.head;
      const now = this.#options.now();
      const { key, entry } = nextEntry(this.#end, event, { at: now.toISOString(), instance: this.#options.instance });
      const text = entryText(entry);
      const retainUntil = (await this.#options.retainUntil?.(now)) ?? retention("prod", undefined, now);
      const written = await this.#store.putNew(key, Buffer.from(text), { retainUntil });
      if (written === "exists") {
        await this.#readOn(key);
        // Whoever was long away reads what was written meanwhile, instead of competing for each of its keys.
        while (await this.#readNext());
      } else {
        this.#follow(key, text);
        if (entry.event === event) return headOf(endAfter(key, entry, text));
      }
    }
  }

  /** The end of the chain, looked for once: the newest month's listing, then whatever was written since. */
  async #find(): Promise<void> {
    if (this.#isFound) return;
    const keys = await this.#newestKeys();
    for (const { key, text } of await readTexts(this.#store, keys.slice(-TAIL))) {
      const isLast = key === keys.at(-1);
      if (isLast || readEntry(text) !== undefined) this.#follow(key, text);
    }
    this.#isFound = true;
    while (await this.#readNext());
  }

  /** A log that was written to this month or the last one is found without a listing of all that it ever had. */
  async #newestKeys(): Promise<readonly string[]> {
    const now = this.#options.now();
    const before = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1));
    for (const prefix of [...[now, before].map((time) => `audit/${monthOf(time.toISOString())}/`), "audit/"]) {
      const keys = (await this.#store.list(prefix)).map(({ key }) => key);
      if (keys.length > 0) return keys;
    }
    return [];
  }

  async #readNext(): Promise<boolean> {
    if (this.#end === undefined) return false;
    const { key } = nextEntry(this.#end, { kind: "MonthClosed", next: "" }, { at: "", instance: "" });
    const object = await this.#store.read(key);
    if (object !== undefined) this.#follow(key, Buffer.from(object.body).toString("utf8"));
    return object !== undefined;
  }

  /** Somebody else was first at this key. */
  async #readOn(key: string): Promise<void> {
    const object = await this.#store.read(key);
    if (object === undefined) throw new Waiting(`${this.#store.name}: ${key} exists, and cannot be read yet`, 1_000);
    this.#follow(key, Buffer.from(object.body).toString("utf8"));
  }

  #follow(key: string, text: string): void {
    const entry = readEntry(text);
    if (entry === undefined) {
      throw new Stalled(
        `${this.#store.name}: the audit log is broken at ${key}`,
        "Nothing is released before somebody has found out who wrote that object; claimbot audit shows all of them",
      );
    }
    this.#end = endAfter(key, entry, text);
    const head = headOf(this.#end);
    for (const subject of new Set([subjectOf(entry.event), NEWEST])) {
      if (subject === undefined) continue;
      const known = knownAfter(this.#known.get(subject), entry.event, head);
      this.#known.delete(subject);
      this.#known.set(subject, known);
    }
    const [oldest] = this.#known.size > MOST_KNOWN ? this.#known.keys() : [];
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function headOf({ key, digest, sequence, at }: ChainEnd): AuditHead {
  return { key, digest, sequence, at };
}

function withoutSecrets(event: AuditEvent, redact: (text: string) => string): AuditEvent {
  return JSON.parse(JSON.stringify(event), (_, value: unknown) =>
    typeof value === "string" ? redact(value) : value,
  ) as AuditEvent;
}

async function readTexts(store: ObjectStore, keys: readonly string[], signal?: AbortSignal): Promise<readonly StoredEntry[]> {
  const found: StoredEntry[] = [];
  for (let at = 0; at < keys.length; at += 32) {
    const group = keys.slice(at, at + 32).map(async (key): Promise<StoredEntry> => {
      const object = await store.read(key, signal);
      // Listed and not readable is no entry: a text that is none says so.
      return { key, text: object === undefined ? "" : Buffer.from(object.body).toString("utf8") };
    });
    found.push(...(await Promise.all(group)));
  }
  return found;
}
