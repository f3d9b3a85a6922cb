import type { ObjectStore } from "../src/core/ports.ts";

/** A store of which some things are done otherwise. */
export function storeAround(store: ObjectStore, otherwise: Partial<ObjectStore>): ObjectStore {
  return {
    name: store.name,
    read: async (key, signal) => store.read(key, signal),
    list: async (prefix, signal) => store.list(prefix, signal),
    putNew: async (key, body, options) => store.putNew(key, body, options),
    replace: async (key, body, expected) => store.replace(key, body, expected),
    ...otherwise,
  };
}
