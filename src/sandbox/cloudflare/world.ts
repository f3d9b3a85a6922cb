/** What every route sees: the zones, who may do what, and how much more may be asked. */
import type { Context } from "hono";
import { refusal } from "./api-error.ts";
import type { Budget } from "./budget.ts";
import { isId, type Stamp, type Zone } from "./zone.ts";

export interface World {
  readonly zones: readonly Zone[];
  readonly token: string;
  readonly stamp: Stamp;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Who may not write: `example.org dns`, `example.org waf`. */
  readonly denied: Set<string>;
  readonly budget: Budget;
  readonly unexpected: (what: string) => void;
}

/** The zone of the path. With a permission: one that the token may write with. */
export function zoneOf(world: World, context: Context, permission?: "dns" | "waf"): Zone {
  const id = idParam(context, "zone");
  const zone = world.zones.find((zone) => zone.id === id);
  if (zone === undefined) throw refusal(403, 9109, "Unauthorized to access requested resource");
  if (permission !== undefined && world.denied.has(`${zone.name} ${permission}`))
    throw refusal(403, 10_000, "Authentication error");
  return zone;
}

export function idParam(context: Context, name: string): string {
  const id = context.req.param(name) ?? "";
  if (!isId(id)) throw refusal(400, 7003, `Could not route to ${context.req.path}, perhaps your object identifier is invalid?`);
  return id;
}
