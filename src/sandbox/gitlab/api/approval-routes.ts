/** Approvals of a merge request. */
import { Hono } from "hono";
import { approve, unapprove } from "../actions/approvals.ts";
import { approvalsEntity, approvalStateEntity } from "./merge-request-entity.ts";
import { mergeRequestOf, type ApiBindings } from "./request.ts";

export function approvalRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/:iid/approvals", async (context) =>
    context.json(await approvalsEntity(context.get("world"), mergeRequestOf(context), context.get("me"))),
  );
  api.get("/:iid/approval_state", (context) => context.json(approvalStateEntity(context.get("world"), mergeRequestOf(context))));
  api.post("/:iid/approve", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    await approve(context.get("world"), mergeRequest, context.get("me"), context.get("parameters").text("sha"));
    return context.json(await approvalsEntity(context.get("world"), mergeRequest, context.get("me")), 201);
  });
  api.post("/:iid/unapprove", async (context) => {
    const mergeRequest = mergeRequestOf(context);
    await unapprove(context.get("world"), mergeRequest, context.get("me"));
    return context.json(await approvalsEntity(context.get("world"), mergeRequest, context.get("me")), 201);
  });
  return api;
}
