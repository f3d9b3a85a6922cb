/** What git's words mean: messages of git 2.39, read with LC_ALL=C (checked 2026-11-24). */
import { Stalled, Waiting } from "../../core/errors.ts";
import { redact, type Secret } from "../../core/secret.ts";
import { GitDeadline, GitFailure } from "./run.ts";

/** The repository on disk is damaged: it is to be made anew. */
export function isDamage(error: unknown): boolean {
  return error instanceof GitFailure && DAMAGE.test(error.stderr);
}

const DAMAGE =
  /not a git repository|bad config|is corrupt|unable to (read|parse)|could not read|bad (object|tree|file)|object file .* is empty|missing (blob|tree|commit)|packfile .* (cannot|does not)|inflate|hash mismatch|badly formatted|broken (link|ref)|did not send all necessary objects|invalid (sha1|object) pointer|cannot read existing/i;

/** The lock file that stands in the way. */
export function lockOf(error: unknown): string | undefined {
  if (!(error instanceof GitFailure)) return undefined;
  return /Unable to create '([^'\n]+\.lock)': File exists/.exec(error.stderr)?.[1];
}

/** The ref that the remote does not have; git stops at the first. */
export function missingRefOf(error: unknown): string | undefined {
  if (!(error instanceof GitFailure)) return undefined;
  return /couldn't find remote ref (\S+)/i.exec(error.stderr)?.[1];
}

/** A failed fetch, named by what should happen next. Errors of another kind come back as they are. */
export function fetchFailure(error: unknown, origin: string, secrets: readonly Secret[]): unknown {
  if (error instanceof GitDeadline) return new Waiting(`git could not fetch from ${origin}: ${error.message}`, 60_000);
  if (!(error instanceof GitFailure)) return error;
  const said = redact(error.stderr, secrets).replaceAll(/\s+/g, " ").trim().slice(0, 300);
  const [, wayOut] = STALLS.find(([words]) => words.test(said)) ?? [];
  if (wayOut !== undefined) return new Stalled(`git could not fetch from ${origin}: ${said}`, wayOut);
  return new Waiting(`git could not fetch from ${origin}: ${said}`, /\b429\b/.test(said) ? 60_000 : 15_000);
}

const STALLS: readonly (readonly [RegExp, string])[] = [
  [
    /could not read (Username|Password)|Authentication failed|HTTP Basic|error: 40[13]/i,
    "Give CLAIMBOT_GITLAB_TOKEN the right to read the repository (read_repository, Reporter)",
  ],
  [/not found|error: 404/i, "Look whether CLAIMBOT_GITLAB_PROJECT exists and CLAIMBOT_GITLAB_TOKEN may see it"],
  [/transport '[^']*' not allowed/i, "Use an https address for the repository"],
  [/certificate/i, "Mend the server's certificate, or name its authority in NODE_EXTRA_CA_CERTS"],
  [
    /error: 30\d|unable to update url base from redirection/i,
    "Set CLAIMBOT_GITLAB_URL to where GitLab is now: redirects are not followed",
  ],
  [/No space left on device/i, "Make room for CLAIMBOT_DATA_DIR"],
  [/Permission denied/i, "Let claimbot write to CLAIMBOT_DATA_DIR"],
];
