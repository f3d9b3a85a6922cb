/** claimbot audit: who did what, by the audit log; with --report, what an auditor files. Verifies the chain before it says anything. */
import { matching } from "../core/audit-query.ts";
import { complianceOf } from "../core/compliance.ts";
import { auditCsv, auditMarkdown, auditText } from "../core/render/audit-list.ts";
import { complianceCsv, complianceMarkdown, complianceText } from "../core/render/compliance-report.ts";
import { oneLine } from "../core/render/encode.ts";
import type { AuditFault } from "../core/verify-audit.ts";
import { readVerifiedAudit } from "../flows/verify/audit.ts";
import { WrongUse } from "./exit.ts";
import { openLocal } from "./local.ts";
import type { Run } from "./run.ts";
import { readTime } from "./which.ts";
import { oneOf, readWords } from "./words.ts";

const FORMATS = ["text", "json", "csv", "markdown"] as const;

export const audit: Run = async (words, terminal) => {
  const options = {
    env: { type: "string" },
    user: { type: "string" },
    since: { type: "string" },
    until: { type: "string" },
    report: { type: "boolean" },
    dir: { type: "string" },
    format: { type: "string" },
  } as const;
  const { values } = readWords(words, options, 0);
  const format = oneOf("format", values.format, FORMATS);
  if (values.report === true && values.user !== undefined)
    throw new WrongUse("--report is about environments: it has no --user. Without --report, --user lists what somebody did");
  const since = values.since === undefined ? undefined : beginningOf(values.since);
  const until = values.until === undefined ? undefined : readTime(values.until);
  const { world } = await openLocal(terminal, values.dir);
  const { entries, faults } = await readVerifiedAudit(world.store, new AbortController().signal);
  for (const fault of faults) terminal.err(faultLine(fault));
  const found = matching(entries, { environment: values.env, user: values.user, since, until });

  if (values.report === true) {
    const reports = complianceOf(found, values.env);
    const newest = entries.at(-1);
    const frame = { since, until, head: newest };
    switch (format) {
      case "text":
        terminal.out(complianceText(reports, frame));
        break;
      case "markdown":
        terminal.out(complianceMarkdown(reports, frame));
        break;
      case "csv":
        terminal.out(complianceCsv(reports));
        break;
      case "json":
        terminal.out(`${JSON.stringify({ faults, environments: reports }, null, 2)}\n`);
    }
  } else {
    switch (format) {
      case "text":
        terminal.out(auditText(found));
        break;
      case "markdown":
        terminal.out(auditMarkdown(found));
        break;
      case "csv":
        terminal.out(auditCsv(found));
        break;
      case "json":
        terminal.out(`${JSON.stringify({ faults, entries: found }, null, 2)}\n`);
    }
  }
  return faults.length > 0 ? 1 : 0;
};

/** A date counts from its beginning. */
function beginningOf(word: string): string {
  const time = readTime(word);
  return /^\d{4}-\d{2}-\d{2}$/.test(word) ? `${word}T00:00:00.000Z` : time;
}

function faultLine({ fault, key, detail }: AuditFault): string {
  return `THE AUDIT LOG IS BROKEN at ${oneLine(key)}: ${oneLine(detail, 500)} (audit/${fault})\n`;
}
