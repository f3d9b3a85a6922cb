/** Pages for people: look, comment, approve, merge, and change a claim in the browser. No script anywhere. */
import { Hono, type Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { html } from "hono/html";
import { applySuggestion } from "../actions/apply-suggestion.ts";
import { approve, unapprove } from "../actions/approvals.ts";
import { merge } from "../actions/merge.ts";
import { openMergeRequest, prepare, updateMergeRequest } from "../actions/merge-requests.ts";
import { award, comment, resolveDiscussion } from "../actions/notes.ts";
import { commitToBranch } from "../actions/push.ts";
import type { Discussion, MergeRequest, Note, Project, User } from "../model.ts";
import { notFound, Refusal } from "../refusal.ts";
import type { World } from "../world.ts";
import { environmentsPage } from "./environments-page.ts";
import { blobPage, editPage, resolveAddress, treePage, type FileAddress } from "./file-pages.ts";
import { blobPath, page, pathOf, type View } from "./layout.ts";
import { mergeRequestPage } from "./merge-request-page.ts";
import { mergeRequestsPage, projectPage } from "./project-page.ts";
import { sameOriginForms } from "./same-origin.ts";
import { STYLE } from "./style.ts";

const COOKIE = "sandbox_user";
const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export function gitlabPages(world: World, project: Project): Hono {
  const pages = new Hono();
  const base = `/${project.path}/-`;
  const view = (context: Context): View => ({ world, project, me: personOf(world, project, getCookie(context, COOKIE)) });

  for (const path of ["/", `/${project.path}`, "/assets/*", `${base}/*`]) {
    pages.use(path, sameOriginForms, async (context, next) => {
      await next();
      context.header("Content-Security-Policy", POLICY);
      context.header("X-Content-Type-Options", "nosniff");
      context.header("Referrer-Policy", "same-origin");
    });
  }
  pages.get("/assets/sandbox.css", (context) => context.body(STYLE, 200, { "Content-Type": "text/css; charset=utf-8" }));
  pages.get("/favicon.ico", (context) => context.body(null, 204));
  pages.get("/", async (context) => context.html(await projectPage(view(context))));
  pages.get(`/${project.path}`, async (context) => context.html(await projectPage(view(context))));
  pages.get(`${base}/merge_requests`, async (context) => context.html(await mergeRequestsPage(view(context))));
  pages.get(`${base}/environments`, async (context) => context.html(await environmentsPage(view(context))));
  pages.get(`${base}/merge_requests/:iid`, async (context) =>
    context.html(await mergeRequestPage(view(context), mergeRequestOf(project, context))),
  );
  pages.get(`${base}/tree/:rest{.+}`, async (context) =>
    context.html(await treePage(view(context), await addressOf(project, context))),
  );
  pages.get(`${base}/new/:rest{.+}`, async (context) => {
    const { ref } = await addressOf(project, context);
    return context.html(await editPage(view(context), { ref, path: "" }, undefined));
  });
  pages.get(`${base}/blob/:rest{.+}`, async (context) => {
    const address = await addressOf(project, context);
    return context.html(await blobPage(view(context), address, await contentOf(project, address)));
  });
  pages.get(`${base}/edit/:rest{.+}`, async (context) => {
    const address = await addressOf(project, context);
    return context.html(await editPage(view(context), address, (await contentOf(project, address)).toString()));
  });

  addForms(pages, world, project);
  pages.onError(async (error, context) => {
    if (!(error instanceof Refusal)) throw error;
    const { message } = error.body;
    const text = typeof message === "string" ? message : JSON.stringify(error.body);
    const content = html`<h1>GitLab refuses this</h1>
      <p class="alert">${text}</p>
      <p><a href="${context.req.header("referer") ?? "/"}">Back</a></p>`;
    return context.html(await page(view(context), "Refused", content), error.status);
  });
  return pages;
}

function addForms(pages: Hono, world: World, project: Project): void {
  const base = `/${project.path}/-`;
  const form = (path: string, act: (context: Context, form: Form) => Promise<string>): void => {
    pages.post(base + path, async (context) => {
      const fields = await context.req.parseBody();
      const field = (name: string): string => (typeof fields[name] === "string" ? fields[name].replaceAll("\r\n", "\n") : "");
      const me = personOf(world, project, field("as"));
      setCookie(context, COOKIE, me.username, { httpOnly: true, sameSite: "Strict", path: "/" });
      return context.redirect(await act(context, { me, field }), 303);
    });
  };
  const onMergeRequest = (
    path: string,
    act: (mergeRequest: MergeRequest, form: Form, context: Context) => Promise<unknown>,
    anchor = "",
  ): void => {
    form(`/merge_requests/:iid/${path}`, async (context, filled) => {
      const mergeRequest = mergeRequestOf(project, context);
      await act(mergeRequest, filled, context);
      return pathOf(project, `merge_requests/${mergeRequest.iid}${anchor}`);
    });
  };

  form("/act-as", async (context) => safeReturn(context));
  onMergeRequest(
    "comment",
    async (mergeRequest, { me, field }) => comment(world, mergeRequest, me, { body: field("body") }),
    "#comment",
  );
  onMergeRequest("approve", async (mergeRequest, { me, field }) => approve(world, mergeRequest, me, field("sha")));
  onMergeRequest("unapprove", async (mergeRequest, { me }) => unapprove(world, mergeRequest, me));
  onMergeRequest("merge", async (mergeRequest, { me, field }) => merge(world, mergeRequest, me, { sha: field("sha") }));
  onMergeRequest("close", async (mergeRequest, { me }) => updateMergeRequest(world, mergeRequest, me, { stateEvent: "close" }));
  onMergeRequest("reopen", async (mergeRequest, { me }) => updateMergeRequest(world, mergeRequest, me, { stateEvent: "reopen" }));
  onMergeRequest("notes/:note/award", async (mergeRequest, { me, field }, context) => {
    await award(world, mergeRequest, me, noteOf(mergeRequest, context), field("name"));
  });
  onMergeRequest("notes/:note/apply", async (mergeRequest, { me }, context) =>
    applySuggestion(world, mergeRequest, me, noteOf(mergeRequest, context)),
  );
  onMergeRequest("discussions/:discussion/reply", async (mergeRequest, { me, field }, context) =>
    comment(world, mergeRequest, me, { body: field("body"), in: discussionOf(mergeRequest, context) }),
  );
  for (const [path, resolved] of [
    ["resolve", true],
    ["reopen", false],
  ] as const) {
    onMergeRequest(`discussions/:discussion/${path}`, async (mergeRequest, { me }, context) =>
      resolveDiscussion(world, mergeRequest, me, discussionOf(mergeRequest, context), resolved),
    );
  }
  form("/edit/:rest{.+}", async (context, { me, field }) => {
    const { ref } = await addressOf(project, context);
    const path = field("path");
    const branch = field("branch");
    const change =
      field("delete") === ""
        ? ({ kind: "write", path, content: field("content") } as const)
        : ({ kind: "delete", path } as const);
    await mustBeBranchName(project, branch);
    await commitToBranch(world, project, me, {
      branch,
      message: field("title"),
      changes: [change],
      ...(branch === ref ? {} : { start: ref }),
    });
    const open = project.mergeRequests.findLast(({ state, sourceBranch }) => state === "opened" && sourceBranch === branch);
    if (open === undefined && branch === project.defaultBranch) return blobPath(project, "blob", branch, path);
    const mergeRequest =
      open ??
      (await openMergeRequest(world, project, me, {
        source: project,
        sourceBranch: branch,
        targetBranch: project.defaultBranch,
        title: field("title"),
        removeSourceBranch: true,
      }));
    await prepare(world, mergeRequest);
    return pathOf(project, `merge_requests/${mergeRequest.iid}`);
  });
}

interface Form {
  readonly me: User;
  readonly field: (name: string) => string;
}

/** Whoever was picked; first of all a developer who may not merge, so that the story has two people. */
function personOf(world: World, project: Project, username: string | undefined): User {
  const people = world.users.filter((user) => !user.bot);
  const picked =
    people.find((user) => user.username === username) ?? people.find((user) => world.level(project, user) === 30) ?? people[0];
  if (picked === undefined) throw new Error("the sandbox has no people");
  return picked;
}

/** Back to the page that the form was on, on this server. */
function safeReturn(context: Context): string {
  const referer = context.req.header("referer");
  if (referer === undefined || !URL.canParse(referer)) return "/";
  const { pathname, search, origin } = new URL(referer);
  return origin === new URL(context.req.url).origin && !pathname.startsWith("//") ? pathname + search : "/";
}

function mergeRequestOf(project: Project, context: Context): MergeRequest {
  const mergeRequest = project.mergeRequests.find(({ iid }) => String(iid) === context.req.param("iid"));
  if (mergeRequest === undefined) throw notFound("Merge Request");
  return mergeRequest;
}

function noteOf({ discussions }: MergeRequest, context: Context): Note {
  const note = discussions.flatMap(({ notes }) => notes).find(({ id }) => String(id) === context.req.param("note"));
  if (note === undefined) throw notFound();
  return note;
}

function discussionOf(mergeRequest: MergeRequest, context: Context): Discussion {
  const discussion = mergeRequest.discussions.find(({ id }) => id === context.req.param("discussion"));
  if (discussion === undefined) throw notFound("Discussion");
  return discussion;
}

async function addressOf(project: Project, context: Context): Promise<FileAddress> {
  const address = await resolveAddress(project, context.req.param("rest") ?? "");
  if (address === undefined) throw notFound("Ref");
  return address;
}

async function contentOf(project: Project, { ref, path }: FileAddress): Promise<Buffer> {
  const commit = await project.repository.resolve(ref);
  const file = commit === undefined ? undefined : await project.repository.file(commit, path);
  if (file === undefined) throw notFound("File");
  return file.bytes;
}

async function mustBeBranchName(project: Project, branch: string): Promise<void> {
  if ((await project.repository.run(["check-ref-format", "--branch", branch])).code === 0) return;
  throw new Refusal(400, { message: "Branch name is invalid" });
}
