import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bucketRevision, failingPart, verdict, type Verdict } from "../../../src/targets/flux/verdict.ts";

const EXPECTED = { revision: "sha256:new", claim: "shop-dev/00000007" };
const NOW = new Date("2026-11-24T08:10:00Z");

interface Shape {
  readonly claim?: string;
  readonly conditions?: readonly object[];
  readonly applied?: string;
  readonly attempted?: string;
  readonly generation?: number;
  readonly observed?: number;
}

const kustomization = ({
  claim = EXPECTED.claim,
  conditions = [],
  applied,
  attempted,
  generation = 3,
  observed = 3,
}: Shape): object => ({
  metadata: { generation, annotations: { "event.toolkit.fluxcd.io/claim": claim } },
  status: { conditions, observedGeneration: observed, lastAppliedRevision: applied, lastAttemptedRevision: attempted },
});
const ready = (status: string, reason = "ReconciliationSucceeded", lastTransitionTime = "2026-11-24T08:09:00Z"): object => ({
  type: "Ready",
  status,
  reason,
  message: `because ${reason}`,
  lastTransitionTime,
});
const cluster = (...conditions: readonly [string, string][]): object => ({
  status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
});
const ATTEMPTED = { attempted: EXPECTED.revision, applied: "sha256:old" };

const cases: readonly [string, unknown, Verdict["kind"], unknown?][] = [
  ["nothing there yet", undefined, "pending"],
  ["not an object", "what?", "pending"],
  ["no status yet", { metadata: { annotations: { "event.toolkit.fluxcd.io/claim": EXPECTED.claim } } }, "pending"],
  [
    "an older record",
    kustomization({ claim: "shop-dev/00000006", conditions: [ready("True")], applied: EXPECTED.revision }),
    "pending",
  ],
  [
    "a newer record",
    kustomization({ claim: "shop-dev/00000008", conditions: [ready("True")], applied: EXPECTED.revision }),
    "superseded",
  ],
  ["all of it", kustomization({ conditions: [ready("True")], applied: EXPECTED.revision }), "applied"],
  ["Ready=True that is still the old one", kustomization({ conditions: [ready("True")], ...ATTEMPTED }), "pending"],
  [
    "Ready=True of an older generation",
    kustomization({ conditions: [ready("True")], applied: EXPECTED.revision, observed: 2 }),
    "pending",
  ],
  ["Stalled", kustomization({ conditions: [ready("True"), { ...ready("True", "InvalidSpec"), type: "Stalled" }] }), "failed"],
  ["BuildFailed of ours", kustomization({ conditions: [ready("False", "BuildFailed")], ...ATTEMPTED }), "failed"],
  [
    "ReconciliationFailed of ours",
    kustomization({ conditions: [ready("False", "ReconciliationFailed")], ...ATTEMPTED }),
    "failed",
  ],
  ["PruneFailed of ours", kustomization({ conditions: [ready("False", "PruneFailed")], ...ATTEMPTED }), "failed"],
  [
    "BuildFailed of the one before",
    kustomization({ conditions: [ready("False", "BuildFailed")], attempted: "sha256:old" }),
    "pending",
  ],
  ["DependencyNotReady", kustomization({ conditions: [ready("False", "DependencyNotReady")], ...ATTEMPTED }), "pending"],
  ["HealthCheckCanceled", kustomization({ conditions: [ready("False", "HealthCheckCanceled")], ...ATTEMPTED }), "pending"],
  ["HealthCheckFailed, no cluster", kustomization({ conditions: [ready("False", "HealthCheckFailed")], ...ATTEMPTED }), "failed"],
  [
    "HealthCheckFailed while the cluster comes up",
    kustomization({ conditions: [ready("False", "HealthCheckFailed")], ...ATTEMPTED }),
    "pending",
    cluster(["Ready", "False"], ["Synced", "True"]),
  ],
  [
    "HealthCheckFailed, the cluster cannot come up",
    kustomization({ conditions: [ready("False", "HealthCheckFailed")], ...ATTEMPTED }),
    "failed",
    cluster(["Ready", "False"], ["Synced", "False"]),
  ],
  [
    "HealthCheckFailed although the cluster is there",
    kustomization({ conditions: [ready("False", "HealthCheckFailed")], ...ATTEMPTED }),
    "failed",
    cluster(["Ready", "True"], ["Synced", "True"]),
  ],
  [
    "path not found, a moment ago",
    kustomization({ conditions: [ready("False", "ArtifactFailed")], attempted: "sha256:old" }),
    "pending",
  ],
  [
    "path not found, for minutes",
    kustomization({ conditions: [ready("False", "ArtifactFailed", "2026-11-24T08:07:59Z")], attempted: "sha256:old" }),
    "failed",
  ],
  ["Unknown", kustomization({ conditions: [ready("Unknown", "Progressing")], ...ATTEMPTED }), "pending"],
];

