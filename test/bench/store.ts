/**
 * store: what one merge of a thousand claims puts into the claim store (plan, release and record of each), beside the same PUTs in a plain
 * loop over the SDK with the same concurrency: a few of them each in turn, so that both meet the same server and the same noise. On the
 * server of CLAIMBOT_TEST_S3_URL, else on the sandbox's S3 in a process of its own.
 */
import { fork } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { openS3Store } from "../../src/adapters/s3/store.ts";
import { digestOf } from "../../src/core/json.ts";
import type { ObjectStore } from "../../src/core/ports.ts";
import { Secret } from "../../src/core/secret.ts";
import { claimStoreTarget } from "../../src/targets/claim-store/claim-store.ts";
import type { Release } from "../../src/targets/target.ts";
import { anEnvironment, releaseOf } from "../targets/an-environment.ts";
import { median, scaled, timed, type Bench } from "./bench.ts";

/** Claims at work at once; each puts one object after the other. */
const CONCURRENCY = 32;
const ROUNDS = 8;
const CLAIMS = 1_000;

interface Put {
  readonly key: string;
  readonly body: Uint8Array;
  readonly retainUntil: Date | undefined;
}

export const store: Bench = async (scale) => {
  await using server = await aServer();
  const each = Math.max(1, Math.round(scaled(CLAIMS, scale) / ROUNDS));
  const { client, bucket } = server;
  const ours = await openS3Store({ ...server, region: "us-east-1" });
  const signal = new AbortController().signal;

  const target = claimStoreTarget(ours);
  /** Planned before the clock runs, as every release is; a plan renders what is put. */
  const publish = async (round: string): Promise<number> => {
    const releases = Array.from({ length: each }, (_, index) => releaseNumber(`${round}-${index}`));
    const changes = releases.map(({ environment }) => target.diff([], target.desired(environment)));
    const { ms } = await timed(async () =>
      atOnce(each, async (index) => target.apply(changes[index] ?? [], releases[index]!, signal)),
    );
    return (each * 3 * 1000) / ms;
  };
  /** The PUTs of the same claims, each known before the clock runs; one after the other for each claim, as a record follows its release. */
  const plainly = async (round: string): Promise<number> => {
    const puts = await Promise.all(Array.from({ length: each }, async (_, index) => putsOf(releaseNumber(`${round}-${index}`))));
    const { ms } = await timed(async () =>
      atOnce(each, async (index) => {
        for (const { key, body, retainUntil } of puts[index] ?? []) await plainPut(client, bucket, key, body, retainUntil);
      }),
    );
    return (each * 3 * 1000) / ms;
  };

  await publish(`warm-${randomUUID().slice(0, 8)}`);
  await plainly(`warm-${randomUUID().slice(0, 8)}`);
  const rates: { readonly ours: number; readonly plain: number }[] = [];
  const weights: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = randomUUID().slice(0, 8);
    const isOursFirst = round % 2 === 0;
    const before = isOursFirst ? await publish(`ours-${run}`) : undefined;
    const plain = await plainly(`plain-${run}`);
    rates.push({ plain, ours: before ?? (await publish(`ours-${run}`)) });
    weights.push(heldMiB());
  }
  const rate = median(rates.map(({ ours: rate }) => rate));
  const plain = median(rates.map(({ plain: rate }) => rate));
  // Of each round beside its neighbour: the machine's own ups and downs fall out.
  const ratio = median(rates.map((pair) => pair.ours / pair.plain));
  const [first = 0, last = 0] = [weights[0], weights.at(-1)];
  const what = `${each * ROUNDS} claims by one merge on ${server.name}`;
  return [
    {
      what: `${what}: objects put`,
      ours: rate,
      beside: plain,
      unit: "1/s",
      peer: "the same PUTs by the SDK alone",
      budget: { text: `≥ 0.8 × (${ratio.toFixed(2)} round by round)`, holds: ratio >= 0.8 },
    },
    {
      what: `${what}: held after the last of ${ROUNDS} rounds`,
      ours: last,
      beside: first,
      unit: "MiB",
      peer: "after the first",
      budget: { text: "≤ 1.25 ×", holds: last <= first * 1.25 },
    },
  ];
};

/** What is still held after a collection: a leak, and not the moment at which V8 last cleaned up. */
function heldMiB(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1024 ** 2;
}

function releaseNumber(name: string): Release {
  const environment = anEnvironment("dev", { name: `bench-${name}`, hostnames: [`${name}.dev.example.org`] });
  return { ...releaseOf(environment), at: new Date().toISOString(), planDigest: digestOf(name) };
}

/** What is put for a release, seen by a store that keeps nothing. */
async function putsOf(made: Release): Promise<readonly Put[]> {
  const puts: Put[] = [];
  const watched: ObjectStore = {
    name: "a watched store",
    read: async () => undefined,
    list: async () => [],
    replace: async () => Promise.reject(new Error("nothing is replaced")),
    async putNew(key, body, { retainUntil } = {}) {
      puts.push({ key, body, retainUntil });
      return { etag: "" };
    },
  };
  const target = claimStoreTarget(watched);
  await target.apply(target.diff([], target.desired(made.environment)), made, new AbortController().signal);
  return puts;
}

async function plainPut(client: S3Client, Bucket: string, Key: string, body: Uint8Array, retainUntil: Date | undefined) {
  await client.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: body,
      IfNoneMatch: "*",
      ChecksumSHA256: createHash("sha256").update(body).digest("base64"),
      ...(retainUntil !== undefined && { ObjectLockMode: "COMPLIANCE", ObjectLockRetainUntilDate: retainUntil }),
    }),
  );
}

async function atOnce(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count) }, worker));
}

interface Server extends AsyncDisposable {
  readonly name: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret };
  /** Plain, with as many sockets as we use. */
  readonly client: S3Client;
}

async function aServer(): Promise<Server> {
  const { CLAIMBOT_TEST_S3_URL: real, CLAIMBOT_TEST_S3_ACCESS_KEY_ID, CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY } = process.env;
  await using started = new AsyncDisposableStack();
  let place = {
    url: real ?? "",
    accessKeyId: CLAIMBOT_TEST_S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: CLAIMBOT_TEST_S3_SECRET_ACCESS_KEY ?? "",
  };
  if (real === undefined) {
    const child = fork(new URL("store-server.ts", import.meta.url));
    started.defer(() => void child.kill());
    [place] = (await once(child, "message")) as [typeof place];
  }
  const { url: endpoint, accessKeyId, secretAccessKey } = place;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    requestChecksumCalculation: "WHEN_REQUIRED",
    requestHandler: { httpAgent: { maxSockets: CONCURRENCY } },
  });
  started.defer(() => client.destroy());
  const bucket = `bench-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  const owned = started.move();
  return {
    name: real === undefined ? "the sandbox's S3" : "CLAIMBOT_TEST_S3_URL",
    endpoint,
    bucket,
    credentials: { accessKeyId, secretAccessKey: new Secret(secretAccessKey) },
    client,
    [Symbol.asyncDispose]: async () => owned.disposeAsync(),
  };
}
