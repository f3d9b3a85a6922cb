/** The routes of DNS records. What is allowed is decided by records.ts. */
import type { Context, Hono } from "hono";
import { jsonBody, ok } from "./envelope.ts";
import { PLANS } from "./plans.ts";
import { listRecords } from "./record-list.ts";
import { batchRecords, createRecord, deleteRecord, patchRecord, putRecord, recordOf, transact, type Draft } from "./records.ts";
import { idParam, zoneOf, type World } from "./world.ts";
import type { DnsRecord, Zone } from "./zone.ts";

export function recordRoutes(api: Hono, world: World): void {
  const { stamp } = world;
  const path = "/zones/:zone/dns_records";
  const write = async (
    context: Context,
    act: (zone: Zone, draft: Draft, id: string, body: Readonly<Record<string, unknown>>) => unknown,
  ): Promise<Response> => {
    const zone = zoneOf(world, context, "dns");
    const id = context.req.param("record") ?? "";
    const body = context.req.method === "DELETE" ? {} : await jsonBody(context);
    return ok(
      context,
      transact(zone, (draft) => act(zone, draft, id, body)),
    );
  };
  api.get(path, (context) => {
    const { result, result_info } = listRecords(zoneOf(world, context), new URL(context.req.url).searchParams, world.unexpected);
    return ok(context, result, { result_info });
  });
  api.get(`${path}/usage`, (context) => {
    const zone = zoneOf(world, context);
    return ok(context, { record_quota: PLANS[zone.plan].records, record_usage: zone.records.size });
  });
  api.post(path, async (context) => write(context, (zone, draft, _id, body) => createRecord(zone, draft, body, stamp)));
  api.post(`${path}/batch`, async (context) =>
    write(context, (zone, draft, _id, body) => batchRecords(zone, draft, body, stamp)),
  );
  api.get(`${path}/:record`, (context) => {
    return ok(context, recordOf(zoneOf(world, context).records, idParam(context, "record")) satisfies DnsRecord);
  });
  api.patch(`${path}/:record`, async (context) =>
    write(context, (zone, draft, id, body) => patchRecord(zone, draft, id, body, stamp)),
  );
  api.put(`${path}/:record`, async (context) =>
    write(context, (zone, draft, id, body) => putRecord(zone, draft, id, body, stamp)),
  );
  api.delete(`${path}/:record`, async (context) => write(context, (_zone, draft, id) => ({ id: deleteRecord(draft, id).id })));
}
