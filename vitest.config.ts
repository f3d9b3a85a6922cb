import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/temporary-folder.ts"],
    // Native loading: what Node refuses in production (an enum, a missing extension), it refuses here too.
    experimental: { viteModuleRunner: false },
    // Much waiting for processes and databases: two at a time go faster on two cores too. Each may hold 1 GiB (PGlite).
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
