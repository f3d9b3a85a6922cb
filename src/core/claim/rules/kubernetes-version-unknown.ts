import { list } from "../schema-errors.ts";
import type { OfferRule } from "./rule.ts";

export const kubernetesVersionUnknown: OfferRule = {
  about: "offer",
  code: "claim/kubernetes-version-unknown",
  summary: "The version of Kubernetes is one of platform.yaml's.",
  wrong: `
spec:
  cluster:
    version: "1.19"
             ^^^^^^ error claim/kubernetes-version-unknown
`,
  right: `
spec:
  cluster:
    version: "1.33"
`,
  check({ claim }, { spec: { kubernetesVersions } }) {
    const { version } = claim.spec.cluster;
    if (Object.hasOwn(kubernetesVersions, version)) return [];
    return [
      {
        pointer: "/spec/cluster/version",
        message: `Kubernetes ${version} is not offered.`,
        hint: `Use ${list(Object.keys(kubernetesVersions), "or")}.`,
      },
    ];
  },
};
