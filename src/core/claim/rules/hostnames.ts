import { isHostname } from "../hostname.ts";
import { skeletonOf } from "../look-alike.ts";
import { perClaim } from "./per-claim.ts";

export interface AskedName {
  readonly hostname: string;
  readonly pointer: string;
}

/** Every host name of a claim with its pointer. */
export const askedNames = perClaim(({ claim }): readonly AskedName[] =>
  (claim.spec.dns?.hostnames ?? []).map((hostname, index) => ({ hostname, pointer: `/spec/dns/hostnames/${index}` })),
);

/** Those that are host names at all: one mistake is one message. */
export const soundNames = perClaim((view) => askedNames(view).filter(({ hostname }) => isHostname(hostname)));

/** The same with what each looks like. */
export const lookedAtNames = perClaim((view) =>
  soundNames(view).map((asked) => ({ ...asked, skeleton: skeletonOf(asked.hostname) })),
);
