import { pointerOf } from "../places.ts";
import type { PlatformRule } from "./rule.ts";

export const platformKubernetesVersion: PlatformRule = {
  about: "platform",
  code: "platform/kubernetes-version",
  summary: "The exact version of Kubernetes belongs to its minor version.",
  wrong: `
# file: platform.yaml
spec:
  kubernetesVersions:
    "1.33": v1.32.9+1
            ^^^^^^^^^ error platform/kubernetes-version
`,
  right: `
# file: platform.yaml
spec:
  kubernetesVersions:
    "1.33": v1.33.5+1
`,
  check: ({ spec: { kubernetesVersions } }) =>
    Object.entries(kubernetesVersions).flatMap(([minor, exact]) =>
      exact.startsWith(`v${minor}.`)
        ? []
        : [
            {
              pointer: pointerOf("spec", "kubernetesVersions", minor),
              message: `${exact} is not a version of Kubernetes ${minor}.`,
              hint: `Use one that begins with v${minor}.`,
            },
          ],
    ),
};
