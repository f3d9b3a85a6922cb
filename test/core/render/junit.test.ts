import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Diagnostic } from "../../../src/core/diagnostic.ts";
import { renderJunit } from "../../../src/core/render/junit.ts";

const MISTAKE: Diagnostic = {
  code: "claim/pool-bounds",
  severity: "error",
  path: "environments/stage/b.yaml",
  line: 22,
  column: 9,
  endColumn: 10,
  message: 'max <1> is below "min" & \u0000.',
  hint: "Mend it.",
};

test("has one test for each file, failing where it has errors", () => {
  const warning: Diagnostic = { ...MISTAKE, path: "environments/stage/a.yaml", severity: "warning", message: "It looks odd." };
  expect(
    renderJunit(["environments/stage/b.yaml", "environments/stage/a.yaml", "environments/dev/c.yaml"], [MISTAKE, warning]),
  ).toBe(
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="claimbot" tests="3" failures="1" errors="0" skipped="0">
  <testsuite name="claims" tests="3" failures="1" errors="0" skipped="0">
    <testcase classname="environments.dev" name="environments/dev/c.yaml" file="environments/dev/c.yaml" time="0"/>
    <testcase classname="environments.stage" name="environments/stage/a.yaml" file="environments/stage/a.yaml" time="0">
      <system-out>environments/stage/a.yaml:22:9 It looks odd. Mend it. (claim/pool-bounds)</system-out>
    </testcase>
    <testcase classname="environments.stage" name="environments/stage/b.yaml" file="environments/stage/b.yaml" time="0">
      <failure type="claim/pool-bounds" message="max &lt;1&gt; is below &quot;min&quot; &amp; \ufffd.">environments/stage/b.yaml:22:9 max &lt;1&gt; is below &quot;min&quot; &amp; \ufffd. Mend it. (claim/pool-bounds)</failure>
    </testcase>
  </testsuite>
</testsuites>
`,
  );
});

test("adds a file that is no claim where it has mistakes", () => {
  const text = renderJunit([], [{ ...MISTAKE, path: "platform.yaml" }]);
  expect(text).toContain('<testcase classname="platform" name="platform.yaml"');
});

test("never lets foreign text out of its element", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (path, message) => {
      const text = renderJunit([], [{ ...MISTAKE, path, message }]);
      expect(text.match(/<(?!\/)[a-z?-]+/g)).toEqual(["<?xml", "<testsuites", "<testsuite", "<testcase", "<failure"]);
      // What XML 1.0 allows (production 2), but for the line ends that are ours.
      expect(text).toMatch(/^[\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
      expect(text).not.toMatch(/&(?!(amp|lt|gt|quot|apos);)/);
    }),
    { numRuns: 500 },
  );
});
