/** Judges a whole tree of files: every claim by itself, by the platform, by one another and by what lives. Pure, and throws for no input. */
import assert from "node:assert/strict";
import { judgedPlatform } from "../adopted.ts";
import { compareDiagnostics, type Diagnostic } from "../diagnostic.ts";
import { digestOf, type Digest } from "../json.ts";
import type { BlobCache, CachedFile } from "./blob-cache.ts";
import type { Claim } from "./claim.generated.ts";
import { parseClaim, parsePlatform, type Parsed } from "./parse.ts";
import { locate } from "./places.ts";
import type { Platform } from "./platform.generated.ts";
import { CLAIM_RULES, OFFER_RULES, PLATFORM_RULES, TREE_RULES } from "./rules/index.ts";
import type { ClaimView } from "./rules/rule.ts";
import { treeOf, type Live, type Removed, type Unread } from "./rules/tree.ts";
import { claimPathOf, unexpectedFile } from "./tree-files.ts";

export interface TreeFile {
  readonly path: string;
  /** git's mode: 100644, 100755, 120000 (symlink), 160000 (submodule). */
  readonly mode: string;
  /** git's blob id; empty for a file that git does not know, which is never cached. */
  readonly blob: string;
  /** May be left out only where `cache.knows(path, blob)`. */
  readonly bytes?: Uint8Array;
}

export interface TreeInput {
  /** Everything below environments/, and platform.yaml. */
  readonly files: readonly TreeFile[];
  /** The adopted platform, whose rules judge; without, the one in the files judges. */
  readonly rules: Platform | undefined;
  /** Environments that live now, by name. */
  readonly live?: ReadonlyMap<string, Live>;
  /** Host names of other open merge requests; `where` is for the message, such as `!12`. */
  readonly elsewhere?: readonly { readonly hostname: string; readonly where: string }[];
  /** Environments that the judged change removes; with their old claim the messages say more. */
  readonly removed?: readonly (string | Removed)[];
  /** Also tells what cannot be known while a claim cannot be read, as if its file were not there: whether others depend on what it has. */
  readonly tellDoubts?: boolean;
  readonly cache?: BlobCache;
}

export interface JudgedClaim {
  readonly path: string;
  readonly blob: string;
  readonly claim: Claim;
  readonly claimDigest: Digest;
}

export interface TreeVerdict {
  /** Claims without errors, by path. */
  readonly claims: readonly JudgedClaim[];
  /** Names of all claim files, good or bad: a claim with mistakes is not a removed one. */
  readonly present: ReadonlySet<string>;
  /** The platform of the files (inputs), not the adopted one; undefined when it is missing or wrong. */
  readonly platform: Platform | undefined;
  /** In reading order. */
  readonly diagnostics: readonly Diagnostic[];
}

export const PLATFORM_PATH = "platform.yaml";

export function validateTree(input: TreeInput): TreeVerdict {
  const { platform, diagnostics: ofPlatform } = judgePlatform(input);
  // Lists of lists: a call with some hundred thousand arguments would be one too many.
  const found: (readonly Diagnostic[])[] = [ofPlatform];
  const judging = platformThatJudges(platform, input.rules);
  const present = new Set<string>();
  const read: ReadClaim[] = [];
  const unread: Unread[] = [];
  for (const file of input.files) {
    if (file.path === PLATFORM_PATH) continue;
    const place = claimPathOf(file.path);
    if (place !== undefined) present.add(place.name);
    const unexpected = unexpectedFile(file, place);
    if (unexpected !== undefined) {
      found.push([unexpected]);
      if (place !== undefined) unread.push({ ...place, services: undefined });
    }
    if (unexpected !== undefined || place === undefined) continue;
    const entry = cached(input.cache, file);
    const parsed = (entry.claim ??= parseClaim(file.path, bytesOf(file)));
    if (parsed.ok) read.push({ file, entry, parsed, view: (entry.view ??= { path: file.path, ...place, claim: parsed.value }) });
    else {
      found.push(parsed.diagnostics);
      unread.push({ ...place, services: parsed.services });
    }
  }
  read.sort((a, b) => (a.file.path < b.file.path ? -1 : 1));
  const judgingDigest = judging && digestOf(judging);
  for (const claim of read) found.push(judgeClaim(claim, judging, judgingDigest));
  found.push(judgeTree(read, input.tellDoubts === true ? [] : unread, judging, input));
  const diagnostics = found.flat().toSorted(compareDiagnostics);

  const bad = new Set(diagnostics.filter(({ severity }) => severity === "error").map(({ path }) => path));
  return {
    claims: read
      .filter(({ file }) => !bad.has(file.path))
      .map(({ file, entry, parsed }) => ({
        path: file.path,
        blob: file.blob,
        claim: parsed.value,
        claimDigest: (entry.claimDigest ??= digestOf(parsed.value)),
      })),
    present,
    platform,
    diagnostics,
  };
}

