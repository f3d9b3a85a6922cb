/** One environment's log is broken: it alone stands still, and everybody is told which it is. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ClaimRepository } from "./claimbot.ts";

async function broken(): Promise<ClaimRepository> {
  const repository = await ClaimRepository.make({ only: ["ledger-dev", "search-vectors-sue"] });
  await repository.claimbot("apply", "--yes");
  const store = join(repository.path, ".claimbot/store/claims/ledger-dev");
  await mkdir(store, { recursive: true });
  await writeFile(join(store, "00000002.json"), "{}\n");
  await repository.edit("environments/dev/ledger-dev.yaml", "max: 2", "max: 3");
  await repository.edit("environments/sue/search-vectors-sue.yaml", "description: ", "description: Now ");
  await repository.commit("Both change");
  return repository;
}

test("others are applied by name; it itself is refused, with the key and the reason", async () => {
  await using repository = await broken();
  const other = await repository.claimbot("apply", "search-vectors-sue", "--yes");
  expect({ status: other.status, stderr: other.stderr }).toEqual({ status: 0, stderr: "" });
  expect(await repository.log("search-vectors-sue")).toHaveLength(2);
  const own = await repository.claimbot("apply", "ledger-dev", "--yes");
  expect(own.status).toBe(3);
  expect(own.stderr).toContain("the claim log is broken at claims/ledger-dev/00000002.json");
});

test("status says so of it alone", async () => {
  await using repository = await broken();
  const { status, stdout } = await repository.claimbot("status");
  expect(status).toBe(3);
  expect(stdout).toMatch(/^ledger-dev +broken .*claims\/ledger-dev\/00000002.json/m);
  expect(stdout).toMatch(/^search-vectors-sue +live /m);
});
