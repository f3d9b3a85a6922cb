/** The verdicts on the project hook: is it there, does it hear, is it on, does anybody answer. Pure. */
import type { ForgeHook, HookDelivery } from "../ports.ts";
import type { Check } from "./check.ts";
import { differenceWords, eventWords, hookDifferences, neededEvents, type DesiredHook } from "./hook.ts";

const INIT = "Run claimbot init";

export function checkHookSettings(hook: ForgeHook | undefined, desired: DesiredHook): Check {
  const name = "hook";
  if (hook === undefined)
    return { name, verdict: "bad", detail: `there is no hook ${desired.name} to ${desired.url}`, fix: INIT };
  const differences = hookDifferences(hook, desired);
  if (differences.length > 0) {
    const verdict = differences.some(({ losesEvents }) => losesEvents) ? "bad" : "warning";
    return { name, verdict, detail: `hook ${hook.id} ${differenceWords(differences)}`, fix: INIT };
  }
  return { name, verdict: "good", detail: `hook ${hook.id} calls ${hook.url}: ${eventWords(neededEvents())}` };
}

/** GitLab switches a hook off after four failures in a row; what happens meanwhile is never sent (facts of 2026-11-24). */
export function checkHookHealth({ id, health, disabledUntil }: ForgeHook): Check {
  const name = "hook-health";
  const fix = "Mend what the deliveries say, then: claimbot doctor --fix, which sends a test event";
  switch (health) {
    case "executable":
      return { name, verdict: "good", detail: `hook ${id} is on` };
    case "temporarily_disabled":
      return {
        name,
        verdict: "bad",
        detail: `hook ${id} is off after failures, until ${disabledUntil ?? "GitLab tries again"}`,
        fix,
      };
    case "disabled":
      return { name, verdict: "bad", detail: `hook ${id} is off for good after 40 failures in a row`, fix };
  }
}

/** Newest first. */
export function checkDeliveries(deliveries: readonly HookDelivery[] | undefined, url: string): Check {
  const name = "hook-deliveries";
  if (deliveries === undefined) return { name, verdict: "skipped", detail: "this GitLab does not tell what it sent" };
  const [newest] = deliveries;
  if (newest === undefined) return { name, verdict: "skipped", detail: "nothing was sent in the last two days" };
  const failures = deliveries.filter((delivery) => !isTaken(delivery)).length;
  const count = `${failures} of the last ${deliveries.length} failed`;
  const last = `the last one (${newest.trigger}, ${newest.at}) was answered ${newest.status ?? "by nobody"}`;
  if (isTaken(newest)) return { name, verdict: failures === 0 ? "good" : "warning", detail: `${last}; ${count}` };
  return { name, verdict: "bad", detail: `${last}; ${count}`, fix: wayOut(newest.status, url) };
}

/** As GitLab counts: a redirect is success for it, but nobody stored the event. */
function isTaken({ status }: HookDelivery): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

function wayOut(status: number | undefined, url: string): string {
  if (status === undefined)
    return `GitLab cannot reach ${url}: look at name, firewall and certificate, and at GitLab's own Outbound requests`;
  if (status === 401) return "GitLab and the service have different secrets: claimbot init sends those of the settings";
  if (status === 503) return "The service cannot store events: look at its log and its database";
  return `Something else than claimbot answers at ${url}: look at the address, and at what stands before it`;
}

/** How many secrets of each kind the service has, beside those that GitLab has. */
export function checkHookSecrets(hook: ForgeHook, live: { readonly secrets: number; readonly signingTokens: number }): Check {
  const name = "webhook-secret";
  const { secrets, signingTokens } = live;
  if (signingTokens > 0 && hook.hasSigningToken !== true) {
    const detail = "the service demands a signature, and GitLab does not sign: every event is refused";
    return { name, verdict: "bad", detail, fix: `${INIT}; before GitLab 19, unset CLAIMBOT_WEBHOOK_SIGNING_TOKEN` };
  }
  if (signingTokens === 0 && secrets > 0 && hook.hasSecret === false) {
    return { name, verdict: "bad", detail: "the service demands a secret, and GitLab sends none", fix: INIT };
  }
  if (secrets + signingTokens === 0) {
    const fix = "Run this with the service's own settings";
    return { name, verdict: "skipped", detail: "the settings hold no secret to compare with GitLab's", fix };
  }
  if (secrets > 1 || signingTokens > 1) {
    const fix = "When claimbot hook rotate --switch is done, take the old ones out of the list";
    return { name, verdict: "warning", detail: "several are live: a rotation is under way", fix };
  }
  if (signingTokens === 0 && hook.hasSigningToken === true) {
    const fix =
      "Set CLAIMBOT_WEBHOOK_SIGNING_TOKEN; if nobody has it, make one (whsec_ and openssl rand -base64 32) and run claimbot init with it first";
    return { name, verdict: "warning", detail: "GitLab signs, but the service checks the secret alone", fix };
  }
  return {
    name,
    verdict: "good",
    detail: signingTokens > 0 ? "GitLab signs, and the service checks it" : "a secret stands on both sides",
  };
}
