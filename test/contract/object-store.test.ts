/** What every claim store must hold, on a directory, on the sandbox's S3, and on the real one of CLAIMBOT_TEST_S3_URL. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { objectStoreContract } from "./object-store.ts";
import { REAL_S3, startDouble, startReal } from "./s3-servers.ts";
import { s3StoreContract } from "./s3-store.ts";

objectStoreContract("a directory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "claimbot-store-"));
  const store = await openDirectoryStore(directory);
  return {
    store,
    open: async () => openDirectoryStore(directory),
    [Symbol.asyncDispose]: async () => rm(directory, { recursive: true, force: true }),
  };
});

objectStoreContract("the sandbox's S3", startDouble);
s3StoreContract("the sandbox's S3", startDouble);

if (REAL_S3 === undefined) test.skip("the claim store in a real S3: CLAIMBOT_TEST_S3_URL is not set");
else {
  objectStoreContract("a real S3", startReal);
  s3StoreContract("a real S3", startReal);
}