describe("what Flux's status says of a release", () => {
  test.each(cases)("%s", (_, object, kind, xr) => {
    expect(verdict(object, EXPECTED, NOW, xr).kind).toBe(kind);
  });

  test("HealthCheckFailed while the cluster is still Ready of before its change: it comes up", () => {
    const xr = (generation: number): object => ({
      metadata: { generation },
      status: {
        conditions: [
          { type: "Ready", status: "True", observedGeneration: 3 },
          { type: "Synced", status: "True", observedGeneration: 3 },
        ],
      },
    });
    const object = kustomization({ conditions: [ready("False", "HealthCheckFailed")], ...ATTEMPTED });
    expect(verdict(object, EXPECTED, NOW, xr(4)).kind).toBe("pending");
    expect(verdict(object, EXPECTED, NOW, xr(3)).kind).toBe("failed");
  });

  // Ready says "Reconciliation in progress" from the beginning to the end, as the real one does.
  const step = (message: string): object => ({ ...ready("True", "Progressing"), type: "Reconciling", message });
  test.each([
    ["no status", [], "Flux has not begun yet"],
    [
      "health checks",
      [
        ready("Unknown", "Progressing"),
        step(`Running health checks for revision sha256:${"4a".repeat(32)} with a timeout of 5m0s`),
      ],
      "Running health checks with a timeout of 5m0s",
    ],
    ["Ready of before", [ready("True")], "Flux fetches the release"],
    ["the old artifact at a switch", [ready("False", "ArtifactFailed")], "Flux fetches the release"],
  ])("whoever waits reads what Flux does: %s", (_, conditions, message) => {
    expect(verdict(kustomization({ conditions, applied: "sha256:old" }), EXPECTED, NOW)).toEqual({ kind: "pending", message });
  });

  test("a part that failed says why; one that is ready, or waits for another, says nothing", () => {
    const part = (...conditions: readonly object[]): object => ({ metadata: { name: "ledger" }, status: { conditions } });
    expect(failingPart(part(ready("False", "ReconciliationFailed")))).toEqual([
      "ledger: ReconciliationFailed: because ReconciliationFailed",
    ]);
    for (const silent of [part(ready("True")), part(ready("False", "DependencyNotReady")), part(), undefined])
      expect(failingPart(silent)).toEqual([]);
  });

  test("a failure speaks in Flux's words", () => {
    const object = kustomization({ conditions: [ready("False", "BuildFailed")], ...ATTEMPTED });
    expect(verdict(object, EXPECTED, NOW)).toEqual({ kind: "failed", message: "BuildFailed: because BuildFailed" });
  });
});

describe("the revision of a Bucket", () => {
  test("does not depend on the order of a listing, nor on quotes of ETags", () => {
    const one = bucketRevision([
      { key: "b", etag: '"2"' },
      { key: "a", etag: "1" },
    ]);
    expect(one).toBe(
      bucketRevision([
        { key: "a", etag: '"1"' },
        { key: "b", etag: "2" },
      ]),
    );
  });

  test("of nothing is the digest of nothing, which is an alarm", () => {
    expect(bucketRevision([])).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  const vectors = new URL("../../../../shared/fixtures/flux/vectors.json", import.meta.url);
  test.skipIf(!existsSync(vectors))("is the one that Flux's own tests expect", () => {
    const text = readFileSync(vectors, "utf8");
    const vectorsOf = JSON.parse(text) as { bucketRevision: { index: Record<string, string>; revision: string }[] };
    expect(vectorsOf.bucketRevision.length).toBeGreaterThan(1);
    for (const { index, revision } of vectorsOf.bucketRevision) {
      expect(bucketRevision(Object.entries(index).map(([key, etag]) => ({ key, etag })))).toBe(revision);
    }
  });
});
