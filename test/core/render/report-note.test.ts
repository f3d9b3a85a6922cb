import { describe, expect, test } from "vitest";
import type { Gate } from "../../../src/core/gates.ts";
import type { Plan } from "../../../src/core/plan.ts";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { duration, renderReportNote, reportMarker, type ReleaseOutcome } from "../../../src/core/render/report-note.ts";
import type { Resource } from "../../../src/core/resource.ts";
import { extractQuickActions } from "../../../src/sandbox/gitlab/quick-actions.ts";
import { ledgerOld, paymentsProd, planBetween, shopStage, takenName, wanting } from "./plans.ts";

const golden = (name: string): string => `../../golden/notes/${name}.md`;

const PROOF = {
  receipt: { key: "receipts/payments-prod/00000008.json", digest: `b7e01c44d2aa${"0".repeat(52)}` },
  audit: { key: "audit/2026-11/00000042.json", digest: `51c2${"f".repeat(60)}`, sequence: 42, at: "2026-11-24T11:00:00.000Z" },
};

function settled(of: Partial<Extract<ReleaseOutcome, { kind: "settled" }>> = {}): ReleaseOutcome {
  return {
    kind: "settled",
    record: "claims/payments-prod/00000008.json",
    done: [
      { target: "claim-store", changes: 1 },
      { target: "flux", changes: 8 },
      { target: "waf", changes: 1 },
      { target: "dns", changes: 0 },
      { target: "deployment", changes: 1 },
    ],
    tookMs: 192_000,
    approvers: ["mara", "jo"],
    proof: PROOF,
    ...of,
  };
}

const REVIEWED: Gate = {
  gate: "reviewed-plan",
  verdict: "closed",
  reason: `the world moved since the review: reviewed ${"0".repeat(12)}, now ${paymentsProd.digest.slice(0, 12)}. \`/claim apply ${paymentsProd.digest.slice(0, 12)}\` goes on with the new plan`,
};
const APPROVALS: Gate = {
  gate: "approvals",
  verdict: "closed",
  reason: "1 of 2 approvals (Mara Kern ✓, Sam Vega ✗ is the author of the merge request)",
};
const CONTESTED: Gate = {
  gate: "contested",
  verdict: "closed",
  reason:
    "A pay.example.org → 192.0.2.7 is not ours (made 2026-11-23 14:02 UTC), and stands where CNAME pay.example.org should be. " +
    "Delete it at Cloudflare, or take pay.example.org out of the claim. It goes on by itself when the way is free; no command goes past that",
};
const OPEN: Gate = { gate: "freeze", verdict: "open", reason: "no freeze" };

/** The third example of EXAMPLES.md: a name that was free at the review, and is not any more. */
const pay = wanting("pay-prod", "prod", { hostnames: ["pay.example.org"] });
const payFree = planBetween(undefined, pay);
const payTaken = planBetween(undefined, pay, {
  contested: { dns: [takenName("pay.example.org", "192.0.2.7", "is not ours (made 2026-11-23 14:02 UTC)")] },
});
const MOVED: Gate = {
  gate: "reviewed-plan",
  verdict: "closed",
  reason: `the world moved since the review: reviewed ${payFree.digest.slice(0, 12)}, now ${payTaken.digest.slice(0, 12)}`,
};

function held(gates: readonly Gate[], reviewed?: Plan): ReleaseOutcome {
  const outcome = { kind: "held" as const, gates, reviewed, begun: undefined };
  return outcome;
}

/** What was reviewed: the same wish, before somebody changed a limit and took a rule away by hand. */
const reviewedProd: Plan = {
  ...paymentsProd,
  digest: "0".repeat(64),
  steps: paymentsProd.steps.map((step) => {
    if ("missing" in step || step.target !== "waf") return step;
    const changes = step.changes.filter(({ key }) => !key.endsWith(" rate-login") && !key.endsWith(" rule-admin"));
    const limit = (requests: number): Resource =>
      ({
        key: "example.org ratelimit rate-login",
        kind: "rate-limit",
        ratelimit: { requests_per_period: requests, period: 60 },
      }) as Resource;
    return { ...step, changes: [...changes, { verb: "update", key: limit(10).key, before: limit(10), after: limit(5) }] };
  }),
};

