/** Verify over a directory: a store that lived is good, and every corruption that somebody could plant in it is found by its name. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDirectoryStore } from "../../src/adapters/directory-store.ts";
import { openCheckout, type Checkout } from "../../src/adapters/git/checkout.ts";
import { BlobCache } from "../../src/core/claim/blob-cache.ts";
import type { Repository } from "../../src/core/ports.ts";
import { rulesDigest } from "../../src/core/adopted.ts";
import type { Platform } from "../../src/core/claim/platform.generated.ts";
import { canonicalJson, digestOf, digestOfBytes, isObject, parseJson } from "../../src/core/json.ts";
import { planDigest, type Plan } from "../../src/core/plan.ts";
import type { LogRecord, Publication } from "../../src/core/record.ts";
import { DEVIATIONS, type DeviationName } from "../../src/flows/verify/deviation.ts";
import { deviationsOf, verifyStore, type Verified, type VerifyRequest } from "../../src/flows/verify/verify.ts";
import { namesIn as environmentsIn } from "../../src/flows/verify/listing.ts";
import { verifyRest } from "../../src/flows/verify/verify-rest.ts";
import { claimbot, ClaimRepository } from "../cli/claimbot.ts";

const NAME = "ledger-dev";
const FIRST = `claims/${NAME}/00000001.json`;
const HEAD = `claims/${NAME}/00000002.json`;
const POINTER = `current/${NAME}.yaml`;
const { signal } = new AbortController();

/** ledger-dev was published twice, search-vectors-sue once and then told to go, ledger-stage once. */
let repository: ClaimRepository;
let checkout: Checkout;

