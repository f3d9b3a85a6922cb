/**
 * Rules judge, inputs are rendered (DESIGN 2). Rules come from what was adopted, never from the merge that they judge; inputs come from
 * the merge result.
 */
import type { Platform } from "./claim/platform.generated.ts";
import { compareText } from "./diagnostic.ts";
import { digestOf, type Digest } from "./json.ts";
import { planDigest, type Plan } from "./plan.ts";
import type { Resource } from "./resource.ts";

/** A file below policies/. */
export interface Policy {
  readonly path: string;
  readonly text: string;
}

/** What judges: platform.yaml's rules and the policies. */
export interface Rules {
  readonly platform: Platform;
  readonly policies: readonly Policy[];
}

type Spec = Platform["spec"];
type RuleName = "owners" | "types" | "limits" | "freezes" | "commands";

export function rulePart(platform: Platform): Pick<Spec, RuleName> {
  const { owners, types, limits, freezes, commands } = platform.spec;
  return { owners, types, ...(limits && { limits }), ...(freezes && { freezes }), ...(commands && { commands }) };
}

export function inputPart(platform: Platform): Omit<Spec, RuleName> {
  const { owners: _owners, types: _types, limits: _limits, freezes: _freezes, commands: _commands, ...inputs } = platform.spec;
  return inputs;
}

/** The adopted rules over the inputs of the merge result: what validates and what is rendered. */
export function judgedPlatform(rules: Rules, inputs: Platform): Platform {
  return { ...inputs, spec: { ...inputPart(inputs), ...rulePart(rules.platform) } };
}

export function rulesDigest({ platform, policies }: Rules): Digest {
  return digestOf({ rules: rulePart(platform), policies: policies.toSorted((a, b) => compareText(a.path, b.path)) });
}

export function inputsDigest(platform: Platform): Digest {
  return digestOf(inputPart(platform));
}

/** The name under which rules are adopted: it is released like a prod environment and no environment has it. */
export const PLATFORM_NAME = "platform";

/** The plan of adopting other rules: one change, judged by the rules that stand. */
export function rulesPlan(adopted: Rules, proposed: Rules): Plan {
  const body: Omit<Plan, "digest"> = {
    environment: PLATFORM_NAME,
    type: "prod",
    verb: "change",
    inputsDigest: digestOf({}),
    rulesDigest: rulesDigest(adopted),
    versions: {},
    steps: [
      {
        target: "claim-store",
        changes: [{ verb: "update", key: "rules", before: ruleResource(adopted), after: ruleResource(proposed) }],
        pending: [],
        contested: [],
      },
    ],
  };
  return { ...body, digest: planDigest(body) };
}

function ruleResource({ platform, policies }: Rules): Resource & { readonly rules: unknown; readonly policies: unknown } {
  const digests = Object.fromEntries(policies.map(({ path, text }) => [path, digestOf(text)]));
  return { key: "rules", kind: "rules", rules: rulePart(platform), policies: digests };
}
