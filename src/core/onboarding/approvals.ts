/** How merge requests should be approved and merged, as advice: who approves what is the company's own decision. Pure. */
import type { MergeSettings } from "../ports.ts";
import type { Check } from "./check.ts";

export function adviseOnMerges({ pipelineMustSucceed, approvals }: MergeSettings): readonly Check[] {
  return [
    pipelineMustSucceed
      ? { name: "pipelines", verdict: "good", detail: "a merge needs a pipeline that succeeded, so a red claimbot/plan stops it" }
      : {
          name: "pipelines",
          verdict: "warning",
          detail: "a merge request with a red claimbot/plan can be merged (its release is still judged)",
          fix: "Turn on Pipelines must succeed at Settings > Merge requests",
        },
    approvalCheck(approvals),
  ];
}

function approvalCheck(approvals: MergeSettings["approvals"]): Check {
  const name = "approvals";
  const advice = [
    { is: approvals?.byAuthor === false, words: "Prevent approval by author" },
    { is: approvals?.byCommitters === false, words: "Prevent approvals by users who add commits" },
    { is: approvals?.resetOnPush === true, words: "Remove all approvals when commits are added" },
  ];
  if (approvals === undefined) {
    const list = advice.map(({ words }) => words).join(", ");
    return {
      name,
      verdict: "skipped",
      detail: `this edition of GitLab lacks the settings that are recommended (${list}): claimbot itself counts no such approval`,
    };
  }
  const missing = advice.filter(({ is }) => !is).map(({ words }) => words);
  if (missing.length === 0)
    return { name, verdict: "good", detail: "authors and committers do not approve, a push resets approvals" };
  return {
    name,
    verdict: "warning",
    detail: "GitLab shows approvals that claimbot will not count",
    fix: `Turn on at Settings > Merge requests: ${missing.join(", ")}`,
  };
}
