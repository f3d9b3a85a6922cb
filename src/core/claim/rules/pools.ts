import { pointerOf } from "../places.ts";
import type { Platform } from "../platform.generated.ts";
import type { ClaimView } from "./rule.ts";

export interface AskedPool {
  readonly pool: ClaimView["claim"]["spec"]["cluster"]["nodePools"][number];
  /** What the platform offers of this class; undefined when it offers none. */
  readonly offered: Platform["spec"]["nodePools"][number] | undefined;
  readonly pointer: string;
}

export function askedPools({ claim }: ClaimView, platform: Platform): readonly AskedPool[] {
  return claim.spec.cluster.nodePools.map((pool, index) => ({
    pool,
    offered: platform.spec.nodePools.find((offer) => offer.class === pool.class),
    pointer: pointerOf("spec", "cluster", "nodePools", index),
  }));
}
