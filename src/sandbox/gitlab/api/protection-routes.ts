/** Writes of protected branches, and a project's rules for approvals. What the edition does not have is refused or overlooked, as GitLab does. */
import { Hono } from "hono";
import type { AccessLevel, Project, ProtectedBranch } from "../model.ts";
import { badParameter, conflict, notFound } from "../refusal.ts";
import { protectedBranch, type Entity } from "./entities.ts";
import type { Parameters } from "./parameters.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";

export function protectionRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.post("/protected_branches", (context) => {
    const project = projectOf(context, 40);
    const parameters = context.get("parameters");
    parameters.require("name");
    const name = parameters.text("name") ?? "";
    if (project.protectedBranches.some((rule) => rule.name === name)) {
      throw conflict(`Protected branch '${name}' already exists`);
    }
    const rule: ProtectedBranch = {
      id: context.get("world").id("protectedBranch"),
      name,
      pushLevel: levelOf(parameters, "push_access_level") ?? 40,
      mergeLevel: levelOf(parameters, "merge_access_level") ?? 40,
      forcePush: parameters.boolean("allow_force_push") ?? false,
    };
    project.protectedBranches.push(rule);
    return context.json(protectedBranch(rule), 201);
  });
  api.patch("/protected_branches/:name", (context) => {
    const project = projectOf(context, 40);
    const old = ruleOf(context, project);
    const parameters = context.get("parameters");
    // Lists of who may are Premium's: elsewhere they are overlooked.
    const premium = context.get("world").release.premium;
    const rule: ProtectedBranch = {
      ...old,
      forcePush: parameters.boolean("allow_force_push") ?? old.forcePush ?? false,
      ...(premium && {
        pushLevel: newLevel(parameters, "allowed_to_push", old.pushLevel),
        mergeLevel: newLevel(parameters, "allowed_to_merge", old.mergeLevel),
      }),
    };
    project.protectedBranches.splice(project.protectedBranches.indexOf(old), 1, rule);
    return context.json(protectedBranch(rule));
  });
  api.delete("/protected_branches/:name", (context) => {
    const project = projectOf(context, 40);
    project.protectedBranches.splice(project.protectedBranches.indexOf(ruleOf(context, project)), 1);
    return context.body(null, 204);
  });
  api.get("/approvals", (context) => {
    const project = projectOf(context, 40);
    if (!context.get("world").release.premium) throw notFound();
    return context.json(approvalSettings(project));
  });
  return api;
}

const LEVELS: readonly AccessLevel[] = [0, 30, 40];

function levelOf(parameters: Parameters, name: string): AccessLevel | undefined {
  const number = parameters.integer(name);
  const level = LEVELS.find((candidate) => candidate === number);
  if (number !== undefined && level === undefined) throw badParameter(`${name} does not have a valid value`);
  return level;
}

/** This sandbox keeps one level for each side; the last entry that is not taken away is it. */
function newLevel(parameters: Parameters, name: string, old: AccessLevel): AccessLevel {
  const entries = (parameters.objects(name) ?? []).filter((entry) => entry.boolean("_destroy") !== true);
  return entries.map((entry) => levelOf(entry, "access_level")).findLast((level) => level !== undefined) ?? old;
}

function ruleOf(context: ApiContext, project: Project): ProtectedBranch {
  const rule = project.protectedBranches.find(({ name }) => name === context.req.param("name"));
  if (rule === undefined) throw notFound();
  return rule;
}

function approvalSettings({ settings }: Project): Entity {
  return {
    approvers: [],
    approver_groups: [],
    approvals_before_merge: 0,
    reset_approvals_on_push: settings.resetApprovalsOnPush,
    selective_code_owner_removals: false,
    disable_overriding_approvers_per_merge_request: false,
    merge_requests_author_approval: settings.authorMayApprove,
    merge_requests_disable_committers_approval: false,
    require_password_to_approve: false,
    require_reauthentication_to_approve: false,
  };
}
