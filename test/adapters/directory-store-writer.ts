/** A process that writes into a directory store, for the tests that race and kill such processes. */
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";

const [, , task, directory = "", name = "", times = "0"] = process.argv;
const store = await openDirectoryStore(directory);

for (let count = 0; count < Number(times); count += 1) {
  if (task === "log") await append();
  if (task === "count") await increment();
  if (task === "big") await store.putNew(`releases/${name}/${count}`, Buffer.alloc(4 * 1024 * 1024, count + 1));
  process.send?.(count);
}
process.disconnect();

async function append(): Promise<void> {
  for (let sequence = 1; ; sequence += 1) {
    const key = `claims/race/${String(sequence).padStart(8, "0")}.json`;
    if ((await store.putNew(key, Buffer.from(`${name}:${sequence}`))) !== "exists") return;
  }
}

async function increment(): Promise<void> {
  for (;;) {
    const seen = await store.read("current/count.yaml");
    const next = Number(Buffer.from(seen?.body ?? "0").toString()) + 1;
    if ((await store.replace("current/count.yaml", Buffer.from(String(next)), seen?.etag)) !== "conflict") return;
  }
}
