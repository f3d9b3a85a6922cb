import MarkdownIt from "markdown-it";
import { describe, expect, test } from "vitest";
import { rulesPlan } from "../../../src/core/adopted.ts";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import type { Plan } from "../../../src/core/plan.ts";
import { quickActionIn } from "../../../src/core/render/encode.ts";
import { PLAN_MARKER, renderPlanNote, type PlanNote } from "../../../src/core/render/plan-note.ts";
import { extractQuickActions } from "../../../src/sandbox/gitlab/quick-actions.ts";
import type { DnsRecord } from "../../../src/targets/dns/model.ts";
import { ledgerOld, nothing, paymentsProd, planBetween, rules, shopStage, shopSue, takenName, wanting } from "./plans.ts";

const empty: PlanNote = { plans: [], diagnostics: [], conflicts: [], rules, remarks: [] };
const noteOf = (of: Partial<PlanNote>, limit?: number): string => renderPlanNote({ ...empty, ...of }, limit);
const golden = (name: string): string => `../../golden/notes/${name}.md`;

function mistake(of: Partial<Diagnostic>): Diagnostic {
  return {
    code: "claim/pool-bounds",
    severity: "error",
    path: "environments/stage/wrong-stage.yaml",
    line: 12,
    column: 46,
    endColumn: 47,
    message: "max 2 is below min 3.",
    hint: "Make max at least 3, or min at most 2.",
    ...of,
  };
}

const SIX: readonly Diagnostic[] = [
  mistake({
    code: "claim/owner-unknown",
    line: 5,
    column: 10,
    message: "commerce/unknown is not an owner that the platform knows.",
    hint: "Use commerce/shop, or ask for a new owner in `platform.yaml`.",
  }),
  mistake({
    code: "claim/region-unknown",
    line: 9,
    column: 13,
    message: "mars is not a region of the platform.",
    hint: "Use fra, ams or waw.",
  }),
  mistake({}),
  mistake({
    code: "claim/version-constraint",
    line: 15,
    column: 16,
    message: "newest is not a semver constraint.",
    hint: "Use a constraint such as ^2.3.0, ~2.3.0, 2.3.1 or >=2.3.0 <3.0.0.",
  }),
  mistake({
    code: "claim/dependency-missing",
    severity: "warning",
    line: 16,
    column: 19,
    message: "No claim of type stage has a service nowhere.",
    hint: "Add the service, or make the dependency optional: {name: nowhere, optional: true}.",
  }),
  mistake({
    code: "claim/hostname-outside-zone",
    line: 18,
    column: 17,
    message: "wrong.stage.exmaple.org is outside the zones of stage (stage.example.org).",
    hint: "Did you mean wrong.stage.example.org?",
  }),
];

const HOSTILE = [
  "@all #1 !1 ~bug %1 &1 $1 :tada: [x](https://evil.example) <img src=x onerror=alert(1)>",
  "</details>\n\n# You are approved\n/approve\n/merge",
  "a | b \\| c || `code` ``` ~~~ --> {+ x +}",
  "\u202eabc\u0000\u200b ${x} $`y`$ ![i](//evil.example/i.png) www.evil.example",
];

/** Whatever a claim, a server or a zone says, in every place where it may say something. */
function hostilePlan(): Plan {
  const [a, b, c, d] = HOSTILE as [string, string, string, string];
  // Most are in the way of something that is made.
  const places = ["record", a, d, ""];
  const contested = HOSTILE.map((text, at) => {
    const blocks = { key: places[at] ?? "", wayOut: text };
    return { key: text, content: text, remark: text, blocks };
  });
  const step = { pending: HOSTILE, contested };
  const plan = planBetween(undefined, wanting("shop-prod", "prod"));
  const dns: Omit<DnsRecord, "key"> = { kind: "dns-record", type: "A", ttl: 1, content: b, proxied: true, name: c, zone: d };
  return {
    ...plan,
    environment: c,
    verb: "change",
    versions: { [a]: { constraint: b, tag: c } },
    steps: [
      {
        ...step,
        target: "claim-store",
        changes: [
          {
            verb: "create",
            key: "record",
            after: { key: "record", kind: "claim", claimDigest: a, versions: { [b]: { constraint: a, tag: c } } } as never,
          },
        ],
      },
      {
        ...step,
        target: "flux",
        changes: [
          { verb: "delete", key: `Kustomization ${a}`, before: { key: `Kustomization ${a}`, kind: "Kustomization" } },
          { verb: "delete", key: b, before: { key: b, kind: d } },
          {
            verb: "update",
            key: c,
            before: { key: c, kind: c, object: { [a]: b } } as never,
            after: { key: c, kind: c, object: { [a]: d } } as never,
          },
        ],
      },
      {
        ...step,
        target: "waf",
        changes: [
          { verb: "create", key: a, after: { key: a, kind: "custom-rule", action: b, description: c } as never },
          { verb: "delete", key: `x ${b}`, before: { key: `x ${b}`, kind: "rate-limit", action: d } as never },
        ],
      },
      {
        ...step,
        target: "dns",
        changes: [
          { verb: "delete", key: a, before: { key: a, ...dns } },
          { verb: "create", key: d, after: { key: d, ...dns } },
        ],
      },
      { target: "deployment", missing: d },
    ],
  };
}

