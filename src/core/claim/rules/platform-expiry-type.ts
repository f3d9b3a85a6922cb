import { ENVIRONMENT_TYPES } from "../../environment.ts";
import { pointerOf, type Finding } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformExpiryType: PlatformRule = {
  about: "platform",
  code: "platform/expiry-type",
  summary: "Environments of type sue expire, others do not.",
  wrong: `
# file: platform.yaml
spec:
  types:
    dev:
      suffixes: [dev.example.org]
      approvals: 0
      retentionDays: 30
      quota: {environments: 40, nodes: 6, services: 20, hostnames: 5}
      expiry: {ttl: 24h, maximum: 72h}
      ^^^^^^ error platform/expiry-type
`,
  right: `
# file: platform.yaml
spec:
  types:
    dev:
      suffixes: [dev.example.org]
      approvals: 0
      retentionDays: 30
      quota: {environments: 40, nodes: 6, services: 20, hostnames: 5}
`,
  check: ({ spec: { types } }) =>
    ENVIRONMENT_TYPES.flatMap((type): readonly Finding[] => {
      const expires = types[type].expiry !== undefined;
      if (expires === (type === "sue")) return [];
      return [
        {
          pointer: pointerOf("spec", "types", type, ...(expires ? ["expiry"] : [])),
          atKey: true,
          message: expires
            ? `Environments of type ${type} do not expire.`
            : "Environments of type sue expire, but it is not said when.",
          hint: expires ? "Remove expiry here." : "Add `expiry: {ttl: 24h, maximum: 72h}`.",
        },
      ];
    }),
};
