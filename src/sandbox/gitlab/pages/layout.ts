/** The frame of every page, and the pieces that several pages show. */
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Project, User } from "../model.ts";
import type { World } from "../world.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** What every page needs: where it is, and as whom its forms act. */
export interface View {
  readonly world: World;
  readonly project: Project;
  readonly me: User;
}

/** `/platform/static-environments/-/merge_requests/1` for `merge_requests/1`. */
export function pathOf(project: Project, rest: string): string {
  return `/${project.path}/-/${rest}`;
}

export function blobPath(project: Project, kind: "blob" | "edit" | "new", ref: string, path: string): string {
  return pathOf(
    project,
    [kind, ...ref.split("/"), ...path.split("/")].filter(Boolean).map(encodeURIComponent).join("/").replace("%3A", ":"),
  );
}

export async function page(view: View, title: string, content: Html): Promise<HtmlEscapedString> {
  const { project } = view;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${project.path} · Sandbox GitLab</title>
        <link rel="stylesheet" href="/assets/sandbox.css" />
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/">Sandbox GitLab</a>
          <nav>
            <a href="${pathOf(project, "merge_requests")}">Merge requests</a>
            <a href="${pathOf(project, "environments")}">Environments</a>
            <a href="${pathOf(project, `tree/${project.defaultBranch}`)}">Files</a>
          </nav>
          <form method="post" action="${pathOf(project, "act-as")}">
            <label>Acting as ${userSelect(view)}</label>
            <button>Switch</button>
          </form>
        </header>
        <main>${content}</main>
      </body>
    </html>`;
}

/** Forms act as the person that is picked here; the last pick is remembered. */
export function userSelect({ world, project, me }: View): Html {
  const people = world.users.filter((user) => !user.bot);
  const role = (user: User): string => ROLES[world.level(project, user)] ?? "no member";
  return html`<select name="as">
    ${people.map(
      (user) => html`<option value="${user.username}" ${user === me ? "selected" : ""}>${user.name} (${role(user)})</option>`,
    )}
  </select>`;
}

const ROLES: Readonly<Record<number, string>> = {
  0: "no member",
  10: "guest",
  15: "planner",
  20: "reporter",
  25: "security manager",
  30: "developer",
  40: "maintainer",
  50: "owner",
};

export function badge(state: string, text: string = state): Html {
  return html`<span class="badge ${state}">${text}</span>`;
}

export function time(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace("T", " ")} UTC</time>`;
}
