/** One merge request: its state, what changes, who approved, what people and bots say. */
import { html, raw } from "hono/html";
import { hasApproved, mayApprove } from "../actions/approvals.ts";
import { suggestionOf } from "../actions/apply-suggestion.ts";
import { statusesOf } from "../actions/statuses.ts";
import { emojiSign, REACTIONS } from "../emoji.ts";
import { detailedMergeStatus, headSha, isDraft, mayMerge, mergeRequestDiffs } from "../merge-request-state.ts";
import type { Discussion, MergeRequest, Note, Position } from "../model.ts";
import { diffView } from "./diff-view.ts";
import { badge, blobPath, page, pathOf, time, userSelect, type Html, type View } from "./layout.ts";
import { renderMarkdown } from "./markdown.ts";

const MERGE_WORDS: Readonly<Record<string, string>> = {
  mergeable: "Ready to merge.",
  not_open: "This merge request is not open.",
  preparing: "GitLab is still reading the commits.",
  draft_status: "A draft cannot be merged. Mark it as ready first.",
  conflict: "The branches conflict. Resolve it on the source branch.",
  broken_status: "The source or the target branch is gone.",
  commits_status: "Everything in it is in the target branch already.",
  ci_must_pass: "The pipeline must succeed first.",
  ci_still_running: "The pipeline is still running.",
  discussions_not_resolved: "Some threads are not resolved.",
};

export async function mergeRequestPage(view: View, mergeRequest: MergeRequest): Promise<Html> {
  const { project } = view;
  const files = await mergeRequestDiffs(mergeRequest);
  const source = mergeRequest.source === project ? "" : `${mergeRequest.source.path}:`;
  return page(
    view,
    `${mergeRequest.title} (!${mergeRequest.iid})`,
    html`<p class="crumbs">
        <a href="/">${project.path}</a> / <a href="${pathOf(project, "merge_requests")}">Merge requests</a> / !${mergeRequest.iid}
      </p>
      <h1>${mergeRequest.title}</h1>
      <p>
        ${badge(mergeRequest.state)} ${isDraft(mergeRequest.title) ? badge("draft") : ""}
        <b>${mergeRequest.author.name}</b> requested to merge <code>${source}${mergeRequest.sourceBranch}</code> into
        <code>${mergeRequest.targetBranch}</code>
        <span class="soft">${time(mergeRequest.createdAt)}</span>
      </p>
      <div class="columns">
        <div>
          ${
            mergeRequest.description === null || mergeRequest.description === ""
              ? ""
              : html`<div class="card"><div class="body">${raw(renderMarkdown(mergeRequest.description))}</div></div>`
          }
          ${await mergeWidget(view, mergeRequest)}
          <h2 id="activity">Activity</h2>
          ${mergeRequest.discussions.map((discussion) => discussionView(view, mergeRequest, discussion))}
          ${commentBox(view, mergeRequest)}
          <h2 id="changes">Changes ${badge("count", String(files.length))}</h2>
          ${files.length === 0 ? html`<div class="card"><p class="none">No changes.</p></div>` : diffView(files)}
        </div>
        <aside>
          ${sidebar(
            view,
            mergeRequest,
            files.map(({ newPath }) => newPath),
          )}
        </aside>
      </div>`,
  );
}

async function mergeWidget(view: View, mergeRequest: MergeRequest): Promise<Html> {
  const { world, me } = view;
  const status = await detailedMergeStatus(mergeRequest);
  const action = (name: string): string => pathOf(view.project, `merge_requests/${mergeRequest.iid}/${name}`);
  const names = mergeRequest.approvals.map(({ user }) => user.name).join(", ");
  const merged = mergeRequest.merged;
  return html`<div class="card">
    <div class="row">
      <div class="grow">
        <b>${mergeRequest.approvals.length === 0 ? "No approvals yet" : `Approved by ${names}`}</b>
        <div class="soft">GitLab itself asks for none here: claimbot counts.</div>
      </div>
      ${statusesOfHead(view, mergeRequest).map((item) => badge(item.state, `${item.name}: ${item.state}`))}
    </div>
    <div class="row">
      <div class="grow">
        ${
          merged === undefined
            ? (MERGE_WORDS[status] ?? status)
            : html`Merged by <b>${merged.by.name}</b> as <code>${merged.commit.slice(0, 8)}</code>
                <span class="soft">${time(merged.at)}</span>`
        }
      </div>
    </div>
    ${
      mergeRequest.state === "merged"
        ? ""
        : html`<form class="row" method="post" action="${action("approve")}">
            <input type="hidden" name="sha" value="${headSha(mergeRequest) ?? ""}" />
            ${userSelect(view)}
            ${mayApprove(world, mergeRequest, me) || !hasApproved(mergeRequest, me) ? html`<button class="main">Approve</button>` : ""}
            ${mergeRequest.approvals.length > 0 ? html`<button formaction="${action("unapprove")}">Revoke approval</button>` : ""}
            <button class="good" formaction="${action("merge")}" ${status === "mergeable" ? "" : "disabled"}>Merge</button>
            ${
              mergeRequest.state === "opened"
                ? html`<button class="bad" formaction="${action("close")}">Close</button>`
                : html`<button formaction="${action("reopen")}">Reopen</button>`
            }
            ${mayMerge(world, mergeRequest, me) ? "" : html`<span class="soft">${me.name} may not merge.</span>`}
          </form>`
    }
  </div>`;
}

function statusesOfHead({ project }: View, mergeRequest: MergeRequest): ReturnType<typeof statusesOf> {
  const sha = headSha(mergeRequest);
  return sha === undefined ? [] : statusesOf(project, sha, false);
}

