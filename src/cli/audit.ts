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

type Pages = Readonly<Record<(typeof FORMATS)[number], () => string>>;

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
  const since = values.since === undefined ? undefined : readTime(values.since, "start");
  const until = values.until === undefined ? undefined : readTime(values.until);
  if (since !== undefined && until !== undefined && since > until)
    throw new WrongUse(`--since ${values.since} is later than --until ${values.until}: nothing lies between`);
  const { world } = await openLocal(terminal, values.dir);
  const { entries, faults } = await readVerifiedAudit(world.store, new AbortController().signal);
  for (const fault of faults) terminal.err(faultLine(fault));
  const found = matching(entries, { environment: values.env, user: values.user, since, until });

  const json = (told: object): string => `${JSON.stringify({ faults, ...told }, null, 2)}\n`;
  if (values.report === true) {
    const reports = complianceOf(found, values.env);
    const frame = { since, until, head: entries.at(-1) };
    const pages: Pages = {
      text: () => complianceText(reports, frame),
      markdown: () => complianceMarkdown(reports, frame),
      csv: () => complianceCsv(reports),
      json: () => json({ environments: reports }),
    };
    terminal.out(pages[format]());
  } else {
    const pages: Pages = {
      text: () => auditText(found),
      markdown: () => auditMarkdown(found),
      csv: () => auditCsv(found),
      json: () => json({ entries: found }),
    };
    terminal.out(pages[format]());
  }
  // A name that was mistyped, or another store, must not pass for one of which nothing is to be said.
  if (entries.length === 0)
    terminal.err(`claimbot: ${oneLine(world.store.name)} has no audit log: nothing was ever done there\n`);
  else if (found.length === 0) terminal.err(`claimbot: none of the ${entries.length} entries of the audit log is of that\n`);
  return faults.length > 0 || found.length === 0 ? 1 : 0;
};

function faultLine({ fault, key, detail }: AuditFault): string {
  return `THE AUDIT LOG IS BROKEN at ${oneLine(key)}: ${oneLine(detail, 500)} (audit/${fault})\n`;
}
