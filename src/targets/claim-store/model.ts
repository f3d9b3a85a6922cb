/** What the claim log should say of an environment, what it says, and how its records are written down. Pure. */
import type { Claim } from "../../core/claim/claim.generated.ts";
import { ENVIRONMENT_TYPES, type Environment } from "../../core/environment.ts";
import { canonicalJson, type Digest, digestOf, digestOfBytes, isObject, parseJson } from "../../core/json.ts";
import { RENDERING, renderBundle } from "../../core/render/bundle.ts";
import { lastPublication, type LockedVersions, type Log, type LogRecord } from "../../core/record.ts";
import type { Observation, Resource, Resources } from "../../core/resource.ts";
import type { Release } from "../target.ts";

/** What a publication pins: the claim, the versions that its constraints were resolved to, and the release that Flux applies. */
export interface ClaimRecord extends Resource {
  readonly key: "record";
  readonly kind: "claim";
  /** Whole, so that a plan shows what changes in the claim's own words. */
  readonly claim: Claim;
  readonly releaseDigest: Digest;
  readonly versions: LockedVersions;
}

export function desiredRecord(environment: Environment): Resources<ClaimRecord> {
  const { wish } = environment;
  if (wish === undefined) return [];
  return [claimRecord({ claim: wish.claim, releaseDigest: renderBundle(environment).digest, versions: wish.versions })];
}

/**
 * | head of the log | wish      | observed                          |                                                             |
 * | --------------- | --------- | --------------------------------- | ----------------------------------------------------------- |
 * | none, Removed   | any       | nothing                           |                                                             |
 * | Publication     | any       | what it pins                      |                                                             |
 * | Tombstone       | none      | what the last publication pinned  | pending; a repeated removal has the same change as the first |
 * | Tombstone       | there     | nothing                           | the claim came back while it was going: published anew      |
 */
export function observedRecord(log: Log, wished: boolean): Observation<ClaimRecord> {
  const publication = lastPublication(log);
  const head = log.at(-1)?.kind;
  const nothing = { resources: [], pending: [], contested: [] };
  if (publication === undefined || head === undefined || head === "Removed") return nothing;
  if (head === "Publication") return { ...nothing, resources: [claimRecord(publication)] };
  return wished ? nothing : { ...nothing, resources: [claimRecord(publication)], pending: ["the removal is not confirmed yet"] };
}

function claimRecord({ claim, releaseDigest, versions }: Omit<ClaimRecord, "key" | "kind">): ClaimRecord {
  return { key: "record", kind: "claim", claim, releaseDigest, versions };
}

/** A record as it is stored: one line of canonical JSON, so that its bytes, and their digest in the next record, follow from its value. */
export function recordText(record: LogRecord): string {
  return `${canonicalJson(record)}\n`;
}

function recordDigest(record: LogRecord): Digest {
  return digestOfBytes(recordText(record));
}

/** The record that publishes the wish after `head`. */
export function publicationOf(release: Release, head: LogRecord | undefined): LogRecord {
  const { wish } = release.environment;
  if (wish === undefined) throw new Error("a publication needs a wish");
  return {
    kind: "Publication",
    ...recordBase(release, head),
    claim: wish.claim,
    claimDigest: wish.claimDigest,
    versions: wish.versions,
    releaseDigest: renderBundle(release.environment).digest,
    rendering: RENDERING,
    zones: release.environment.zones,
  };
}

/** The record that follows `head` while an environment goes: a Tombstone after a Publication, Removed after a Tombstone. */
export function removalOf(release: Release, head: LogRecord): LogRecord {
  return { kind: head.kind === "Publication" ? "Tombstone" : "Removed", ...recordBase(release, head) };
}

function recordBase(release: Release, head: LogRecord | undefined): Omit<Extract<LogRecord, { kind: "Removed" }>, "kind"> {
  return {
    environment: release.environment.name,
    sequence: (head?.sequence ?? 0) + 1,
    at: release.at,
    source: release.source,
    planDigest: release.planDigest,
    ...(head && { previous: recordDigest(head) }),
    ...(release.breakGlass !== undefined && { breakGlass: release.breakGlass }),
  };
}

