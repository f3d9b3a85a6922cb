/** Project hooks: register, test, look at what was sent, send again. */
import { Hono } from "hono";
import type { Hook, Project } from "../model.ts";
import { RateLimit } from "../rate-limit.ts";
import { badParameter, badRequest, invalid, notFound, unprocessable } from "../refusal.ts";
import { isSigningToken } from "../webhook-signature.ts";
import { alertStatus, newHook, type Webhooks } from "../webhooks.ts";
import type { World } from "../world.ts";
import { testEvent } from "../payloads/test-event.ts";
import type { Entity } from "./entities.ts";
import { paginate } from "./pagination.ts";
import type { Parameters } from "./parameters.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";

const EVENTS = [
  "push_events",
  "tag_push_events",
  "merge_requests_events",
  "repository_update_events",
  "issues_events",
  "confidential_issues_events",
  "note_events",
  "confidential_note_events",
  "pipeline_events",
  "wiki_page_events",
  "deployment_events",
  "job_events",
  "releases_events",
  "emoji_events",
  "resource_access_token_events",
  "resource_deploy_token_events",
  "feature_flag_events",
  "milestone_events",
  "vulnerability_events",
] as const;

const HOOKS_PER_PROJECT = 100;
// Tests and resends: 5 a minute (facts of 2026-11).
const TESTS_PER_MINUTE = 5;

export function hookRoutes(webhooks: Webhooks): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  const limit = new RateLimit(TESTS_PER_MINUTE);
  const counted = (context: ApiContext): void => limit.count(context.get("me").username, context.get("world").now());

  api.get("/hooks", (context) => {
    const project = projectOf(context, 40);
    return context.json(paginate(context, project.hooks).map((hook) => hookEntity(context, project, hook)));
  });
  api.post("/hooks", (context) => {
    const project = projectOf(context, 40);
    const parameters = context.get("parameters");
    parameters.require("url");
    checkHook(parameters);
    if (project.hooks.length >= HOOKS_PER_PROJECT) throw unprocessable("Maximum number of project hooks (100) exceeded");
    const hook = newHook(context.get("world"), project, parameters.text("url") ?? "");
    edit(context.get("world"), hook, parameters);
    return context.json(hookEntity(context, project, hook), 201);
  });
  api.get("/hooks/:hook", (context) => {
    const project = projectOf(context, 40);
    return context.json(hookEntity(context, project, hookOf(context, project)));
  });
  api.put("/hooks/:hook", (context) => {
    const project = projectOf(context, 40);
    const hook = hookOf(context, project);
    const parameters = context.get("parameters");
    parameters.require("url");
    checkHook(parameters);
    const url = parameters.text("url") ?? "";
    // Somebody else's address must not get the secret.
    if (url !== hook.url) {
      hook.token = undefined;
      hook.customHeaders = [];
    }
    hook.url = url;
    edit(context.get("world"), hook, parameters);
    return context.json(hookEntity(context, project, hook));
  });
  api.delete("/hooks/:hook", (context) => {
    const project = projectOf(context, 40);
    project.hooks.splice(project.hooks.indexOf(hookOf(context, project)), 1);
    return context.body(null, 204);
  });
  api.post("/hooks/:hook/test/:trigger", async (context) => {
    const project = projectOf(context, 40);
    const hook = hookOf(context, project);
    counted(context);
    const trigger = context.req.param("trigger");
    if (!EVENTS.some((event) => event === trigger)) throw badParameter("trigger does not have a valid value");
    const happening = await testEvent(context.get("world"), project, context.get("me"), trigger);
    if (happening === undefined) throw unprocessable("Ensure the project has data for this trigger.");
    const { outcome, responseBody } = await webhooks.deliver(hook, { event: happening.header, payload: happening.payload });
    if (typeof outcome !== "number" || outcome >= 400) {
      throw unprocessable(
        typeof outcome === "number" ? `Hook executed successfully but returned HTTP ${outcome} ${responseBody}` : responseBody,
      );
    }
    return context.json({ message: "201 Created" }, 201);
  });
  api.get("/hooks/:hook/events", (context) => {
    const hook = hookOf(context, projectOf(context, 40));
    const sent = webhooks.deliveries.filter((delivery) => delivery.hook === hook && delivery.outcome !== "lost").toReversed();
    return context.json(
      paginate(context, sent, 20).map((delivery) => ({
        id: delivery.id,
        url: delivery.url,
        trigger: delivery.event.toLowerCase().replaceAll(" ", "_"),
        request_headers: delivery.headers,
        request_data: delivery.payload,
        response_headers: {},
        response_body: delivery.responseBody,
        execution_duration: delivery.seconds,
        response_status: String(delivery.outcome),
        created_at: delivery.at.toISOString(),
      })),
    );
  });
  api.post("/hooks/:hook/events/:event/resend", async (context) => {
    const hook = hookOf(context, projectOf(context, 40));
    counted(context);
    const old = webhooks.deliveries.find(({ id, hook: of }) => of === hook && String(id) === context.req.param("event"));
    if (old === undefined) throw notFound();
    if (old.url !== hook.url) throw unprocessable("The hook URL has changed. Unable to resend the request.");
    const { outcome } = await webhooks.deliver(hook, { event: old.event, payload: old.payload }, old.idempotencyKey);
    return context.json({ response_status: outcome }, 201);
  });
  return api;
}

