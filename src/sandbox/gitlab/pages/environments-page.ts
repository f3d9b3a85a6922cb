/** Environments with their newest deployment. */
import { html } from "hono/html";
import { badge, page, time, type Html, type View } from "./layout.ts";

export async function environmentsPage(view: View): Promise<Html> {
  return page(
    view,
    "Environments",
    html`<h1>Environments</h1>
      ${environmentList(view)}`,
  );
}

export function environmentList({ project }: View): Html {
  if (project.environments.length === 0) {
    return html`<div class="card"><p class="none">No environments yet. They appear with their first deployment.</p></div>`;
  }
  const sorted = project.environments.toSorted((a, b) => a.name.localeCompare(b.name));
  return html`<div class="card">
    ${sorted.map((environment) => {
      const last = project.deployments.findLast((deployment) => deployment.environment === environment);
      const url = environment.externalUrl;
      return html`<div class="row">
        <div class="grow">
          <b>${environment.name}</b> ${badge(environment.state)} <span class="badge">${environment.tier}</span>
          <div class="soft">
            ${environment.description ?? ""} ${url === null ? "" : html`<a href="${url}" rel="noreferrer">${url}</a>`}
          </div>
        </div>
        ${
          last === undefined
            ? html`<span class="soft">never deployed</span>`
            : html`${badge(last.state)} <code>${last.sha.slice(0, 8)}</code>
                <span class="soft">${last.user.name}, ${time(last.updatedAt)}</span>`
        }
      </div>`;
    })}
  </div>`;
}
