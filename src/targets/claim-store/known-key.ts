/** Which keys claimbot writes. Pure. */
const KNOWN = new RegExp(
  `^(${[
    "claims/[a-z0-9-]+/[0-9]{8,16}\\.json",
    "releases/[a-z0-9-]+/[0-9a-f]{64}/bundle\\.yaml",
    "plans/[0-9a-f]{64}\\.json",
    "current/[a-z0-9-]+\\.yaml",
    "receipts/[a-z0-9-]+/[0-9]{8,16}\\.json",
    "audit/[0-9]{4}-[0-9]{2}/[0-9]{8,16}\\.json",
    "proof/.+",
  ].join("|")})$`,
);

/** False for what somebody else left in the claim store. */
export function isKnownKey(key: string): boolean {
  return KNOWN.test(key);
}
