/** What is known of a file by its path and git blob: nothing is read or judged twice. Holds the files that were used last. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Digest } from "../json.ts";
import type { Claim } from "./claim.generated.ts";
import type { Parsed } from "./parse.ts";
import type { Platform } from "./platform.generated.ts";
import type { ClaimView } from "./rules/rule.ts";

/** Filled in by `validateTree`. */
export interface CachedFile {
  claim?: Parsed<Claim>;
  view?: ClaimView;
  platform?: Parsed<Platform>;
  claimDigest?: Digest;
  /** The verdict of the claim's own rules under the platform with this digest. */
  judged?: { readonly by: Digest | undefined; readonly diagnostics: readonly Diagnostic[] };
}

export class BlobCache {
  readonly #entries = new Map<string, CachedFile>();
  readonly #capacity: number;

  /** About 4 KiB a file. */
  constructor(capacity = 50_000) {
    this.#capacity = capacity;
  }

  /** True: the file's bytes need not be read. Keeps the entry for the next use. */
  knows(path: string, blob: string): boolean {
    const key = keyOf(path, blob);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#touch(key, entry);
    return entry.claim !== undefined || entry.platform !== undefined;
  }

  /** The entry to fill in; a new one of its own for a file without a blob. */
  entry(path: string, blob: string): CachedFile {
    if (blob === "") return {};
    const key = keyOf(path, blob);
    const entry = this.#entries.get(key) ?? {};
    this.#touch(key, entry);
    if (this.#entries.size > this.#capacity) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    return entry;
  }

  /** A Map keeps the order of insertion: the first is the one that was used longest ago. */
  #touch(key: string, entry: CachedFile): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }
}

function keyOf(path: string, blob: string): string {
  return `${blob} ${path}`;
}
