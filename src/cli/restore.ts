/** claimbot restore: writes a backup into an empty claim store, and with --verify examines what came of it. */
import { makeDataDirectory, proveStore } from "../app.ts";
import { newestManifest } from "../flows/backup/newest-manifest.ts";
import { restore as written } from "../flows/backup/restore.ts";
import { openBackupPlace } from "./backup-place.ts";
import { WrongUse } from "./exit.ts";
import { openLocalGit } from "./local.ts";
import type { Run } from "./run.ts";
import { verifyStore } from "./verify-store.ts";
import { readTime } from "./which.ts";
import { readWords } from "./words.ts";

export const restore: Run = async (words, terminal) => {
  const options = {
    from: { type: "string" },
    at: { type: "string" },
    verify: { type: "boolean" },
    dir: { type: "string" },
  } as const;
  const { values } = readWords(words, options, 0);
  if (values.from === undefined) throw new WrongUse("restore needs --from DIRECTORY or --from s3://BUCKET");
  const at = values.at === undefined ? undefined : readTime(values.at);
  await using local = await openLocalGit(terminal, values.dir);
  const { signal } = new AbortController();
  const from = await openBackupPlace(terminal, local.config, "--from", values.from);
  const manifest = await newestManifest(from, signal, at);
  if (manifest === undefined) throw new WrongUse(`${from.name} holds no backup${at === undefined ? "" : ` of ${at} or before`}`);
  const { store } = local.world;
  await makeDataDirectory(local.dataDirectory);
  await proveStore(local.config, local.dataDirectory);
  const { objects, written: fresh } = await written(from, manifest, store, local.world.now(), signal);
  terminal.out(`${objects} objects of ${manifest.at}, ${fresh} of them written: ${store.name}\n`);
  return values.verify === true ? await verifyStore(terminal, local.world, { environments: [] }, "text") : 0;
};
