/** A claim store in memory, each of whose calls is a moment at which somebody else may act. */
import { digestOfBytes } from "../../../src/core/json.ts";
import type { ObjectStore } from "../../../src/core/ports.ts";

export interface AStore extends ObjectStore {
  readonly objects: Map<string, string>;
  /** Until when each key is locked. */
  readonly locks: Map<string, Date | undefined>;
  /** Of each kind of call. */
  readonly calls: { read: number; list: number; put: number };
}

/** `moment` is awaited before each call, with its words. */
export function aStore(moment: (what: string) => Promise<void> = async () => undefined): AStore {
  const objects = new Map<string, string>();
  const locks = new Map<string, Date | undefined>();
  const calls = { read: 0, list: 0, put: 0 };
  return {
    name: "a store",
    objects,
    locks,
    calls,
    async read(key) {
      calls.read += 1;
      await moment(`read ${key}`);
      const text = objects.get(key);
      return text === undefined ? undefined : { body: Buffer.from(text), etag: digestOfBytes(text) };
    },
    async putNew(key, body, options) {
      calls.put += 1;
      await moment(`put ${key}`);
      if (objects.has(key)) return "exists";
      objects.set(key, Buffer.from(body).toString());
      locks.set(key, options?.retainUntil);
      return { etag: digestOfBytes(body) };
    },
    replace: async () => Promise.reject(new Error("nothing here is replaced")),
    async list(prefix) {
      calls.list += 1;
      await moment(`list ${prefix}`);
      return [...objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, text]) => ({ key, etag: digestOfBytes(text) }))
        .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    },
  };
}
