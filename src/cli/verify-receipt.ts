/** claimbot verify --receipt FILE: one receipt, checked with the repository at hand, and with the claim store where there is one. */
import { readFile } from "node:fs/promises";
import { oneLine } from "../core/render/encode.ts";
import type { CheckedReceipt } from "../flows/verify/receipt.ts";
import { verifyReceipt as check } from "../flows/verify/receipt.ts";
import { WrongUse } from "./exit.ts";
import { openLocalGit } from "./local.ts";
import type { Terminal } from "./terminal.ts";

/** Exit code 0 where nothing speaks against it, 1 where something does. Throws WrongUse for a file that is no receipt. */
export async function verifyReceipt(
  terminal: Terminal,
  file: string,
  directory: string | undefined,
  format: "text" | "json",
): Promise<number> {
  const path = terminal.path(file);
  const text = await readText(path);
  await using local = await openLocalGit(terminal, directory);
  const found = await check(local.world, text, new AbortController().signal);
  if (found === undefined) throw new WrongUse(`${path} is no receipt that could be checked: it holds no record`);
  if (format === "json") terminal.out(`${JSON.stringify({ receipt: found.receipt, checks: found.checks }, null, 2)}\n`);
  else terminal.out(textOf(found));
  return found.checks.some(({ verdict }) => verdict === "fails") ? 1 : 0;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new WrongUse(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const SIGNS = { holds: "✓", fails: "✗", unknown: "?" } as const;

function textOf({ receipt, checks }: CheckedReceipt): string {
  const lines = checks.map(
    ({ check: name, verdict, detail }) => `  ${SIGNS[verdict]} ${name.padEnd(7)}  ${oneLine(detail, 400)}`,
  );
  const failed = checks.filter(({ verdict }) => verdict === "fails").length;
  const unknown = checks.filter(({ verdict }) => verdict === "unknown").length;
  const end =
    failed > 0
      ? `It is not true: ${failed} of ${checks.length} checks fail.`
      : unknown > 0
        ? `Nothing speaks against it; ${unknown} of ${checks.length} checks need what is not at hand.`
        : "It is true.";
  return `${[`${oneLine(receipt.recordKey)}, settled ${oneLine(receipt.at, 40)}`, ...lines, end].join("\n")}\n`;
}
