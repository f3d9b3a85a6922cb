/** What every claim store must hold, on a directory, on the sandbox's S3, and on the real one of CLAIMBOT_TEST_S3_URL. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

objectStoreContract("a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined);
s3StoreContract("a real S3 (CLAIMBOT_TEST_S3_URL)", startReal, REAL_S3 !== undefined);
