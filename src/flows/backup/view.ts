/** A backup as a claim store to read from: what every key held when it was made. */
import type { ObjectStore } from "../../core/ports.ts";
import { readContent } from "./backup.ts";
import type { Manifest } from "./manifest.ts";

export function backupView(store: ObjectStore, manifest: Manifest): ObjectStore {
  const objects = new Map(manifest.objects.map((object) => [object.key, object]));
  return {
    name: `${store.name}, backup of ${manifest.at}`,
    async read(key, signal = new AbortController().signal) {
      const object = objects.get(key);
      return object && { body: await readContent(store, key, object.sha256, signal), etag: object.etag };
    },
    list: async (prefix) => manifest.objects.filter(({ key }) => key.startsWith(prefix)),
    putNew: refuse,
    replace: refuse,
  };
}

async function refuse(): Promise<never> {
  throw new Error("a backup is only read");
}
