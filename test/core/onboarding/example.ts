/** A hook, a rule and a user as they should be: tests say what is different. */
import type { BranchAccess, BranchRule, ForgeHook, User } from "../../../src/core/ports.ts";

export const DESIRED = { name: "claimbot acme", url: "https://claimbot.example.org/webhooks/gitlab" };

export function hook(different: Partial<ForgeHook> = {}): ForgeHook {
  return {
    id: 7,
    name: DESIRED.name,
    url: DESIRED.url,
    events: ["merge_requests_events", "note_events", "push_events"],
    branchFilter: undefined,
    hasTemplate: false,
    verifiesCertificate: true,
    hasSecret: true,
    hasSigningToken: true,
    health: "executable",
    disabledUntil: undefined,
    ...different,
  };
}

export function access(level: number | undefined, description = `level ${level}`): BranchAccess {
  return { id: 1, level, description };
}

export function rule(different: Partial<BranchRule> = {}): BranchRule {
  return { name: "main", push: [access(0)], merge: [access(30)], forcePush: false, ...different };
}

export const BOT: User = { id: 5, username: "project_301_bot_4f", name: "claimbot", bot: true };
