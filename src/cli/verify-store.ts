/** claimbot verify NAME… or --all: the claim store as an auditor reads it, each deviation by its name. */
import { oneLine } from "../core/render/encode.ts";
import type { AuditableStore } from "../core/ports.ts";
import type { Deviation } from "../flows/verify/deviation.ts";
import { deviationsOf, verifyStore as verified, type Verified, type VerifyRequest } from "../flows/verify/verify.ts";
import type { World } from "../flows/world.ts";
import type { Terminal } from "./terminal.ts";

/** Exit code 0 where nothing deviates, 1 where something does, or where there is no record of what was asked for. */
export async function verifyStore(
  terminal: Terminal,
  world: World & { readonly store: AuditableStore },
  request: VerifyRequest,
  format: "text" | "json",
): Promise<number> {
  const start = Date.now();
  const found = await verified(world, request, new AbortController().signal);
  // A name that was mistyped, or another bucket, must not pass for what is good.
  const never = request.environments.filter((name) =>
    found.environments.some((one) => one.environment === name && one.records === 0),
  );
  const isEmpty = request.environments.length === 0 && found.records === 0;
  const good = deviationsOf(found).length === 0 && never.length === 0 && !isEmpty;
  if (format === "json") terminal.out(`${JSON.stringify({ ...found, good }, null, 2)}\n`);
  else terminal.out(verifiedText(found, Date.now() - start));
  for (const name of never) terminal.err(`claimbot: ${oneLine(name)} has no record: it was never published\n`);
  if (isEmpty) terminal.err(`claimbot: ${oneLine(world.store.name)} has no record: nothing was ever published there\n`);
  return good ? 0 : 1;
}

/** Ends with a line end. */
function verifiedText(found: Verified, tookMs: number): string {
  const width = Math.max(0, ...found.environments.map(({ environment }) => oneLine(environment).length));
  const lines = found.environments.flatMap(({ environment, records, derived, deviations }) => [
    `${deviations.length === 0 && records > 0 ? "✓" : "✗"} ${oneLine(environment).padEnd(width)}  ${counted(records, "record")}, ${counted(derived, "release")} derived again`,
    ...deviations.map(deviationLine),
  ]);
  const others = found.others.length === 0 ? [] : ["✗ the store as a whole", ...found.others.map(deviationLine)];
  const deviations = deviationsOf(found).length;
  const sum = `${counted(found.environments.length, "environment")}, ${counted(found.records, "record")} and ${counted(found.objects, "object")} examined in ${(tookMs / 1000).toFixed(1)} s`;
  return `${[...lines, ...others, ...found.unchecked.map((what) => `not checked: ${oneLine(what)}`), "", `${sum}: ${deviations === 0 ? "nothing deviates." : `${counted(deviations, "deviation")}.`}`].join("\n")}\n`;
}

function deviationLine({ name, key, detail }: Deviation): string {
  return `    ${name.padEnd(24)}  ${oneLine(key)}  ${oneLine(detail, 500)}`;
}

function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
