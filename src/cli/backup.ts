/** claimbot backup: copies the claim store to another place, only what is new there. */
import { backup as copied } from "../flows/backup/backup.ts";
import { openBackupPlace } from "./backup-place.ts";
import { WrongUse } from "./exit.ts";
import { openLocal } from "./local.ts";
import type { Run } from "./run.ts";
import { oneOf, readWords } from "./words.ts";

export const backup: Run = async (words, terminal) => {
  const options = { to: { type: "string" }, dir: { type: "string" }, format: { type: "string" } } as const;
  const { values } = readWords(words, options, 0);
  const format = oneOf("format", values.format, ["text", "json"]);
  if (values.to === undefined) throw new WrongUse("backup needs --to DIRECTORY or --to s3://BUCKET");
  const { world, config } = await openLocal(terminal, values.dir);
  const to = await openBackupPlace(terminal, config, "--to", values.to);
  const report = await copied(world.store, to, world.now(), new AbortController().signal);
  const { manifest, objects, copied: fresh, bytes, kept, foreign, damaged } = report;
  if (format === "json") terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  else terminal.out(`${objects} objects, ${fresh} of them new (${bytes} bytes): ${to.name}, ${manifest}\n`);
  if (damaged.length > 0)
    terminal.err(
      `${damaged.join(", ")}: torn or changed, so this backup goes on from the newest that is whole, or else copies everything; what was deleted from the claim store since then is not in it\n`,
    );
  if (kept > 0)
    terminal.err(
      `${kept} objects were changed or deleted since the last backup, which keeps what they held: see claimbot verify --all\n`,
    );
  if (foreign > 0) terminal.err(`${foreign} keys are not of claimbot's making and were left out: see claimbot verify --all\n`);
  return 0;
};