beforeAll(async () => {
  repository = await ClaimRepository.make({ only: [NAME, "search-vectors-sue", "ledger-stage"] });
  await repository.claimbot("apply", "--yes");
  await repository.edit(`environments/dev/${NAME}.yaml`, "max: 2", "max: 3");
  await repository.git("rm", "--quiet", "environments/sue/search-vectors-sue.yaml");
  await repository.commit("More nodes, and nobody searches");
  await repository.claimbot("apply", "--yes");
  checkout = await openCheckout(repository.path);
}, 60_000);
afterAll(async () => {
  await checkout[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
});

/** A copy of the store, to be spoilt. */
class Spoilt implements AsyncDisposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async make(): Promise<Spoilt> {
    const directory = await mkdtemp(join(tmpdir(), "claimbot-verify-"));
    await cp(join(repository.path, ".claimbot/store"), directory, { recursive: true, preserveTimestamps: true });
    return new Spoilt(directory);
  }

  async read(key: string): Promise<string> {
    return readFile(join(this.#directory, key), "utf8");
  }

  async write(key: string, text: string): Promise<void> {
    const file = join(this.#directory, key);
    await mkdir(dirname(file), { recursive: true });
    // What is stored is read-only, so it is put in place of what was there.
    await rm(file, { force: true });
    await writeFile(file, text);
  }

  /** Replaces a text of an object; throws where it is not there. */
  async edit(key: string, before: string | RegExp, after: string): Promise<void> {
    const text = await this.read(key);
    const changed = text.replace(before, after);
    if (changed === text) throw new Error(`${key} does not hold ${String(before)}`);
    await this.write(key, changed);
  }

  /** In the bytes that claimbot would write. */
  async editRecord(key: string, edit: (record: Publication) => LogRecord): Promise<void> {
    await this.write(key, `${canonicalJson(edit(JSON.parse(await this.read(key)) as Publication))}\n`);
  }

  async remove(key: string): Promise<void> {
    await rm(join(this.#directory, key));
  }

  async keys(prefix: string): Promise<readonly string[]> {
    return (await (await openDirectoryStore(this.#directory)).list(prefix)).map(({ key }) => key);
  }

  async newest(): Promise<Publication> {
    return JSON.parse(await this.read(HEAD)) as Publication;
  }

  async bundle(): Promise<string> {
    return `releases/${NAME}/${(await this.newest()).releaseDigest}/bundle.yaml`;
  }

  async plan(): Promise<string> {
    return `plans/${(await this.newest()).planDigest}.json`;
  }

  /** `reads` takes every key that is read, `listings` every call and prefix. */
  async verify(
    request: VerifyRequest = { environments: [] },
    git: Repository = checkout,
    reads: string[] = [],
    { instance = "claimbot", listings = [] }: { readonly instance?: string; readonly listings?: string[] } = {},
  ): Promise<Verified> {
    const store = await openDirectoryStore(this.#directory);
    const world = {
      store: {
        name: store.name,
        locks: store.locks,
        read: async (key: string) => {
          reads.push(key);
          return store.read(key);
        },
        putNew: async (key: string, body: Uint8Array) => store.putNew(key, body),
        replace: async (key: string, body: Uint8Array, expected: string | undefined) => store.replace(key, body, expected),
        list: async (prefix: string) => {
          listings.push(`list ${prefix}`);
          return store.list(prefix);
        },
        versions: async (prefix: string) => {
          listings.push(`versions ${prefix}`);
          return store.versions(prefix);
        },
        facts: async (key: string, versionId?: string) => store.facts(key, versionId),
      },
      repository: git,
      cache: new BlobCache(),
      instance,
    };
    return verifyStore(world, request, signal);
  }

  /** Each environment by itself, then the rest. */
  async verifyInParts(): Promise<readonly string[]> {
    const store = await openDirectoryStore(this.#directory);
    const world = { store, repository: checkout, cache: new BlobCache(), instance: "claimbot" };
    const found = [...(await verifyRest(store, signal))];
    for (const name of environmentsIn(await store.versions("")))
      found.push(...deviationsOf(await verifyStore(world, { environments: [name] }, signal)));
    return [...new Set(found.map(({ name, key }) => `${name} ${key}`))].toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

test("docs/operations.md says of every deviation what it means", async () => {
  const rows = Object.entries(DEVIATIONS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |\n`);
  expect(await readFile("docs/operations.md", "utf8")).toContain(`| name | what it means |\n| --- | --- |\n${rows.join("")}`);
});

function namesIn(verified: Verified): readonly string[] {
  return [...new Set(deviationsOf(verified).map(({ name, key }) => `${name} ${key}`))].toSorted();
}

test("a store that lived is good: every release is derived again from its commit", async () => {
  await using store = await Spoilt.make();
  const verified = await store.verify();
  expect(namesIn(verified)).toEqual([]);
  const counts = verified.environments.map(({ environment, records, derived }) => `${environment} ${records} ${derived}`);
  expect(counts).toEqual(["ledger-dev 2 2", "ledger-stage 1 1", "search-vectors-sue 2 1"]);
  expect(verified.unchecked.join()).toContain("cannot lock what it holds");
});

test("what another version of claimbot rendered is counted, and said not to be derived", async () => {
  await using store = await Spoilt.make();
  await store.editRecord(HEAD, (record) => ({ ...record, rendering: 0 }));
  const { environments, unchecked } = await store.verify();
  expect(environments.map(({ derived }) => derived)).toEqual([1, 1, 1]);
  expect(unchecked.join()).toContain("1 release of another version of claimbot cannot be derived again");
});

type Corruption = (store: Spoilt) => Promise<void>;

test.each<[string, Corruption, readonly (readonly [DeviationName, RegExp])[]]>([
  [
    "a record that is cut off",
    async (store) => store.write(HEAD, (await store.read(HEAD)).slice(0, -20)),
    [["record/unreadable", /claims\/ledger-dev\/00000002/]],
  ],
  [
    "an older record that was changed",
    async (store) => store.editRecord(FIRST, (record) => ({ ...record, source: { ...record.source, approvers: ["mallory"] } })),
    [
      ["record/chain", /00000002/],
      ["receipt/record", /receipts\/ledger-dev\/00000001/],
    ],
  ],
  [
    "the newest record with another approver: only its receipt can tell",
    async (store) => store.editRecord(HEAD, (record) => ({ ...record, source: { ...record.source, approvers: ["mallory"] } })),
    [["receipt/record", /receipts\/ledger-dev\/00000002/]],
  ],
  [
    "a record with another claim than its digest",
    async (store) =>
      store.editRecord(HEAD, (record) => ({
        ...record,
        claim: { ...record.claim, metadata: { ...record.claim.metadata, description: "changed" } },
      })),
    [
      ["record/claim", /00000002/],
      ["receipt/record", /00000002/],
    ],
  ],
  [
    "a record that names another blob",
    async (store) => store.editRecord(HEAD, (record) => ({ ...record, source: { ...record.source, blob: "0".repeat(40) } })),
    [
      ["record/source", /00000002/],
      ["receipt/record", /00000002/],
    ],
  ],
  [
    "a record with other versions than those of its release",
    async (store) =>
      store.editRecord(HEAD, (record) => ({
        ...record,
        versions: { ...record.versions, ledger: { constraint: "^4.1.0", tag: "4.2.0", digest: `sha256:${"e".repeat(64)}` } },
      })),
    [
      ["release/not-reproducible", /00000002/],
      ["receipt/record", /00000002/],
    ],
  ],
  [
    // Its bytes were changed; that its bundle is another is no deviation, for nobody can derive it again.
    "a record of a release that another version of claimbot rendered otherwise",
    async (store) =>
      store.editRecord(HEAD, (record) => ({
        ...record,
        rendering: 0,
        versions: { ...record.versions, ledger: { constraint: "^4.1.0", tag: "4.2.0", digest: `sha256:${"e".repeat(64)}` } },
      })),
    [["receipt/record", /00000002/]],
  ],
  ["a record that is gone", async (store) => store.remove(FIRST), [["record/missing", /00000001/]]],
  [
    "a record of somebody else's log",
    async (store) => store.write("claims/ledger-dev/00000003.json", await store.read("claims/ledger-stage/00000001.json")),
    [["record/misplaced", /00000003/]],
  ],
  ["a plan that is gone", async (store) => store.remove(await store.plan()), [["plan/missing", /plans/]]],
  [
    "a plan that was changed",
    async (store) => store.edit(await store.plan(), '"update"', '"delete"'),
    [["plan/altered", /plans/]],
  ],
  [
    "junk for a plan that no record names",
    async (store) => store.write(`plans/${"0".repeat(64)}.json`, "junk"),
    [["plan/altered", /plans\/0{64}/]],
  ],
  [
    "another plan's content for a plan that no record names",
    async (store) => store.write(`plans/${"0".repeat(64)}.json`, await store.read(await store.plan())),
    [["plan/altered", /plans\/0{64}/]],
  ],
  [
    "a bundle that no record names, of another digest than its key",
    async (store) => store.write(`releases/${NAME}/${"0".repeat(64)}/bundle.yaml`, await store.read(await store.bundle())),
    [["release/altered", /releases\/ledger-dev\/0{64}/]],
  ],
  [
    "a disarmed bundle that was changed",
    async (store) => {
      const text = await store.read("current/search-vectors-sue.yaml@2");
      const digest = /claimbot.dev\/release: "?([0-9a-f]{64})/.exec(text)?.[1] ?? "";
      await store.edit(`releases/search-vectors-sue/${digest}/bundle.yaml`, "kind: Namespace", "kind: Secret");
    },
    [["release/altered", /releases\/search-vectors-sue/]],
  ],
  ["a bundle that is gone", async (store) => store.remove(await store.bundle()), [["release/missing", /releases/]]],
  [
    "a bundle that was changed",
    async (store) => store.edit(await store.bundle(), "maxNodes: 3", "maxNodes: 9"),
    [["release/altered", /releases/]],
  ],
  [
    "a second version of a bundle, which readers get",
    async (store) => store.write(`${await store.bundle()}@2`, "apiVersion: v1\n"),
    [
      ["object/overwritten", /releases/],
      ["release/altered", /releases/],
    ],
  ],
  [
    "a receipt that was changed",
    async (store) => store.edit(`receipts/${NAME}/00000002.json`, '"recordKey"', '"recordkey"'),
    [["receipt/unreadable", /receipts/]],
  ],
  [
    "a pointer that is gone",
    async (store) => store.remove(`${POINTER}@2`).then(async () => store.remove(POINTER)),
    [["pointer/missing", /current/]],
  ],
  ["a pointer that was taken back", async (store) => store.remove(`${POINTER}@2`), [["pointer/elsewhere", /current/]]],
  [
    "a pointer that is none",
    async (store) => store.write(`${POINTER}@3`, "kind: ConfigMap\n"),
    [["pointer/unreadable", /current/]],
  ],
  [
    "a pointer of an environment that nobody published",
    async (store) => store.write("current/mallory-dev.yaml", (await store.read(`${POINTER}@2`)).replaceAll(NAME, "mallory-dev")),
    [["pointer/ahead", /current\/mallory-dev/]],
  ],
  [
    "a pointer to another release than that of its record",
    async (store) =>
      store.write(
        `${POINTER}@3`,
        (await store.read(`${POINTER}@2`)).replaceAll((await store.newest()).releaseDigest, "f".repeat(64)),
      ),
    [["pointer/elsewhere", /current\/ledger-dev/]],
  ],
  [
    "a removal that points to something else than the disarmed release",
    async (store) => {
      const key = "current/search-vectors-sue.yaml@2";
      const text = await store.read(key);
      const digest = /claimbot.dev\/release: "?([0-9a-f]{64})/.exec(text)?.[1] ?? "";
      await store.write(key, text.replaceAll(digest, "e".repeat(64)));
    },
    [["pointer/elsewhere", /current\/search-vectors-sue/]],
  ],
  [
    "a receipt of a record that nobody wrote",
    async (store) => store.write(`receipts/${NAME}/00000003.json`, await store.read(`receipts/${NAME}/00000002.json`)),
    [["receipt/ahead", /receipts\/ledger-dev\/00000003/]],
  ],
  [
    "a record that somebody added with every digest right, of a claim and a release that once were",
    async (store) => {
      const head = await store.read(HEAD);
      const first = JSON.parse(await store.read(FIRST)) as Publication;
      // A plan that was only shown: it is there, and nobody decided to release it.
      const shown = JSON.parse(await store.read(await store.plan())) as Plan;
      const plan = { ...shown, verb: "change" as const, claim: first.claim, claimDigest: first.claimDigest, steps: [] };
      const digest = planDigest(plan);
      await store.write(`plans/${digest}.json`, `${canonicalJson({ ...plan, digest })}\n`);
      const record = { ...first, sequence: 3, at: new Date().toISOString(), planDigest: digest, previous: digestOfBytes(head) };
      await store.write(`claims/${NAME}/00000003.json`, `${canonicalJson(record)}\n`);
    },
    [["record/undecided", /claims\/ledger-dev\/00000003/]],
  ],
  [
    "a record with a number that leaves a gap of millions: one deviation, found at once",
    async (store) => store.write("claims/ledger-dev/99999999.json", await store.read(HEAD)),
    [
      ["record/missing", /claims\/ledger-dev\/00000003/],
      ["record/misplaced", /claims\/ledger-dev\/99999999/],
    ],
  ],
  [
    "a file that Flux would apply beside the bundle",
    async (store) => store.write((await store.bundle()).replace("bundle.yaml", "more.yaml"), "kind: Namespace\n"),
    [["object/foreign", /more.yaml/]],
  ],
  [
    "a pointer to a record that nobody wrote",
    async (store) => store.write(`${POINTER}@3`, (await store.read(`${POINTER}@2`)).replaceAll("00000002", "00000009")),
    [["pointer/ahead", /current/]],
  ],
  [
    "a foreign key behind the records of a log, which takes nothing from what is known of them",
    async (store) => store.write(`claims/${NAME}/notes.txt`, "{}"),
    [["object/foreign", /claims\/ledger-dev\/notes/]],
  ],
  [
    "an object that claimbot does not write",
    async (store) => store.write("elsewhere/notes.json", "{}"),
    [["object/foreign", /elsewhere/]],
  ],
  [
    "adopted rules that were changed",
    async (store) => store.edit("claims/platform/00000001.json", '"retentionDays":30', '"retentionDays":1'),
    [["rules/chain", /claims\/platform/]],
  ],
])("%s", async (_, corrupt, expected) => {
  await using store = await Spoilt.make();
  await corrupt(store);
  const found = namesIn(await store.verify());
  expect(await store.verifyInParts(), "what the service finds, part by part").toEqual(found);
  expect(found).toHaveLength(expected.length);
  for (const [name, key] of expected)
    expect(
      found.some((one) => one.startsWith(`${name} `) && key.test(one)),
      `${name} in ${found.join(", ")}`,
    ).toBe(true);
});

// Of the newest entry only a note on GitLab may tell, until the next one is written.
test("an entry of the audit log that was changed breaks the chain, by the entry after it or by the receipt that quotes it", async () => {
  await using store = await Spoilt.make();
  const keys = (await store.keys("audit/")).slice(0, -1);
  expect(keys.length).toBeGreaterThan(5);
  for (const key of keys) {
    await using one = await Spoilt.make();
    await one.edit(key, /"at":"\d{4}/, '"at":"2001');
    const isNamed = namesIn(await one.verify()).some((name) => name.startsWith("audit/chain"));
    expect({ key, isNamed }).toEqual({ key, isNamed: true });
  }
});

test("every plan and every bundle is read, and what a record names not a second time", async () => {
  await using store = await Spoilt.make();
  const reads: string[] = [];
  expect(deviationsOf(await store.verify({ environments: [] }, checkout, reads))).toEqual([]);
  const plans = await store.keys("plans/");
  expect(reads.filter((key) => key.startsWith("plans/")).toSorted()).toEqual(plans);
  const bundles = await store.keys("releases/");
  expect(bundles.filter((key) => !reads.includes(key))).toEqual([]);
  expect(reads.filter((key) => key.startsWith(`releases/${NAME}/`))).toHaveLength((await store.keys(`releases/${NAME}/`)).length);
});

test("a release that leaves the bundle as it was leaves the pointer where it stands, which is no deviation", async () => {
  await using other = await ClaimRepository.make({ only: [NAME] });
  await other.claimbot("apply", "--yes");
  await other.edit(`environments/dev/${NAME}.yaml`, "Where the ledger team builds", "Where the ledger team tries things out");
  await other.commit("Other words");
  await other.claimbot("apply", "--yes");
  expect(await other.log(NAME)).toHaveLength(2);
  await using git = await openCheckout(other.path);
  const world = { store: await openDirectoryStore(join(other.path, ".claimbot/store")), repository: git };
  const found = await verifyStore({ ...world, cache: new BlobCache(), instance: "claimbot" }, { environments: [] }, signal);
  expect(namesIn(found)).toEqual([]);
});

test("the whole store is listed once, and every commit read once, whoever may have rendered what was released from it", async () => {
  await using store = await Spoilt.make();
  // Without receipts nobody knows who rendered it; somebody else did, and so everybody is tried.
  for (const key of await store.keys("receipts/")) if (!key.startsWith("receipts/ledger-stage/")) await store.remove(key);
  await store.write("elsewhere/notes.json", "{}");
  const listings: string[] = [];
  const commits: string[] = [];
  const git: Repository = {
    ...checkout,
    async tree(commit, paths) {
      commits.push(commit);
      return checkout.tree(commit, paths);
    },
  };
  const found = await store.verify({ environments: [] }, git, [], { instance: "other", listings });
  expect(namesIn(found)).toEqual(["object/foreign elsewhere/notes.json"]);
  expect(found.environments.map(({ derived }) => derived)).toEqual([2, 1, 1]);
  expect(listings.filter((one) => one.startsWith("versions "))).toEqual(["versions "]);
  expect(listings).not.toContain("list ");
  expect(commits.toSorted()).toEqual([...new Set(commits)].toSorted());
});

test("asked for one environment, its bundles that no record names are compared too, and those of others are not", async () => {
  await using store = await Spoilt.make();
  for (const name of [NAME, "ledger-stage"])
    await store.write(`releases/${name}/${"0".repeat(64)}/bundle.yaml`, "kind: Namespace\n");
  const expected = [`release/altered releases/${NAME}/${"0".repeat(64)}/bundle.yaml`];
  expect(namesIn(await store.verify({ environments: [NAME] }))).toEqual(expected);
});

test("a foreign file in a release is found also by whoever asks for that environment alone", async () => {
  await using store = await Spoilt.make();
  await store.write((await store.bundle()).replace("bundle.yaml", "more.yaml"), "kind: Namespace\n");
  expect(namesIn(await store.verify({ environments: [NAME] }))).toEqual([expect.stringContaining("object/foreign releases/")]);
});

/** Odd bytes: whoever may write can write anything that is JSON, with every digest right. */
test.each<[string, (record: Publication) => unknown]>([
  ["a claim without a spec", (record) => ({ ...record, claim: {}, claimDigest: digestOf({}) })],
  ["a claim of no type", (record) => withClaim(record, { metadata: { name: NAME }, spec: { type: "galaxy" } })],
  ["a claim whose type is a member of every object", (record) => withClaim(record, { spec: { type: "constructor" } })],
  ["versions that are none", (record) => ({ ...record, versions: { ledger: null } })],
  ["a time that is none", (record) => ({ ...record, at: "yesterday" })],
  ["zones that are none", (record) => ({ ...record, zones: [7] })],
  ["digests that are none", (record) => ({ ...record, planDigest: "../x", releaseDigest: "../../x" })],
  ["an author that is none", (record) => ({ ...record, source: { ...record.source, author: {}, approvers: [null] } })],
  ["a claim that is not there", (record) => ({ ...record, claim: undefined })],
])("%s is an unreadable record, not the end of the examination", async (_, spoil) => {
  await using store = await Spoilt.make();
  const record = spoil(JSON.parse(await store.read(HEAD)) as Publication);
  await store.write(HEAD, `${canonicalJson(record)}\n`);
  const receipt = JSON.parse(await store.read(`receipts/${NAME}/00000002.json`)) as object;
  await store.write(`receipts/${NAME}/00000002.json`, `${canonicalJson({ ...receipt, record })}\n`);
  const found = namesIn(await store.verify());
  expect(found).toContain(`record/unreadable ${HEAD}`);
  expect(found).toContain(`receipt/unreadable receipts/${NAME}/00000002.json`);
});

function withClaim(record: Publication, claim: unknown): unknown {
  return { ...record, claim, claimDigest: digestOf(claim) };
}

test.each(["[]", "null", "{}", '{"steps":[null]}', '{"steps":[{"target":"dns","changes":null}]}', "\u0000"])(
  "a plan of %j is altered, not the end of the examination",
  async (text) => {
    await using store = await Spoilt.make();
    const key = await store.plan();
    const value = parseJson(text);
    const digest = key.slice(6, 70);
    await store.write(key, isObject(value) ? `${canonicalJson({ ...value, digest })}\n` : text);
    expect(namesIn(await store.verify())).toEqual([`plan/altered ${key}`]);
  },
);

test.each(['{"kind":"Adoption"}', '{"kind":"Adoption","rules":{"platform":{"spec":{}},"policies":[]},"sequence":1}'])(
  "rules of %s are a broken log, not the end of the examination",
  async (text) => {
    await using store = await Spoilt.make();
    const record = JSON.parse(text) as { rules?: { platform: Platform; policies: [] } };
    const rules = record.rules;
    const whole = { ...record, ...(rules && { rulesDigest: rulesDigest(rules) }), at: "2026-11-24T00:00:00.000Z" };
    await store.write("claims/platform/00000001.json", `${canonicalJson(whole)}\n`);
    expect(namesIn(await store.verify())).toContain("rules/chain claims/platform/");
  },
);

test("records of two instances in one store are each derived as their own", async () => {
  await using other = await ClaimRepository.make({ only: [NAME] });
  const env = { CLAIMBOT_INSTANCE: "elsewhere" };
  await claimbot(["apply", "--yes"], { cwd: other.path, env });
  await using git = await openCheckout(other.path);
  const store = await openDirectoryStore(join(other.path, ".claimbot/store"));
  const world = { store, repository: git, cache: new BlobCache(), instance: "claimbot" };
  expect(namesIn(await verifyStore(world, { environments: [] }, signal))).toEqual([]);
});

test("a repository without the commit says so, and is no proof against the release", async () => {
  await using store = await Spoilt.make();
  await using other = await ClaimRepository.make({ only: ["ledger-dev"] });
  await using elsewhere = await openCheckout(other.path);
  const found = namesIn(await store.verify({ environments: [NAME] }, elsewhere));
  expect(found).toEqual([`release/commit-unknown ${FIRST}`, `release/commit-unknown ${HEAD}`]);
});

test("asked for one environment it looks at no other; since a time, it derives only what was published then", async () => {
  await using store = await Spoilt.make();
  await store.remove("claims/ledger-stage/00000001.json");
  const one = await store.verify({ environments: [NAME], since: (await store.newest()).at });
  expect(namesIn(one)).toEqual([]);
  expect(one.environments.map(({ environment, records, derived }) => `${environment} ${records} ${derived}`)).toEqual([
    "ledger-dev 2 1",
  ]);
});