function discussionView(view: View, mergeRequest: MergeRequest, discussion: Discussion): Html {
  const [first, ...answers] = discussion.notes;
  if (first === undefined) return html``;
  if (first.system) {
    return html`<div class="system">
      <b>${first.author.name}</b> ${raw(renderMarkdown(first.body))} <span class="soft">${time(first.createdAt)}</span>
    </div>`;
  }
  const action = (name: string): string =>
    pathOf(view.project, `merge_requests/${mergeRequest.iid}/discussions/${discussion.id}/${name}`);
  const resolved = first.resolved !== undefined;
  return html`${noteView(view, mergeRequest, first)}
    <div class="reply">
      ${answers.map((note) => noteView(view, mergeRequest, note))}
      <details>
        <summary class="soft">Reply${first.resolvable ? (resolved ? " · resolved" : " · unresolved thread") : ""}</summary>
        <form method="post" action="${action("reply")}">
          <textarea name="body"></textarea>
          <div class="buttons">
            ${userSelect(view)} <button class="main">Reply</button>
            ${first.resolvable ? html`<button formaction="${action(resolved ? "reopen" : "resolve")}">${resolved ? "Reopen" : "Resolve"} thread</button>` : ""}
          </div>
        </form>
      </details>
    </div>`;
}

function noteView(view: View, mergeRequest: MergeRequest, note: Note): Html {
  const { position } = note;
  const groups = Map.groupBy(note.awards, ({ name }) => name);
  const edited = note.updatedBy === undefined ? "" : html`· edited ${time(note.updatedAt)}`;
  return html`<article class="card ${note.author.bot ? "bot" : ""}" id="note_${note.id}">
    <div class="head">
      <b>${note.author.name}</b> <span class="soft">@${note.author.username}</span> ${note.author.bot ? badge("bot") : ""}
      ${note.internal ? badge("pending", "internal note") : ""} <span class="soft">${time(note.createdAt)} ${edited}</span>
      ${position === undefined ? "" : placeView(mergeRequest, position)}
    </div>
    <div class="body">${raw(renderMarkdown(note.body))}</div>
    ${suggestionOf(note) === undefined || note.resolved !== undefined ? "" : applyForm(view, mergeRequest, note)}
    <form
      class="reactions"
      method="post"
      action="${pathOf(view.project, `merge_requests/${mergeRequest.iid}/notes/${note.id}/award`)}"
    >
      <input type="hidden" name="as" value="${view.me.username}" />
      ${[...groups].map(
        ([name, awards]) =>
          html`<span title="${awards.map(({ user }) => user.name).join(", ")}">${emojiSign(name)} ${awards.length}</span>`,
      )}
      ${REACTIONS.filter((name) => !groups.has(name)).map((name) => html`<button name="name" value="${name}" title="${name}">${emojiSign(name)}</button>`)}
    </form>
  </article>`;
}

function placeView(mergeRequest: MergeRequest, { head_sha, new_path, new_line, old_line }: Position): Html {
  const outdated = head_sha === headSha(mergeRequest) ? "" : badge("count", "outdated");
  return html`<div><code>${new_path}:${new_line ?? old_line}</code> ${outdated}</div>`;
}

/** Disabled once the line has changed, as in GitLab. */
function applyForm(view: View, mergeRequest: MergeRequest, note: Note): Html {
  const active = mergeRequest.state === "opened" && note.position?.head_sha === headSha(mergeRequest);
  return html`<form
    class="row"
    method="post"
    action="${pathOf(view.project, `merge_requests/${mergeRequest.iid}/notes/${note.id}/apply`)}"
  >
    ${userSelect(view)} <button ${active ? "" : "disabled"}>Apply suggestion</button>
  </form>`;
}

function commentBox(view: View, mergeRequest: MergeRequest): Html {
  return html`<form
    class="card"
    id="comment"
    method="post"
    action="${pathOf(view.project, `merge_requests/${mergeRequest.iid}/comment`)}"
  >
    <div class="body">
      <textarea name="body" placeholder="Write a comment, such as /claim help" required></textarea>
      <div class="buttons">${userSelect(view)} <button class="main">Comment</button></div>
    </div>
  </form>`;
}

function sidebar(view: View, mergeRequest: MergeRequest, paths: readonly string[]): Html {
  const statuses = statusesOfHead(view, mergeRequest);
  const editable = mergeRequest.state === "opened" && mergeRequest.source === view.project;
  return html`<section>
      <h3>Labels</h3>
      ${mergeRequest.labels.length === 0 ? html`<span class="soft">None</span>` : mergeRequest.labels.map((label) => badge("label", label))}
    </section>
    <section>
      <h3>Statuses of ${headSha(mergeRequest)?.slice(0, 8) ?? "no commit"}</h3>
      ${
        statuses.length === 0
          ? html`<span class="soft">None yet</span>`
          : statuses.map(
              (status) =>
                html`<div>
                  ${badge(status.state)}
                  ${status.targetUrl === null ? status.name : html`<a href="${status.targetUrl}">${status.name}</a>`}
                  <div class="soft">${status.description ?? ""}</div>
                </div>`,
            )
      }
    </section>
    <section>
      <h3>Versions</h3>
      ${mergeRequest.versions
        .toReversed()
        .map((version) => html`<div class="soft"><code>${version.headSha.slice(0, 8)}</code> ${time(version.createdAt)}</div>`)}
    </section>
    ${
      editable
        ? html`<section>
            <h3>Change it further</h3>
            ${paths.map((path) => html`<div><a href="${blobPath(view.project, "edit", mergeRequest.sourceBranch, path)}">${path}</a></div>`)}
          </section>`
        : ""
    }`;
}
