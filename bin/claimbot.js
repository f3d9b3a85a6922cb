#!/usr/bin/env node
/**
 * The door to the command line, in plain JavaScript: Node strips the types of its first file before a compile cache can be on, and that
 * alone takes as long as Node itself (2026-11-24, Node 24.21). The cache lies beside the code: whoever can write there can change the code anyway.
 */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/claimbot", import.meta.url)));
await import("../src/cli.ts");
