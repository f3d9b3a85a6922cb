/** The project at a glance: merge requests and environments. */
import { html } from "hono/html";
import { isDraft } from "../merge-request-state.ts";
import type { MergeRequest } from "../model.ts";
import { environmentList } from "./environments-page.ts";
import { badge, blobPath, page, pathOf, time, type Html, type View } from "./layout.ts";

export async function projectPage(view: View): Promise<Html> {
  const { project } = view;
  return page(
    view,
    project.path,
    html`<p class="crumbs">${project.path.split("/").slice(0, -1).join(" / ")}</p>
      <h1>${project.path.split("/").at(-1)}</h1>
      <p class="buttons">
        <a class="button" href="${blobPath(project, "new", project.defaultBranch, "")}">New file</a>
        <a class="button" href="${pathOf(project, `tree/${project.defaultBranch}`)}">Change a file</a>
        <span class="soft">Clone: <code>${view.world.webUrl(project)}.git</code></span>
      </p>
      ${mergeRequestLists(view)}
      <h2>Environments</h2>
      ${environmentList(view)}`,
  );
}

export async function mergeRequestsPage(view: View): Promise<Html> {
  return page(
    view,
    "Merge requests",
    html`<h1>Merge requests</h1>
      ${mergeRequestLists(view)}`,
  );
}

function mergeRequestLists(view: View): Html {
  const newest = view.project.mergeRequests.toReversed();
  const closed = newest.filter(({ state }) => state === "closed");
  return html`<h2>Open merge requests</h2>
    ${list(
      view,
      newest.filter(({ state }) => state === "opened"),
      "No open merge requests. Change a file to make one.",
    )}
    <h2>Merged</h2>
    ${list(
      view,
      newest.filter(({ state }) => state === "merged"),
      "Nothing was merged yet.",
    )}
    ${
      closed.length === 0
        ? ""
        : html`<h2>Closed</h2>
            ${list(view, closed, "")}`
    }`;
}

function list(view: View, mergeRequests: readonly MergeRequest[], none: string): Html {
  if (mergeRequests.length === 0) return html`<div class="card"><p class="none">${none}</p></div>`;
  return html`<div class="card">
    ${mergeRequests.map(
      (item) =>
        html`<div class="row">
          <div class="grow">
            <a href="${pathOf(view.project, `merge_requests/${item.iid}`)}"><b>${item.title}</b></a>
            <div class="soft">
              !${item.iid} · by ${item.author.name} · <code>${item.sourceBranch}</code> → <code>${item.targetBranch}</code> ·
              ${time(item.updatedAt)}
            </div>
          </div>
          ${item.labels.map((label) => badge("label", label))} ${isDraft(item.title) ? badge("draft") : ""}
          ${item.approvals.length > 0 ? html`<span class="soft">${item.approvals.length} approved</span>` : ""}
          ${badge(item.state)}
        </div>`,
    )}
  </div>`;
}
