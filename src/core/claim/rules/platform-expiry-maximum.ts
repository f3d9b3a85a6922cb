import { durationMs } from "../../environment.ts";
import type { PlatformRule } from "./rule.ts";

export const platformExpiryMaximum: PlatformRule = {
  about: "platform",
  code: "platform/expiry-maximum",
  summary: "The usual life time of a sue environment is not above its maximum.",
  wrong: `
# file: platform.yaml
spec:
  types:
    sue:
      suffixes: [sue.example.org]
      approvals: 0
      retentionDays: 7
      quota: {environments: 30, nodes: 4, services: 20, hostnames: 3}
      expiry: {ttl: 96h, maximum: 3d}
                    ^^^ error platform/expiry-maximum
`,
  right: `
# file: platform.yaml
spec:
  types:
    sue:
      suffixes: [sue.example.org]
      approvals: 0
      retentionDays: 7
      quota: {environments: 30, nodes: 4, services: 20, hostnames: 3}
      expiry: {ttl: 24h, maximum: 3d}
`,
  check({ spec: { types } }) {
    const { expiry } = types.sue;
    if (expiry === undefined || durationMs(expiry.ttl) <= durationMs(expiry.maximum)) return [];
    return [
      {
        pointer: "/spec/types/sue/expiry/ttl",
        message: `${expiry.ttl} is longer than the maximum of ${expiry.maximum}.`,
        hint: "Lower ttl, or raise maximum.",
      },
    ];
  },
};