interface ReadClaim {
  readonly file: TreeFile;
  readonly entry: CachedFile;
  readonly parsed: Extract<Parsed<Claim>, { ok: true }>;
  readonly view: ClaimView;
}

function judgeClaim(
  { entry, parsed, view }: ReadClaim,
  platform: Platform | undefined,
  platformDigest: Digest | undefined,
): readonly Diagnostic[] {
  if (entry.judged?.by === platformDigest && entry.judged !== undefined) return entry.judged.diagnostics;
  const diagnostics: Diagnostic[] = [];
  for (const rule of CLAIM_RULES) {
    for (const finding of rule.check(view)) diagnostics.push(locate(view.path, parsed.places, rule.code, finding));
  }
  if (platform !== undefined) {
    for (const rule of OFFER_RULES) {
      for (const finding of rule.check(view, platform)) diagnostics.push(locate(view.path, parsed.places, rule.code, finding));
    }
  }
  entry.judged = { by: platformDigest, diagnostics };
  return diagnostics;
}

function judgeTree(
  read: readonly ReadClaim[],
  unread: readonly Unread[],
  platform: Platform | undefined,
  input: TreeInput,
): readonly Diagnostic[] {
  const places = new Map(read.map(({ file, parsed }) => [file.path, parsed.places]));
  const tree = treeOf({
    views: read.map(({ view }) => view),
    unread,
    platform,
    live: input.live ?? new Map(),
    elsewhere: input.elsewhere ?? [],
    removed: (input.removed ?? []).map((entry) => (typeof entry === "string" ? { name: entry } : entry)),
  });
  return TREE_RULES.flatMap((rule) =>
    rule.check(tree).map((finding) => {
      const where = places.get(finding.path);
      assert(where !== undefined, "a rule speaks of a claim that it was shown");
      return locate(finding.path, where, rule.code, finding);
    }),
  );
}

interface PlatformVerdict {
  readonly platform: Platform | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

function judgePlatform(input: TreeInput): PlatformVerdict {
  const file = input.files.find(({ path }) => path === PLATFORM_PATH);
  if (file === undefined) return { platform: undefined, diagnostics: [PLATFORM_MISSING] };
  const unexpected = unexpectedFile(file, undefined);
  if (unexpected !== undefined) return { platform: undefined, diagnostics: [unexpected] };
  const entry = cached(input.cache, file);
  const parsed = (entry.platform ??= parsePlatform(file.path, bytesOf(file)));
  if (!parsed.ok) return { platform: undefined, diagnostics: parsed.diagnostics };
  const diagnostics = PLATFORM_RULES.flatMap((rule) =>
    rule.check(parsed.value).map((finding) => locate(file.path, parsed.places, rule.code, finding)),
  );
  const wrong = diagnostics.some(({ severity }) => severity === "error");
  return { platform: wrong ? undefined : parsed.value, diagnostics };
}

const PLATFORM_MISSING: Diagnostic = {
  code: "platform/missing",
  severity: "error",
  path: PLATFORM_PATH,
  line: 1,
  column: 1,
  endColumn: 2,
  message: "There is no platform.yaml at the root of the repository, so nothing can be judged.",
  hint: "Restore it: a missing file never means that everything is to go.",
};

/** Rules judge, inputs are rendered (adopted.ts). Where the files' platform is wrong, the adopted one still judges what it can. */
function platformThatJudges(inputs: Platform | undefined, rules: Platform | undefined): Platform | undefined {
  if (inputs === undefined || rules === undefined) return inputs ?? rules;
  return judgedPlatform({ platform: rules, policies: [] }, inputs);
}

function cached(cache: BlobCache | undefined, file: TreeFile): CachedFile {
  return cache?.entry(file.path, file.blob) ?? {};
}

function bytesOf(file: TreeFile): Uint8Array {
  assert(file.bytes !== undefined, `${file.path} came without its bytes, and the cache does not know it`);
  return file.bytes;
}
