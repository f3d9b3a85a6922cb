import { ENVIRONMENT_TYPES } from "../../environment.ts";
import { suffixOf, zoneOf } from "../hostname.ts";
import { shown } from "../places.ts";
import type { Platform } from "../platform.generated.ts";
import { askedNames } from "./hostnames.ts";
import type { OfferRule } from "./rule.ts";

/** Names that mail and clients look for by themselves, and name servers. */
const RESERVED = /^(mail|mx|ns)\d*$|^(autodiscover|autoconfig)$/;

export const hostnameReserved: OfferRule = {
  about: "offer",
  code: "claim/hostname-reserved",
  summary:
    "The apex of a zone or suffix, wildcards, labels that begin with _ and the names of mail and name servers are nobody's.",
  wrong: `
spec:
  dns:
    hostnames:
      - stage.example.org
        ^^^^^^^^^^^^^^^^^ error claim/hostname-reserved
      - "*.stage.example.org"
        ^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-reserved
      - _acme-challenge.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-reserved
      - mail.stage.example.org
        ^^^^^^^^^^^^^^^^^^^^^^ error claim/hostname-reserved
`,
  right: `
spec:
  dns:
    hostnames:
      - pay.stage.example.org
      - mailer.stage.example.org
`,
  check: (view, platform) =>
    askedNames(view).flatMap(({ hostname, pointer }) => {
      const reason = reasonOf(hostname, platform);
      return reason === undefined
        ? []
        : [{ pointer, message: `${shown(hostname)} is reserved: ${reason}.`, hint: "Use a name of your own below the suffix." }];
    }),
};

function reasonOf(hostname: string, platform: Platform): string | undefined {
  if (platform.spec.zones.some(({ name }) => name === hostname)) return "it is the apex of a zone";
  if (ENVIRONMENT_TYPES.some((type) => platform.spec.types[type].suffixes.includes(hostname))) return "it is a suffix itself";
  const labels = hostname.split(".");
  if (labels.includes("*")) return "wildcards would catch the names of others";
  const marked = labels.find((label) => label.startsWith("_"));
  if (marked !== undefined) return `${marked} is for the machinery of DNS and certificates`;
  const tail = suffixOf(hostname, platform)?.suffix ?? zoneOf(hostname, platform)?.name;
  const own = tail === undefined ? [] : hostname.slice(0, -tail.length - 1).split(".");
  const reserved = own.find((label) => RESERVED.test(label));
  return reserved === undefined ? undefined : `${reserved} is for mail and name servers`;
}