/** Signing tokens came with 19.0; before, the parameter is overlooked and the answer says nothing of it. */
function signs({ release }: World): boolean {
  return Number.parseInt(release.version, 10) >= 19;
}

function hookOf(context: ApiContext, project: Project): Hook {
  const hook = project.hooks.find(({ id }) => String(id) === context.req.param("hook"));
  if (hook === undefined) throw notFound();
  return hook;
}

function checkHook(parameters: Parameters): void {
  const url = parameters.text("url") ?? "";
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw unprocessable("Invalid url given");
  const signingToken = parameters.text("signing_token");
  if (signingToken !== undefined && signingToken !== "" && !isSigningToken(signingToken)) {
    throw invalid({ signing_token: ["must be a valid signing token (whsec_ and 32 bytes in base64)"] });
  }
  if ((parameters.objects("custom_headers")?.length ?? 0) > 20) throw badRequest("custom_headers is too long");
}

function edit(world: World, hook: Hook, parameters: Parameters): void {
  const events = new Set(hook.events);
  for (const event of EVENTS) {
    const wanted = parameters.boolean(event);
    if (wanted === true) events.add(event);
    if (wanted === false) events.delete(event);
  }
  hook.events = events;
  const token = parameters.text("token");
  if (token !== undefined) hook.token = token === "" ? undefined : token;
  const signingToken = parameters.text("signing_token");
  if (signingToken !== undefined && signs(world)) hook.signingToken = signingToken === "" ? undefined : signingToken;
  hook.name = parameters.text("name") ?? hook.name;
  hook.description = parameters.text("description") ?? hook.description;
  hook.enableSslVerification = parameters.boolean("enable_ssl_verification") ?? hook.enableSslVerification;
  hook.branchFilter = parameters.text("push_events_branch_filter") ?? hook.branchFilter;
  hook.branchFilterStrategy =
    parameters.oneOf("branch_filter_strategy", ["wildcard", "regex", "all_branches"] as const) ?? hook.branchFilterStrategy;
  hook.customTemplate = parameters.text("custom_webhook_template") ?? hook.customTemplate;
  const headers = parameters.objects("custom_headers");
  if (headers !== undefined) {
    hook.customHeaders = headers.map((header) => ({ key: header.text("key") ?? "", value: header.text("value") ?? "" }));
  }
}

/** No secret is ever shown again: only whether there is one. */
function hookEntity(context: ApiContext, project: Project, hook: Hook): Entity {
  const status = alertStatus(hook, context.get("world").now());
  return {
    id: hook.id,
    url: hook.url,
    name: hook.name,
    description: hook.description,
    created_at: hook.createdAt.toISOString(),
    ...Object.fromEntries(EVENTS.map((event) => [event, hook.events.has(event)])),
    enable_ssl_verification: hook.enableSslVerification,
    alert_status: status,
    disabled_until: status === "temporarily_disabled" ? (hook.disabledUntil?.toISOString() ?? null) : null,
    url_variables: [],
    push_events_branch_filter: hook.branchFilter,
    branch_filter_strategy: hook.branchFilterStrategy,
    custom_webhook_template: hook.customTemplate,
    custom_headers: hook.customHeaders.map(({ key }) => ({ key })),
    token_present: hook.token !== undefined,
    ...(signs(context.get("world")) && { signing_token_present: hook.signingToken !== undefined }),
    project_id: project.id,
  };
}
