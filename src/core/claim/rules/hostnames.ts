import { isHostname } from "../hostname.ts";
import { pointerOf } from "../places.ts";
import type { ClaimView } from "./rule.ts";

export interface AskedName {
  readonly hostname: string;
  readonly pointer: string;
}

/** Every host name of a claim with its pointer. */
export function askedNames({ claim }: ClaimView): readonly AskedName[] {
  return (claim.spec.dns?.hostnames ?? []).map((hostname, index) => ({
    hostname,
    pointer: pointerOf("spec", "dns", "hostnames", index),
  }));
}

/** Those that are host names at all: one mistake is one message. */
export function soundNames(view: ClaimView): readonly AskedName[] {
  return askedNames(view).filter(({ hostname }) => isHostname(hostname));
}
