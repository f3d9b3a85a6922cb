/** What a blob is to claimbot: its id, and how much of it is read. Imports nothing heavy: `validate` needs no git. */
import { createHash } from "node:crypto";

/** Longer blobs are cut to one byte more than this, so that every reader refuses them by size (the YAML profile allows 256 KiB). */
export const MAX_BLOB_BYTES = 1024 * 1024;

/** A git blob's id: SHA-1 over `blob <length>\0<bytes>`. */
export function blobId(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex");
}
