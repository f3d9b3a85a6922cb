/** Rules and a few claims of the starter, and what they would judge otherwise after an edit. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rulesDigest, rulesPlan, type Policy, type Rules } from "../../../src/core/adopted.ts";
import { parseClaim } from "../../../src/core/claim/parse.ts";
import { validateTree, type TreeFile, type TreeVerdict } from "../../../src/core/claim/validate.ts";
import { renderPlanNote } from "../../../src/core/render/plan-note.ts";
import type { Log } from "../../../src/core/record.ts";
import { changedVerdicts, type ChangedVerdicts } from "../../../src/core/verdicts/changed-verdicts.ts";
import type { Subject } from "../../../src/core/verdicts/subject.ts";
import { ledgerOld, paymentsProd } from "../render/plans.ts";

const STARTER = join(import.meta.dirname, "../../../static-environments");
const CLAIMS = ["prod/payments-prod", "prod/shop-prod", "stage/payments-stage", "sue/shop-sue", "dev/ledger-dev"];

const NOW = new Date("2026-11-24T12:00:00Z");
const PUBLISHED_AT = "2026-11-24T02:00:00.000Z";

export interface Edit {
  /** Of platform.yaml. */
  readonly platform?: (text: string) => string;
  /** Of each policy. */
  readonly policies?: (text: string) => string;
}

export function swap(from: string, to: string): (text: string) => string {
  return (text) => text.replaceAll(from, () => to);
}

export interface Proposal {
  readonly adopted: Rules;
  readonly proposed: Rules;
  readonly verdicts: ChangedVerdicts;
  readonly note: string;
}

export async function propose(edit: Edit, more: readonly Subject[] = []): Promise<Proposal> {
  const text = (path: string): string => readFileSync(join(STARTER, path), "utf8");
  const names = readdirSync(join(STARTER, "policies"));
  const policies = (change = (one: string): string => one): readonly Policy[] =>
    names.map((name) => ({ path: `policies/${name}`, text: change(text(`policies/${name}`)) }));
  const before = fileOf("platform.yaml", text("platform.yaml"));
  const after = fileOf("platform.yaml", (edit.platform ?? ((one) => one))(text("platform.yaml")));
  const claims = CLAIMS.map((name) => fileOf(`environments/${name}.yaml`, text(`environments/${name}.yaml`)));
  const was = judged([before, ...claims]);
  const will = judged([after, ...claims]);
  if (was.platform === undefined || will.platform === undefined) throw new Error("the edited platform.yaml has a mistake");
  const [adopted, proposed] = [
    { platform: was.platform, policies: policies() },
    { platform: will.platform, policies: policies(edit.policies) },
  ];
  if (rulesDigest(adopted) === rulesDigest(proposed)) throw new Error("the edit found nothing, so it would prove nothing");
  const verdicts = await changedVerdicts(
    {
      adopted,
      proposed,
      subjects: [...claims.map(liveSubject), RULES, ...more],
      trees: [
        {
          mergeRequest: undefined,
          paths: new Set(claims.map(({ path }) => path)),
          adopted: was.diagnostics,
          proposed: will.diagnostics,
        },
      ],
      unseenMergeRequests: 0,
      now: NOW,
    },
    async () => undefined,
  );
  const plans = [rulesPlan(adopted, proposed)];
  const note = renderPlanNote({ plans, diagnostics: [], conflicts: [], rules: adopted.platform, remarks: [], verdicts });
  return { adopted, proposed, verdicts, note };
}

/** What two open merge requests plan: a change of prod, and one that takes many things away. */
export const PLANNED: readonly Subject[] = [
  { environment: "payments-prod", type: "prod", owner: "commerce/payments", planned: { mergeRequest: 12, plan: paymentsProd } },
  { environment: "ledger-old", type: ledgerOld.type, owner: "finance/ledger", planned: { mergeRequest: 14, plan: ledgerOld } },
];

const RULES: Subject = { environment: "platform", type: "prod", owner: "" };

function liveSubject({ path, bytes }: TreeFile): Subject {
  const parsed = parseClaim(path, bytes ?? new Uint8Array());
  if (!parsed.ok) throw new Error(`${path} has a mistake`);
  const claim = parsed.value;
  const { name, owner } = claim.metadata;
  const log: Log = [
    {
      kind: "Publication",
      environment: name,
      sequence: 1,
      at: PUBLISHED_AT,
      source: { project: "acme/static-environments", commit: "a".repeat(40), path: "", blob: "", approvers: [] },
      planDigest: "b".repeat(64),
      claim,
      claimDigest: "c".repeat(64),
      versions: {},
      releaseDigest: "d".repeat(64),
    },
  ];
  return { environment: name, type: claim.spec.type, owner, live: { claim, log } };
}

function fileOf(path: string, text: string): TreeFile {
  return { path, mode: "100644", blob: "", bytes: Buffer.from(text) };
}

function judged(files: readonly TreeFile[]): TreeVerdict {
  return validateTree({ files, rules: undefined });
}
