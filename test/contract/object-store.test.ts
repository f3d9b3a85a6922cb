/**
 * What every claim store must hold, whatever it is made of. It runs against a directory, and against the S3 server of
 * CLAIMBOT_TEST_S3_URL by test/adapters/s3.test.ts, which calls `objectStoreContract` too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { objectStoreContract } from "./object-store.ts";

objectStoreContract("a directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-store-"));
  const store = await openDirectoryStore(directory);
  return {
    store,
    open: async () => openDirectoryStore(directory),
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }),
  };
});
