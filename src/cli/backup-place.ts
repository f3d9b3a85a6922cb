/** Where a backup lies, as it is named on the command line: a directory, or `s3://BUCKET`. */
import { openDirectoryStore } from "../adapters/directory-store.ts";
import { s3Options } from "../app.ts";
import type { Config } from "../config.ts";
import type { AuditableStore } from "../core/ports.ts";
import { WrongUse } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

/** `option`: `--to` or `--from`. A backup's bucket is at the address of its own settings, else at the claim store's; never is it the claim store's own bucket. */
export async function openBackupPlace(
  terminal: Terminal,
  { s3, backupS3 }: Config,
  option: "--to" | "--from",
  place: string,
): Promise<AuditableStore> {
  // A variable that was not set, in a script: the directory that happens to be the current one is not meant.
  if (place === "") throw new WrongUse(`${option} is empty: it needs a directory or s3://BUCKET`);
  if (!/^[a-z0-9]+:\/\//i.test(place)) return openDirectoryStore(terminal.path(place));
  const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(place)?.[1];
  if (bucket === undefined) throw new WrongUse(`${JSON.stringify(place)} is neither a directory nor s3://BUCKET`);
  const server = backupS3 ?? s3;
  if (server === undefined)
    throw new WrongUse(`${place} needs CLAIMBOT_BACKUP_S3_ENDPOINT with its keys, or CLAIMBOT_S3_ENDPOINT`);
  if (server.endpoint === s3?.endpoint && bucket === s3.bucket)
    throw new WrongUse(`${place} is the claim store itself: a backup lies elsewhere`);
  const { openS3Store } = await import("../adapters/s3/store.ts");
  const settings = backupS3 === undefined ? "CLAIMBOT_S3" : "CLAIMBOT_BACKUP_S3";
  const names = { settings, bucket: `${option} ${place}`, holds: "backups" } as const;
  return openS3Store({ ...s3Options({ ...server, bucket }), names });
}
