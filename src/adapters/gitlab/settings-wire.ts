/** GitLab's answers about hooks, tokens and protection into the core's words, and back. Pure (contract of 2026-11-24). */
import type {
  BranchAccess,
  BranchRule,
  BranchWish,
  ForgeHook,
  ForgeRelease,
  ForgeToken,
  HookDelivery,
  HookSecretValues,
  HookWish,
  MergeSettings,
} from "../../core/ports.ts";
import { fields, integer, list, optionalText, text, time } from "./wire.ts";

export function releaseOf(value: unknown): ForgeRelease {
  const release = fields(value);
  return { version: text(release, "version"), enterprise: release["enterprise"] === true };
}

export function tokenOf(value: unknown): ForgeToken {
  const token = fields(value);
  return {
    name: text(token, "name"),
    scopes: list(token["scopes"]).filter((scope) => typeof scope === "string"),
    expiresOn: optionalText(token, "expires_at"),
  };
}

export function hookOf(value: unknown): ForgeHook {
  const hook = fields(value);
  const health = optionalText(hook, "alert_status");
  return {
    id: integer(hook, "id"),
    name: optionalText(hook, "name"),
    url: text(hook, "url"),
    events: Object.keys(hook).filter((name) => name.endsWith("_events") && hook[name] === true),
    branchFilter: hook["branch_filter_strategy"] === "all_branches" ? undefined : optionalText(hook, "push_events_branch_filter"),
    hasTemplate: optionalText(hook, "custom_webhook_template") !== undefined,
    verifiesCertificate: hook["enable_ssl_verification"] !== false,
    hasSecret: optionalBoolean(hook["token_present"]),
    hasSigningToken: optionalBoolean(hook["signing_token_present"]),
    health: health === "temporarily_disabled" || health === "disabled" ? health : "executable",
    disabledUntil: optionalText(hook, "disabled_until") === undefined ? undefined : time(hook, "disabled_until"),
  };
}

/** PUT wants the address again; an empty filter or template takes one away. */
export function hookBody({ name, url, events, secrets }: HookWish): object {
  return {
    url,
    name,
    ...events,
    push_events_branch_filter: "",
    branch_filter_strategy: "all_branches",
    custom_webhook_template: "",
    enable_ssl_verification: true,
    ...secretsBody(secrets),
  };
}

export function secretsBody({ secret, signingToken }: HookSecretValues): object {
  return {
    ...(secret && { token: secret.reveal() }),
    ...(signingToken && { signing_token: signingToken.reveal() }),
  };
}

/** `response_status` is a text: a status, or `internal error` where nobody answered. */
export function hookDeliveryOf(value: unknown): HookDelivery {
  const delivery = fields(value);
  const status = Number(optionalText(delivery, "response_status") ?? NaN);
  return {
    trigger: text(delivery, "trigger"),
    at: time(delivery, "created_at"),
    status: Number.isInteger(status) ? status : undefined,
  };
}

export function branchRuleOf(value: unknown): BranchRule {
  const rule = fields(value);
  return {
    name: text(rule, "name"),
    push: list(rule["push_access_levels"]).map(accessOf),
    merge: list(rule["merge_access_levels"]).map(accessOf),
    forcePush: rule["allow_force_push"] === true,
  };
}

/** A level beside a user, group or key is that of the entry's kind, and says nothing about who it is. */
function accessOf(value: unknown): BranchAccess {
  const access = fields(value);
  const single = ["user_id", "group_id", "deploy_key_id"].some((name) => typeof access[name] === "number");
  const level = access["access_level"];
  return {
    id: typeof access["id"] === "number" ? access["id"] : 0,
    level: single || typeof level !== "number" ? undefined : level,
    description: optionalText(access, "access_level_description") ?? "somebody",
  };
}

export function isAsWished({ push, merge, forcePush }: BranchRule, wish: BranchWish): boolean {
  const merges = wish.merge === undefined || merge.some(({ level }) => level === wish.merge);
  return push.every(({ level }) => level === wish.push) && merges && !forcePush;
}

/** Who else may push goes; who else may merge stays. */
export function branchPatch({ push, merge }: BranchRule, wish: BranchWish): object {
  const others = push.filter(({ level }) => level !== wish.push).map(({ id }) => ({ id, _destroy: true }));
  return {
    allow_force_push: false,
    allowed_to_push: [...(push.some(({ level }) => level === wish.push) ? [] : [{ access_level: wish.push }]), ...others],
    ...(wish.merge !== undefined &&
      merge.every(({ level }) => level !== wish.merge) && { allowed_to_merge: [{ access_level: wish.merge }] }),
  };
}

const MAINTAINERS = 40;

/** The rule made anew; `found` is what stood in its place. */
export function branchBody(wish: BranchWish, found: BranchRule | undefined): object {
  const levels = (found?.merge ?? []).flatMap(({ level }) => level ?? []);
  return {
    name: wish.name,
    push_access_level: wish.push,
    merge_access_level: wish.merge ?? Math.min(...levels, MAINTAINERS),
    allow_force_push: false,
  };
}

export function mergeSettingsOf(project: unknown, approvals: unknown): MergeSettings {
  return {
    pipelineMustSucceed: fields(project)["only_allow_merge_if_pipeline_succeeds"] === true,
    approvals: approvals === undefined ? undefined : approvalSettingsOf(fields(approvals)),
  };
}

function approvalSettingsOf(approvals: Readonly<Record<string, unknown>>): MergeSettings["approvals"] {
  return {
    byAuthor: approvals["merge_requests_author_approval"] === true,
    byCommitters: approvals["merge_requests_disable_committers_approval"] !== true,
    resetOnPush: approvals["reset_approvals_on_push"] === true,
  };
}

function optionalBoolean(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}
