/** What a change breaks in a file that it does not touch is a mistake of that change. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ClaimRepository } from "./claimbot.ts";

test("a removal of what others need is refused at the dependent's line", async () => {
  await using repository = await ClaimRepository.make();
  await repository.git("checkout", "--quiet", "-b", "feature");
  await rm(join(repository.path, "environments/stage/ledger-stage.yaml"));
  await repository.commit("Remove ledger-stage");
  const { status, stdout } = await repository.claimbot("plan", "--base", "main", "--head", "feature");
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /payments-stage\.yaml\n\s+\d+:\d+ +error +payments-api depends on ledger, and ledger-stage is to be removed/,
  );
  expect(stdout).toContain("claim/dependency-removed");
});

test("what was wrong before, in a file that the change does not touch, is not held against it", async () => {
  await using repository = await ClaimRepository.make({ only: ["ledger-dev", "ledger-stage"] });
  await repository.edit("environments/stage/ledger-stage.yaml", "min: 2, max: 4", "min: 9, max: 4");
  await repository.commit("Break ledger-stage");
  await repository.git("checkout", "--quiet", "-b", "feature");
  await repository.edit("environments/dev/ledger-dev.yaml", "description: ", "description: Once more, ");
  await repository.commit("Describe ledger-dev");
  const { status, stdout } = await repository.claimbot("plan", "--base", "main", "--head", "feature");
  expect(stdout).toContain("ledger-dev");
  expect(stdout).not.toContain("claim/pool-bounds");
  expect(status).toBe(0);
});

test("a claim that cannot be read is the only mistake: its dependents are not told that it is missing", async () => {
  await using repository = await ClaimRepository.make();
  await repository.git("checkout", "--quiet", "-b", "feature");
  await repository.edit("environments/stage/ledger-stage.yaml", "version:", "vresion:");
  await repository.commit("Mistype ledger-stage");
  for (const words of [["validate"], ["plan", "--base", "main", "--head", "feature"]]) {
    const { status, stdout } = await repository.claimbot(...words);
    expect(status).toBe(1);
    expect(stdout).toContain("ledger-stage.yaml");
    expect(stdout).not.toContain("payments-stage.yaml");
  }
});

test("who mends a claim does not answer for what others wrongly need of it", async () => {
  await using repository = await ClaimRepository.make();
  await repository.edit("environments/stage/ledger-stage.yaml", "kind: Environment", "kind: [Environment");
  await repository.edit("environments/stage/payments-stage.yaml", "[ledger, ", "[ledger-stage/leger, ");
  await repository.commit("Break both");
  await repository.git("checkout", "--quiet", "-b", "feature");
  await repository.edit("environments/stage/ledger-stage.yaml", "kind: [Environment", "kind: Environment");
  await repository.commit("Mend ledger-stage");
  const { status, stdout } = await repository.claimbot("plan", "--base", "main", "--head", "feature");
  expect(stdout).not.toContain("claim/dependency-missing");
  expect(stdout).toContain("ledger-stage");
  expect(status).toBe(0);
  expect((await repository.claimbot("validate")).stdout).toContain("claim/dependency-missing");
});