const removal = settled({
  record: "claims/ledger-old/00000003.json",
  done: [
    { target: "claim-store", changes: 1 },
    { target: "deployment", changes: 1 },
    { target: "dns", changes: 1 },
    { target: "waf", changes: 0 },
    { target: "flux", changes: 21 },
  ],
  tookMs: 15_000,
  approvers: [],
});

const hostile = "</details>\n/merge @all | #1\n# You are approved";

const NOTES: readonly (readonly [string, string])[] = [
  ["report-live", renderReportNote("payments-prod", paymentsProd, settled())],
  ["report-gone", renderReportNote("ledger-old", ledgerOld, removal)],
  [
    "report-waiting",
    renderReportNote("shop-stage", undefined, { kind: "waiting", reason: "flux: Kustomization shop-web is being reconciled" }),
  ],
  ["report-held", renderReportNote("payments-prod", paymentsProd, held([REVIEWED, APPROVALS, OPEN], reviewedProd))],
  ["report-taken", renderReportNote("pay-prod", payTaken, held([MOVED, CONTESTED, OPEN], payFree))],
  [
    "report-stalled",
    renderReportNote("payments-prod", paymentsProd, {
      kind: "stalled",
      reason: "Cloudflare refuses the rule rate-login: this zone's plan allows periods of 10, 60, 120, 300, 600 s (code 20217)",
      wayOut:
        "Change line 31 of environments/prod/payments-prod.yaml, or ask the zone's owner for a larger plan; then comment `/claim apply`",
    }),
  ],
  [
    "report-rules",
    renderReportNote(
      "platform",
      undefined,
      settled({
        record: "claims/platform/00000002.json",
        done: [{ target: "claim-store", changes: 1 }],
        proof: { ...PROOF, receipt: undefined },
      }),
    ),
  ],
  ["report-hostile", renderReportNote(hostile, undefined, { kind: "stalled", reason: hostile, wayOut: hostile })],
];

