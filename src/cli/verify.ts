/** claimbot verify: is what was released what was merged? Of environments, of everything, or, with --receipt, of one release. */
import { WrongUse } from "./exit.ts";
import { openLocalGit } from "./local.ts";
import type { Run } from "./run.ts";
import { verifyReceipt } from "./verify-receipt.ts";
import { verifyStore } from "./verify-store.ts";
import { readTime } from "./which.ts";
import { environmentName, oneOf, readWords } from "./words.ts";

export const verify: Run = async (words, terminal) => {
  const options = {
    all: { type: "boolean" },
    since: { type: "string" },
    receipt: { type: "string" },
    dir: { type: "string" },
    format: { type: "string" },
  } as const;
  const { values, positionals } = readWords(words, options, 1_000);
  const format = oneOf("format", values.format, ["text", "json"]);
  const asked = [values.receipt !== undefined, values.all === true, positionals.length > 0].filter(Boolean).length;
  if (asked !== 1) throw new WrongUse("verify needs names of environments, or --all, or --receipt FILE");
  if (values.receipt !== undefined) {
    if (values.since !== undefined) throw new WrongUse("--since is for environments, not for a receipt");
    return verifyReceipt(terminal, values.receipt, values.dir, format);
  }
  const environments = positionals.map(environmentName);
  const since = values.since === undefined ? {} : { since: readTime(values.since, "start") };
  await using local = await openLocalGit(terminal, values.dir);
  return await verifyStore(terminal, local.world, { environments, ...since }, format);
};
