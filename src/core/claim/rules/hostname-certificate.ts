import { isDedicated } from "../../environment.ts";
import { isCovered, zoneOf } from "../hostname.ts";
import { shown } from "../places.ts";
import { soundNames } from "./hostnames.ts";
import type { OfferRule } from "./rule.ts";

export const hostnameCertificate: OfferRule = {
  about: "offer",
  code: "claim/hostname-certificate",
  summary:
    "A name of stage or prod is covered by a certificate: the universal one covers one label below the zone, others stand in platform.yaml.",
  wrong: `
spec:
  dns:
    hostnames: [api.pay.stage.example.org]
                ^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-certificate
`,
  right: `
spec:
  dns:
    hostnames: [api-pay.stage.example.org]
`,
  check: (view, platform) =>
    isDedicated(view.claim.spec.type)
      ? soundNames(view).flatMap(({ hostname, pointer }) => {
          const zone = zoneOf(hostname, platform);
          if (zone === undefined || isCovered(hostname, zone)) return [];
          const parent = hostname.slice(hostname.indexOf(".") + 1);
          return [
            {
              pointer,
              message: `${shown(hostname)} is covered by no certificate of ${zone.name}.`,
              hint: `Use fewer labels, such as ${shown(flattened(hostname, zone.name))}, or ask for a certificate of *.${shown(parent)} in platform.yaml.`,
            },
          ];
        })
      : [],
};

/** The first two labels made one. */
function flattened(hostname: string, zone: string): string {
  const labels = hostname.slice(0, -zone.length - 1).split(".");
  return [`${labels[0] ?? ""}-${labels[1] ?? ""}`, ...labels.slice(2), zone].join(".");
}