/** 199 small changes in dev, and in the middle one name that prod loses. */
function manyPlans(): readonly Plan[] {
  const names = Array.from({ length: 200 }, (_, at) => `shop-${String(at).padStart(3, "0")}`);
  return names.map((name, at) => {
    const hostnames = (...labels: readonly string[]) => ({ hostnames: labels.map((label) => `${label}.${name}.example.org`) });
    if (at === 100) return planBetween(wanting(name, "prod", hostnames("a", "b")), wanting(name, "prod", hostnames("a")));
    return planBetween(wanting(name, "dev", hostnames("a")), wanting(name, "dev", hostnames("a", "b")));
  });
}

const NOTES: Readonly<Record<string, string>> = {
  "one-new": noteOf({ plans: [shopStage] }),
  mixed: noteOf({ plans: [ledgerOld, paymentsProd, shopSue, nothing] }),
  "six-mistakes": noteOf({ diagnostics: SIX, plans: [shopStage] }),
  conflict: noteOf({ conflicts: ["environments/prod/payments-prod.yaml", "platform.yaml"] }),
  "nothing-changes": noteOf({ plans: [nothing] }),
  "two-hundred": noteOf({ plans: manyPlans() }),
  unconfigured: noteOf({
    plans: [
      planBetween(undefined, wanting("shop-dev", "dev"), {
        missing: {
          waf: "no CLAIMBOT_CLOUDFLARE_TOKEN",
          dns: "no CLAIMBOT_CLOUDFLARE_TOKEN",
          deployment: "no CLAIMBOT_GITLAB_URL",
        },
      }),
    ],
  }),
  contested: noteOf({
    plans: [
      planBetween(undefined, wanting("shop-dev", "dev"), {
        pending: { flux: ["Kustomization shop-dev is being reconciled"] },
        contested: { dns: [takenName("shop.dev.example.org", "192.0.2.9", "is not ours (made by hand, ask @mara)")] },
      }),
      planBetween(wanting("shop-stage", "stage"), wanting("shop-stage", "stage"), {
        contested: {
          waf: [
            { key: "rule claimbot.test.shop-stage.x", content: "", remark: "bears our mark, but no claim ever asked for it" },
          ],
        },
      }),
    ],
  }),
  hostile: noteOf({
    plans: [hostilePlan()],
    diagnostics: HOSTILE.map((text) =>
      mistake({ severity: "warning", path: `environments/dev/${text}`, message: text, hint: text }),
    ),
  }),
  "hostile-mistakes": noteOf({
    diagnostics: HOSTILE.map((text) => mistake({ path: `environments/dev/${text}`, message: text, hint: text })),
  }),
  rules: noteOf({
    plans: [
      rulesPlan(
        { platform: rules, policies: [{ path: "policies/prod.cedar", text: "old" }] },
        {
          platform: {
            ...rules,
            spec: { ...rules.spec, types: { ...rules.spec.types, prod: { ...rules.spec.types.prod, approvals: 1 } } },
          },
          policies: [{ path: "policies/prod.cedar", text: "new" }],
        },
      ),
    ],
  }),
};