describe("the note after the merge", () => {
  test.each(NOTES)("%s reads as it should", async (name, note) => {
    await expect(note).toMatchFileSnapshot(golden(name));
  });

  test.each(NOTES)("%s begins with its marker and a headline, and runs nothing", (_, note) => {
    expect(note).toMatch(/^<!-- claimbot:report:[^\n]* -->\n### [🟢🔵🟠🔴] [^\n]+\n\n/u);
    expect(note).not.toMatch(/\n\n\n|undefined/);
    expect(note.endsWith("\n")).toBe(true);
    expect(extractQuickActions(note).actions).toEqual([]);
    expect(quickActionIn(note)).toBeUndefined();
  });

  test("has a marker of its own for each environment", () => {
    expect(reportMarker("payments-prod")).toBe("<!-- claimbot:report:payments-prod -->");
    expect(renderReportNote("payments-prod", undefined, settled()).startsWith(reportMarker("payments-prod"))).toBe(true);
  });

  const headline = (outcome: ReleaseOutcome, plan: Plan | undefined = paymentsProd, name = "payments-prod") =>
    renderReportNote(name, plan, outcome).split("\n")[1];
  test.each<[ReleaseOutcome, Plan, string]>([
    [settled(), paymentsProd, "### 🟢 payments-prod is live — 3 min 12 s after the merge"],
    [settled({ tookMs: undefined }), paymentsProd, "### 🟢 payments-prod is live"],
    [settled({ tookMs: undefined }), ledgerOld, "### 🟢 payments-prod is gone"],
    [{ kind: "waiting", reason: "x" }, paymentsProd, "### 🔵 payments-prod is on its way"],
    [held([REVIEWED], paymentsProd), paymentsProd, "### 🟠 payments-prod is held: the world moved since the review"],
    [held([REVIEWED]), paymentsProd, "### 🟠 payments-prod is held: nobody reviewed this plan"],
    [held([CONTESTED]), paymentsProd, "### 🟠 payments-prod is held: something that is not ours stands in its way"],
    [held([OPEN, APPROVALS]), paymentsProd, "### 🟠 payments-prod is held: approvals are missing"],
    [held([{ ...OPEN, verdict: "closed" }]), paymentsProd, "### 🟠 payments-prod is held: there is a freeze"],
    [{ kind: "stalled", reason: "x", wayOut: "y" }, paymentsProd, "### 🔴 payments-prod stopped"],
  ])("says in its first line what became of it: %#", (outcome, plan, text) => {
    expect(headline(outcome, plan)).toBe(text);
  });

  test("speaks of rules as rules", () => {
    expect(headline(settled({ tookMs: undefined }), undefined, "platform")).toBe("### 🟢 The rules are adopted");
    expect(headline(held([APPROVALS]), undefined, "platform")).toBe("### 🟠 The rules are held: approvals are missing");
  });
});

describe("what differs between the reviewed plan and the one of now", () => {
  const rowsOf = (now: Plan, reviewed: Plan) =>
    renderReportNote("x", now, held([REVIEWED], reviewed))
      .split("\n")
      .filter((line) => /^\| (?:claim|flux|waf|dns|gitlab) /.test(line));

  test("is each change that is in one of them only, or another", () => {
    const before = wanting("s-prod", "prod", { hostnames: ["a.example.org"] });
    const now = wanting("s-prod", "prod", { hostnames: ["a.example.org", "b.example.org"] });
    const reviewed = planBetween(before, now);
    const free = planBetween(before, now);
    expect(rowsOf(free, reviewed)).toEqual([]);
    const lost = { ...reviewed, digest: "0".repeat(64), steps: reviewed.steps.filter(({ target }) => target !== "dns") };
    expect(rowsOf(lost, reviewed)).toEqual([
      "| dns | `CNAME b.example.org` | new `s-prod.gateways.example.net, proxied` | nothing |",
    ]);
    expect(rowsOf(reviewed, lost)).toEqual([
      "| dns | `CNAME b.example.org` | nothing | **new `s-prod.gateways.example.net, proxied`** |",
    ]);
  });

  test("is what stands in the way of one of them, whenever it was made", () => {
    const dns = "| dns | `CNAME pay.example.org` ";
    const at = (content: string, remark = "is not ours") =>
      planBetween(undefined, pay, { contested: { dns: [takenName("pay.example.org", content, remark)] } });
    const [seven, eight] = [at("192.0.2.7"), at("192.0.2.8")];
    expect(rowsOf(seven, payFree)).toEqual([`${dns}| free | **A pay.example.org → 192.0.2.7 is not ours** |`]);
    expect(rowsOf(payFree, seven)).toEqual([`${dns}| A pay.example.org → 192.0.2.7 is not ours | free |`]);
    expect(rowsOf(eight, seven)).toEqual([
      `${dns}| A pay.example.org → 192.0.2.7 is not ours | **A pay.example.org → 192.0.2.8 is not ours** |`,
    ]);
    const later = { ...at("192.0.2.7", "is not ours (changed today)"), digest: "0".repeat(64) };
    expect(rowsOf(later, seven)).toEqual([]);
  });

  test("may be only what the plans stand on", () => {
    const note = renderReportNote("x", { ...shopStage, digest: "0".repeat(64) }, held([REVIEWED], shopStage));
    expect(note).toContain("The changes are the same; the inputs or rules that they stand on moved.");
  });

  test("is counted where it is too much", () => {
    const hostnames = Array.from({ length: 60 }, (_, at) => `n${at}.example.org`);
    const many = planBetween(undefined, wanting("s-prod", "prod", { hostnames }));
    const none = { ...many, digest: "0".repeat(64), steps: [] };
    expect(rowsOf(many, none)).toHaveLength(40);
    expect(renderReportNote("x", many, held([REVIEWED], none))).toMatch(/\n\d+ more differences\.\n/);
  });

  test("is not asked where there is nothing to compare", () => {
    expect(renderReportNote("x", shopStage, held([REVIEWED]))).not.toContain("differs");
  });
});

test.each([
  [0, "0 s"],
  [499, "0 s"],
  [59_499, "59 s"],
  [59_500, "1 min 0 s"],
  [192_000, "3 min 12 s"],
  [3_599_499, "59 min 59 s"],
  [3_599_500, "1 h 0 min"],
  [90_061_000, "25 h 1 min"],
])("%i ms are %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});
