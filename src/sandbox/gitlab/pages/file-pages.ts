/** Files of a branch: a list, one file, and a form that turns a change into a merge request. */
import { html } from "hono/html";
import type { Project } from "../model.ts";
import { badge, blobPath, page, pathOf, userSelect, type Html, type View } from "./layout.ts";

export interface FileAddress {
  /** A branch or a commit. */
  readonly ref: string;
  readonly path: string;
}

/** Branches may hold slashes: the longest one that fits wins, else the first part is the ref. Undefined where there is no such ref. */
export async function resolveAddress(project: Project, rest: string): Promise<FileAddress | undefined> {
  const branches = [...(await project.repository.branches()).keys()].toSorted((a, b) => b.length - a.length);
  const branch = branches.find((name) => rest === name || rest.startsWith(`${name}/`));
  const ref = branch ?? rest.split("/")[0] ?? "";
  if ((await project.repository.resolve(ref)) === undefined) return undefined;
  return { ref, path: rest.slice(ref.length + 1) };
}

export async function treePage(view: View, { ref, path }: FileAddress): Promise<Html> {
  const { project } = view;
  const commit = (await project.repository.resolve(ref)) ?? "";
  const entries = (await project.repository.tree(commit, path, true)) ?? [];
  const files = entries.filter(({ type }) => type === "blob");
  return page(
    view,
    ref,
    html`<h1>Files of <code>${ref}</code></h1>
      <p><a class="button" href="${blobPath(project, "new", ref, "")}">New file</a></p>
      <div class="card">
        ${files.map((file) => html`<div class="row"><a href="${blobPath(project, "blob", ref, file.path)}">${file.path}</a></div>`)}
      </div>`,
  );
}

export async function blobPage(view: View, { ref, path }: FileAddress, content: Buffer): Promise<Html> {
  const lines = content.toString().replace(/\n$/, "").split("\n");
  const isBranch = (await view.project.repository.branchHead(ref)) !== undefined;
  return page(
    view,
    path,
    html`<p class="crumbs"><a href="${pathOf(view.project, `tree/${ref}`)}">${ref}</a> / ${path}</p>
      <h1>${path.split("/").at(-1)}</h1>
      ${isBranch ? html`<p class="buttons"><a class="button" href="${blobPath(view.project, "edit", ref, path)}">Edit</a></p>` : ""}
      <div class="file code-view">
        <table>
          <tbody>
            ${lines.map(
              (line, index) =>
                html`<tr id="L${index + 1}">
                  <td class="no">${index + 1}</td>
                  <td>${line}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`,
  );
}

/** On the default branch a change needs a branch of its own; on another one it can be added to it. */
export function editPage(view: View, { ref, path }: FileAddress, content: string | undefined): Html {
  const { project, me } = view;
  const fresh = ref === project.defaultBranch;
  const name = path
    .split("/")
    .at(-1)
    ?.replace(/\.[a-z]+$/, "");
  const number = project.mergeRequests.length + 1;
  return page(
    view,
    `Edit ${path}`,
    html`<p class="crumbs"><a href="${pathOf(project, `tree/${ref}`)}">${ref}</a> / ${path || "new file"}</p>
      <h1>${content === undefined ? "New file" : "Edit file"}</h1>
      <form method="post" action="${blobPath(project, "edit", ref, path)}">
        <label class="field"
          ><span>Path</span
          ><input
            name="path"
            value="${path}"
            required
            placeholder="environments/sue/my-test.yaml"
            ${content === undefined ? "" : "readonly"}
        /></label>
        <label class="field"
          ><span>Content</span><textarea class="code" name="content" spellcheck="false">${`\n${content ?? ""}`}</textarea>
        </label>
        <label class="field"
          ><span>Title and commit message</span
          ><input name="title" value="${content === undefined ? "Add a file" : `Change ${name}`}" required
        /></label>
        <label class="field"
          ><span>Branch</span
          ><input
            name="branch"
            value="${fresh ? `${me.username}-patch-${number}` : ref}"
            required
            pattern="[A-Za-z0-9._\\-\\/]+"
            ${fresh ? "" : "readonly"}
        /></label>
        <p class="soft">
          ${fresh ? html`A merge request into ${badge("target", project.defaultBranch)} will be opened.` : html`The commit is added to ${badge("branch", ref)} and to its merge request.`}
        </p>
        <div class="buttons">
          ${userSelect(view)} <button class="good">${fresh ? "Open merge request" : "Commit"}</button>
          ${content === undefined ? "" : html`<button class="bad" name="delete" value="1">Delete this file${fresh ? " in a merge request" : ""}</button>`}
        </div>
      </form>`,
  );
}
