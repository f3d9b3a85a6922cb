import { isWithin } from "../hostname.ts";
import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformCertificateOutsideZone: PlatformRule = {
  about: "platform",
  code: "platform/certificate-outside-zone",
  summary: "A zone's certificates are for names of that zone.",
  wrong: `
# file: platform.yaml
spec:
  zones:
    - {name: example.org, plan: pro, certificates: ["*.stage.example.com"]}
                                                    ^^^^^^^^^^^^^^^^^^^^^ error platform/certificate-outside-zone
`,
  right: `
# file: platform.yaml
spec:
  zones:
    - {name: example.org, plan: pro, certificates: ["*.stage.example.org"]}
`,
  check: ({ spec: { zones } }) =>
    zones.flatMap(({ name, certificates = [] }, zone) =>
      certificates.flatMap((certificate, index) =>
        isWithin(certificate.replace(/^\*\./, ""), name)
          ? []
          : [
              {
                pointer: pointerOf("spec", "zones", zone, "certificates", index),
                message: `${certificate} is not in the zone ${name}.`,
                hint: "Write it at its own zone.",
              },
            ],
      ),
    ),
};
