/** A bare repository of ours, written by hand: no template, so no hooks, and attributes that no tree can override. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type ObjectFormat = "sha1" | "sha256";

export interface BareRepositoryOptions {
  readonly objectFormat?: ObjectFormat;
  /** A directory of objects that is read beside its own. */
  readonly alternate?: string;
}

export async function makeBareRepository(directory: string, options: BareRepositoryOptions = {}): Promise<void> {
  const { objectFormat = "sha1", alternate } = options;
  await mkdir(join(directory, "objects", "info"), { recursive: true });
  await mkdir(join(directory, "objects", "pack"), { recursive: true });
  await mkdir(join(directory, "refs"), { recursive: true });
  await mkdir(join(directory, "info"), { recursive: true });
  await writeFile(join(directory, "info", "attributes"), NO_ATTRIBUTES);
  if (alternate !== undefined) await writeFile(join(directory, "objects", "info", "alternates"), `${alternate}\n`);
  const extensions = objectFormat === "sha1" ? "" : "[extensions]\n\tobjectFormat = sha256\n";
  const version = objectFormat === "sha1" ? 0 : 1;
  await writeFile(join(directory, "config"), `[core]\n\trepositoryFormatVersion = ${version}\n\tbare = true\n${extensions}`);
  // Last: without HEAD it is no repository, so that a half-made one is seen.
  await writeFile(join(directory, "HEAD"), "ref: refs/heads/none\n");
}

/** This file comes before every `.gitattributes`: a tree must not choose how it is merged (`merge=union` would hide a conflict). */
const NO_ATTRIBUTES = "* !merge !conflict-marker-size !diff !text !eol !crlf !filter !ident !working-tree-encoding !whitespace\n";