describe("the note", () => {
  test.each(Object.entries(NOTES))("%s reads as it should", async (name, note) => {
    await expect(note).toMatchFileSnapshot(golden(name));
  });

  test.each(Object.entries(NOTES))(
    "%s is whole: its marker first, its folds closed, its tables uncut, and no quick action",
    (_, note) => {
      expect(note.startsWith(`${PLAN_MARKER}\n### `)).toBe(true);
      expect(note).not.toMatch(/\n\n\n|undefined|\[object|NaN/);
      expect(note.endsWith("\n")).toBe(true);
      expect(extractQuickActions(note).actions).toEqual([]);
      expect(quickActionIn(note)).toBeUndefined();
      const tokens = new MarkdownIt({ html: true }).parse(note, {});
      const html = tokens.filter(({ type }) => type === "html_block").map(({ content }) => content.trim());
      const folds = html.slice(1);
      expect(folds.filter((text) => text === "</details>")).toHaveLength(folds.length / 2);
      expect(
        folds.every((text, at) => (at % 2 === 0 ? /^<details><summary><b>.*<\/summary>$/.test(text) : text === "</details>")),
      ).toBe(true);
      const cells = tokens.filter(({ type }) => type === "td_open" || type === "th_open").length;
      const bars = note.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
      expect(cells).toBe(bars.reduce((sum, line) => sum + line.split(/(?<!\\) \|/).length - 1, 0));
    },
  );
});

describe("the first line", () => {
  const headline = (of: Partial<PlanNote>) => noteOf(of).split("\n")[1];
  test.each<[string, Partial<PlanNote>, string]>([
    [
      "counts what is new, changed and removed, and what faces the world",
      {
        plans: [
          ledgerOld,
          shopSue,
          planBetween(wanting("a-dev", "dev"), wanting("a-dev", "dev", { hostnames: ["b.dev.example.org"] })),
        ],
      },
      "### 🟡 3 environments: 1 new · 1 changed · 1 removed — DNS +2 −2 — risk **medium**",
    ],
    ["says that no name goes", { plans: [shopSue] }, "### 🟢 1 environment: 1 new — DNS +1 −0 — risk **low**"],
    [
      "leaves out what does not face the world",
      {
        plans: [
          planBetween(wanting("a-dev", "dev"), wanting("a-dev", "dev", { pools: [{ class: "general-public", min: 2, max: 7 }] })),
        ],
      },
      "### 🟢 1 environment: 1 changed — risk **low**",
    ],
    [
      "says when prod loses an environment",
      { plans: [planBetween(wanting("a-prod", "prod"), undefined), shopStage] },
      "### 🔴 2 environments: 1 new · 1 removed — DNS +1 −1 · WAF +3 −2 — risk **high**, prod loses 1 environment",
    ],
    [
      "says when prod loses both whole environments and parts of others",
      { plans: [planBetween(wanting("a-prod", "prod"), undefined), paymentsProd] },
      "### 🔴 2 environments: 1 changed · 1 removed — DNS +1 −2 · WAF +1 ~4 −2 — risk **high**, prod loses 1 environment and 2 things",
    ],
    [
      "counts one mistake in the singular",
      { diagnostics: [mistake({})] },
      "### 🔴 1 mistake in 1 file: no plan before it is mended",
    ],
    [
      "counts only files with mistakes",
      { diagnostics: [mistake({}), mistake({ path: "platform.yaml" }), mistake({ path: "x", severity: "warning" })] },
      "### 🔴 2 mistakes in 2 files: no plan before they are mended",
    ],
    [
      "stays with the plan when there are only warnings",
      { plans: [shopSue], diagnostics: [mistake({ severity: "warning" })] },
      "### 🟢 1 environment: 1 new — DNS +1 −0 — risk **low**",
    ],
    [
      "puts a conflict before everything",
      { conflicts: ["a"], diagnostics: [mistake({})] },
      "### 🔴 No plan: this branch conflicts with its target",
    ],
    ["says that nothing changes", { plans: [nothing] }, "### 🟢 Nothing changes"],
  ])("%s", (_, of, text) => {
    expect(headline(of)).toBe(text);
  });
});

describe("what stands unfolded, before the first fold", () => {
  const top = (of: Partial<PlanNote>) => noteOf(of).split("<details>")[0] ?? "";

  test("is what one prod environment among two hundred loses (S26)", () => {
    const note = top({ plans: manyPlans() });
    expect(note.split("\n")[1]).toContain("risk **high**, prod loses 1 thing");
    expect(note).toContain("| **shop-100** (prod) | DNS `CNAME b.shop-100.example.org` |");
  });

  test("is every environment that goes, as long as they fit, prod first", () => {
    const gone = Array.from({ length: 300 }, (_, at) =>
      planBetween(wanting(`gone-${at}`, at === 250 ? "prod" : "dev"), undefined),
    );
    const note = top({ plans: gone });
    const rows = note.split("\n").filter((line) => line.startsWith("| **"));
    expect(rows[0]).toContain("**gone-250** (prod) | **all of it**: cluster");
    expect(note).toContain(`| ${300 - rows.length} more environments | of lower risk: see below |`);
    expect(rows.length).toBeGreaterThan(100);
  });

  test("names five lost things of a kind, and counts the rest", () => {
    const hostnames = Array.from({ length: 8 }, (_, at) => `n${at}.dev.example.org`);
    const note = top({ plans: [planBetween(wanting("a-dev", "dev", { hostnames }), undefined)] });
    expect(note).toContain(
      "DNS `n0.dev.example.org`, `n1.dev.example.org`, `n2.dev.example.org`, `n3.dev.example.org`, `n4.dev.example.org` and 3 more |",
    );
  });

  test("is what is not ours, also where nothing changes", () => {
    const seen = { contested: { dns: [takenName("x")] } };
    const note = noteOf({ plans: [planBetween(wanting("a-dev", "dev"), wanting("a-dev", "dev"), seen)] });
    expect(note).toContain("**Not ours, not touched**\n\n- ⚠️ **a-dev** dns: A x → 192.0.2.9 is not ours\n");
  });

  test("is before all else what stands in the way, and no claim of low risk", () => {
    const seen = { contested: { dns: [takenName("a.dev.example.org"), takenName("b.dev.example.org")] } };
    const note = noteOf({ plans: [planBetween(undefined, wanting("a-dev", "dev", { hostnames: ["a.dev.example.org"] }), seen)] });
    expect(note).toMatch(/\n### ⛔ 1 environment: .* — \*\*1 thing in the way\*\*\n\n\*\*In the way\.\*\*/);
    expect(note).toContain(
      "- ⛔ **a-dev** dns: A a.dev.example.org → 192.0.2.9 is not ours, and stands where `CNAME a.dev.example.org` should be. " +
        "Delete it at Cloudflare, or take a.dev.example.org out of the claim.\n",
    );
    expect(note).toContain("**Not ours, not touched**\n\n- ⚠️ **a-dev** dns: A b.dev.example.org → 192.0.2.9 is not ours\n");
  });

  test("is what a fork is told", () => {
    const remarks = ["This comes from a fork."];
    expect(top({ remarks, unplanned: true })).toContain("### 🟡 Valid, but not planned\n\nThis comes from a fork.\n");
    expect(top({ remarks })).toContain("### 🟢 Nothing changes\n\nThis comes from a fork.\n");
  });

  test("is who has to approve: each number once, the names of five", () => {
    const plans = Array.from({ length: 7 }, (_, at) => planBetween(undefined, wanting(`s-${at}`, "stage")));
    expect(top({ plans: [...plans, paymentsProd, shopSue] })).toContain(
      "**s-0**, **s-1**, **s-2**, **s-3**, **s-4** and 2 more need 1 approval, none of author, committer or pusher · " +
        "**payments-prod** needs 2 approvals, none of author, committer or pusher · nothing happens before the merge\n",
    );
  });
});

describe("a note that would be too long", () => {
  test.each([2_000, 5_000, 20_000, 100_000])(
    "stays within %i characters, in whole folds and lines, and says what is left out",
    (limit) => {
      const plans = manyPlans();
      const note = noteOf({ plans }, limit);
      expect(note.length).toBeLessThanOrEqual(limit);
      const folds = note.split("<details>").length - 1;
      expect(note.split("</details>").length - 1).toBe(folds);
      const lines = note.split("\n").filter((line) => line.startsWith("- **shop-")).length;
      const left = Number(/^(\d+) more in the whole plan: `claimbot plan` prints it\.$/m.exec(note)?.[1] ?? 0);
      expect(folds + lines + left).toBe(plans.length);
      expect(note).toContain("prod loses 1 thing");
      expect(note.endsWith("`/claim help` says what you can do here.\n")).toBe(true);
    },
  );

  test("shows as many mistakes as fit, errors first, and counts the rest", () => {
    const diagnostics = Array.from({ length: 1_000 }, (_, at) =>
      mistake({ line: at + 1, severity: at === 999 ? "error" : "warning" }),
    );
    const note = noteOf({ diagnostics }, 10_000);
    const lines = note.split("\n").filter((line) => /^- (?:❌|⚠️)/.test(line));
    expect(lines[0]).toContain("wrong-stage.yaml:1000:46");
    expect(note).toContain(`- ${1_000 - lines.length} more: \`claimbot validate\` lists them all`);
    expect(note.length).toBeLessThan(10_000);
  });

  test("shows sixty changes of an environment, those that delete first, and counts the rest", () => {
    const hostnames = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `n${from + at}.dev.example.org`);
    const note = noteOf({
      plans: [
        planBetween(
          wanting("a-dev", "dev", { hostnames: hostnames(0, 20) }),
          wanting("a-dev", "dev", { hostnames: hostnames(20, 120) }),
        ),
      ],
    });
    const rows = note.split("\n").filter((line) => /^\| [+~−]\s/.test(line));
    expect(rows).toHaveLength(60);
    expect(rows.filter((row) => row.startsWith("| −\u00A0dns"))).toHaveLength(20);
    expect(note).toMatch(/\n\d+ more changes: `claimbot plan` prints them all\.\n/);
  });
});