/** True when both say the same for the same plan and commit: a repeated job finds its own work. */
export function isSameRecord(a: LogRecord, b: LogRecord): boolean {
  return a.kind === b.kind && a.planDigest === b.planDigest && a.source.commit === b.source.commit && claimOf(a) === claimOf(b);
}

function claimOf(record: LogRecord): Digest | undefined {
  return record.kind === "Publication" ? record.claimDigest : undefined;
}

/** Why a stored value is not the record that its place asks for; undefined when it is. */
export function recordFault(text: string, environment: string, previous: LogRecord | undefined): string | undefined {
  const value = parseJson(text);
  if (!isRecord(value)) return "it is not a record of claimbot's";
  if (recordText(value) !== text) return "its bytes are not those that claimbot writes";
  if (value.environment !== environment) return `it belongs to ${value.environment}`;
  if (value.sequence !== (previous?.sequence ?? 0) + 1) return `it says that it is number ${value.sequence}`;
  if (value.previous !== (previous && recordDigest(previous))) return "it does not follow the record before it";
  if (value.kind === "Publication" && digestOf(value.claim) !== value.claimDigest)
    return "its claim is not the one whose digest it names";
  return undefined;
}

/** A stored text as a record, whatever its place; undefined where it is torn, foreign, or not in the bytes that claimbot writes. */
export function readRecord(text: string): LogRecord | undefined {
  const value = parseJson(text);
  return isRecord(value) && recordText(value) === text ? value : undefined;
}

/** Reads a text that `recordFault` has nothing against. */
export function parseRecord(text: string): LogRecord {
  return JSON.parse(text) as LogRecord;
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const DIGEST = /^[0-9a-f]{64}$/;

/** As much of a record's form as whoever reads it stands on: whoever may write there can write any JSON, with every digest right. */
function isRecord(value: unknown): value is LogRecord {
  if (!isObject(value) || !isObject(value["source"])) return false;
  const { source, kind, at, planDigest, environment, sequence, previous, breakGlass } = value;
  const { project, commit, path, blob, mergeRequest, author, approvers } = source;
  const isWhole =
    [environment, project, commit, path, blob].every(isText) &&
    [previous, breakGlass, author].every(isTextOrNone) &&
    matches(at, TIME) &&
    !Number.isNaN(Date.parse(at)) &&
    matches(planDigest, DIGEST) &&
    Number.isSafeInteger(sequence) &&
    (mergeRequest === undefined || Number.isSafeInteger(mergeRequest)) &&
    Array.isArray(approvers) &&
    approvers.every(isText);
  if (!isWhole) return false;
  return kind === "Publication" ? isPublication(value) : kind === "Tombstone" || kind === "Removed";
}

function isPublication({
  claim,
  claimDigest,
  versions,
  releaseDigest,
  rendering,
  zones,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    isObject(claim) &&
    ENVIRONMENT_TYPES.some((type) => type === typeIn(claim)) &&
    matches(claimDigest, DIGEST) &&
    matches(releaseDigest, DIGEST) &&
    isObject(versions) &&
    Object.values(versions).every(isLockedVersion) &&
    (rendering === undefined || Number.isSafeInteger(rendering)) &&
    (zones === undefined || (Array.isArray(zones) && zones.every(isText)))
  );
}

function typeIn({ spec }: Readonly<Record<string, unknown>>): unknown {
  return isObject(spec) ? spec["type"] : undefined;
}

function isLockedVersion(value: unknown): boolean {
  return isObject(value) && isText(value["constraint"]) && [value["tag"], value["digest"]].every(isTextOrNone);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || isText(value);
}

function matches(value: unknown, form: RegExp): value is string {
  return isText(value) && form.test(value);
}
