/** dns: the records of one large environment through our target, beside one bare request with the same records. Writes and calls are counted. */
import type { Environment } from "../../src/core/environment.ts";
import { diffResources } from "../../src/core/resource.ts";
import { dnsTarget } from "../../src/targets/dns/dns.ts";
import { batchesOf, desiredRecords, viewZone, type Batch } from "../../src/targets/dns/model.ts";
import { aCloudflare, settle, TOKEN, writesOf } from "../targets/a-cloudflare.ts";
import { anEnvironment } from "../targets/an-environment.ts";
import { scaled, timed, type Bench, type Row } from "./bench.ts";

/** What a batch may hold on Free; on paid plans it is 3,500 (developers.cloudflare.com, 2026-11). */
const FREE_BATCH = 200;

export const dns: Bench = async (scale) => {
  const count = scaled(500, scale);
  const few = Math.min(count, FREE_BATCH);
  // The first call of all loads Cloudflare's SDK.
  await onPlan("business", environmentOf(1));
  return [...(await onPlan("business", environmentOf(count))), ...(await onPlan("free", environmentOf(few))), onOldFree(count)];
};

function environmentOf(count: number): Environment {
  const hostnames = Array.from({ length: count }, (_, index) => `n${index}.stage.example.org`);
  return anEnvironment("stage", { hostnames });
}

async function onPlan(plan: "business" | "free", environment: Environment): Promise<readonly Row[]> {
  await using world = await aCloudflare(plan);
  const target = dnsTarget(world.cloudflare);
  const first = await timed(async () => settle(target, environment));
  const calls = world.server.faults.requests.length;
  const writes = writesOf(world.server).length;
  const again = await timed(async () => settle(target, environment));
  const beside = await bareBatch(plan, environment);
  const what = `${first.value.length} records, plan ${plan}`;
  return [
    { what: `${what}: all of it`, ours: first.ms, beside, unit: "ms", peer: "one bare batch" },
    { what: `${what}: nothing to do`, ours: again.ms, beside, unit: "ms", peer: "one bare batch" },
    { what: `${what}: writes`, ours: writes, beside: 1, unit: "calls", peer: "one bare batch", budget: atMost(writes, 1) },
    { what: `${what}: calls in all`, ours: calls, beside: 1, unit: "calls", peer: "one bare batch", budget: atMost(calls, 4) },
  ];
}

/** Only Free zones made before September 2024 hold more records than a batch; the sandbox has none, so their batches are counted, not sent. */
function onOldFree(count: number): Row {
  const environment = environmentOf(count);
  const writes = batches(environment, FREE_BATCH).length;
  const budget = atMost(writes, 3);
  return {
    what: `${count} records, an old Free zone: writes`,
    ours: writes,
    beside: 1,
    unit: "calls",
    peer: "one bare batch",
    budget,
  };
}

function batches(environment: Environment, limit: number): readonly Batch[] {
  return batchesOf(environment, diffResources([], desiredRecords(environment)), viewZone(environment, "example.org", []), limit);
}

const atMost = (count: number, most: number) => ({ text: `≤ ${most}`, holds: count <= most });

/** The same records by one `fetch`, with the connection made before: what the network and the server take. */
async function bareBatch(plan: "business" | "free", environment: Environment): Promise<number> {
  await using world = await aCloudflare(plan);
  const { server } = world;
  const [batch] = batches(environment, 3500);
  const url = `${server.apiUrl}/zones/${server.zoneId("example.org")}/dns_records`;
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
  await (await fetch(`${url}?per_page=100`, { headers })).text();
  const { ms, value } = await timed(async () => {
    const response = await fetch(`${url}/batch`, { method: "POST", headers, body: JSON.stringify(batch) });
    await response.text();
    return response.status;
  });
  if (value !== 200) throw new Error(`the bare batch was refused with ${value}`);
  return ms;
}
