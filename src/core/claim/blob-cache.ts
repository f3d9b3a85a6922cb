/** What is known of a file by its path and git blob: nothing is read or judged twice. Holds the files that were used last. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Digest } from "../json.ts";
import { Recent } from "../recent.ts";
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
  readonly #entries: Recent<CachedFile>;

  /** About 4 KiB a file. */
  constructor(capacity = 50_000) {
    this.#entries = new Recent(capacity);
  }

  /** True: the file's bytes need not be read. Keeps the entry for the next use. */
  knows(path: string, blob: string): boolean {
    const entry = this.#entries.get(keyOf(path, blob));
    return entry?.claim !== undefined || entry?.platform !== undefined;
  }

  /** The entry to fill in; a new one of its own for a file without a blob. */
  entry(path: string, blob: string): CachedFile {
    if (blob === "") return {};
    const key = keyOf(path, blob);
    const entry = this.#entries.get(key) ?? {};
    this.#entries.set(key, entry);
    return entry;
  }
}

function keyOf(path: string, blob: string): string {
  return `${blob} ${path}`;
}
