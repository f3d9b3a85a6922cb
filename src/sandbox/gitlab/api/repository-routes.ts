/** Branches, files, tree, compare and merge base. */
import { createHash } from "node:crypto";
import { Hono } from "hono";
import { branchMoved, mayPush } from "../actions/push.ts";
import { NO_COMMIT } from "../bare-repository.ts";
import { fileDiffs } from "../file-diff.ts";
import type { Project } from "../model.ts";
import { badRequest, forbidden, notFound, Refusal } from "../refusal.ts";
import { matchesPattern } from "../world.ts";
import { commitEntity, diffEntity, protectedBranch, type Entity } from "./entities.ts";
import { link, pageOf, paginate } from "./pagination.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";

export function repositoryRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/repository/branches", async (context) => {
    const project = projectOf(context, 20);
    const search = context.req.query("search");
    const names = [...(await project.repository.branches()).keys()].filter(
      (name) => search === undefined || name.includes(search),
    );
    return context.json(await Promise.all(paginate(context, names).map(async (name) => branchEntity(context, project, name))));
  });
  api.get("/repository/branches/:branch", async (context) => {
    const project = projectOf(context, 20);
    return context.json(await branchEntity(context, project, context.req.param("branch")));
  });
  api.post("/repository/branches", async (context) => {
    const project = projectOf(context, 30);
    const parameters = context.get("parameters");
    parameters.require("branch", "ref");
    const branch = parameters.text("branch") ?? "";
    const sha = await project.repository.resolve(parameters.text("ref") ?? "");
    if (sha === undefined) throw new Refusal(400, { message: `Invalid reference name: ${parameters.text("ref")}` });
    if ((await project.repository.branchHead(branch)) !== undefined) throw new Refusal(400, { message: "Branch already exists" });
    if ((await project.repository.run(["check-ref-format", "--branch", branch])).code !== 0) {
      throw new Refusal(400, { message: "Branch name is invalid" });
    }
    await project.repository.updateRef(`refs/heads/${branch}`, sha, NO_COMMIT);
    await branchMoved(context.get("world"), project, context.get("me"), { branch, before: NO_COMMIT, after: sha });
    return context.json(await branchEntity(context, project, branch), 201);
  });
  api.delete("/repository/branches/:branch", async (context) => {
    const project = projectOf(context, 30);
    const branch = context.req.param("branch");
    const before = await project.repository.branchHead(branch);
    if (before === undefined) throw notFound("Branch");
    if (branch === project.defaultBranch || !mayPush(context.get("world"), project, context.get("me"), branch)) throw forbidden();
    await project.repository.deleteRef(`refs/heads/${branch}`);
    await branchMoved(context.get("world"), project, context.get("me"), { branch, before, after: NO_COMMIT });
    return context.body(null, 204);
  });
  api.get("/protected_branches", (context) =>
    context.json(paginate(context, projectOf(context, 40).protectedBranches).map(protectedBranch)),
  );
  api.get("/protected_branches/:name", (context) => {
    const branch = projectOf(context, 40).protectedBranches.find(({ name }) => name === context.req.param("name"));
    if (branch === undefined) throw notFound();
    return context.json(protectedBranch(branch));
  });

  api.get("/repository/files/:path/raw", async (context) => {
    const { file } = await fileOf(context, false);
    return context.body(new Uint8Array(file.bytes), 200, {
      "Content-Type": "text/plain; charset=utf-8",
      "X-Content-Type-Options": "nosniff",
    });
  });
  api.get("/repository/files/:path", async (context) => {
    const { project, file, path, ref, commit } = await fileOf(context, true);
    const [last] = await project.repository.log([commit], ["-1"], [path]);
    return context.json({
      file_name: path.split("/").at(-1),
      file_path: path,
      size: file.bytes.length,
      encoding: "base64",
      content: file.bytes.toString("base64"),
      content_sha256: createHash("sha256").update(file.bytes).digest("hex"),
      ref,
      blob_id: file.id,
      commit_id: commit,
      last_commit_id: last?.sha ?? commit,
      execute_filemode: file.mode === "100755",
    });
  });

  api.get("/repository/tree", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    const commit = await project.repository.resolve(parameters.text("ref") ?? project.defaultBranch);
    const path = (parameters.text("path") ?? "").replace(/\/$/, "");
    const recursive = parameters.boolean("recursive") ?? false;
    const entries = commit === undefined ? undefined : await project.repository.tree(commit, path, recursive);
    if (entries === undefined) throw notFound("Tree");
    const rows = entries.map(({ id, type, path, mode }) => ({ id, name: path.split("/").at(-1) ?? "", type, path, mode }));
    if (parameters.text("pagination") !== "keyset") return context.json(paginate(context, rows));
    return context.json(keysetPage(context, rows, parameters.text("page_token")));
  });

  api.get("/repository/compare", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("from", "to");
    const { repository } = project;
    const [from, to] = await Promise.all([
      repository.resolve(parameters.text("from") ?? ""),
      repository.resolve(parameters.text("to") ?? ""),
    ]);
    if (from === undefined || to === undefined) throw notFound("Ref");
    const base = parameters.boolean("straight") === true ? from : await repository.mergeBase([from, to]);
    const commits = (await repository.log([`${from}..${to}`]))
      .toReversed()
      .map((commit) => commitEntity(context.get("world"), project, commit));
    return context.json({
      commit: commits.at(-1) ?? null,
      commits,
      diffs: base === undefined ? [] : (await fileDiffs(repository, base, to)).map(diffEntity),
      compare_timeout: false,
      compare_same_ref: from === to,
      web_url: `${context.get("world").webUrl(project)}/-/compare/${from}...${to}`,
    });
  });

  api.get("/repository/merge_base", async (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("refs");
    const refs = parameters.list("refs") ?? [];
    if (refs.length < 2) throw badRequest("Provide at least 2 refs, 1 found");
    const commits = await Promise.all(refs.map(async (ref) => project.repository.resolve(ref)));
    const missing = refs.filter((_, index) => commits[index] === undefined);
    if (missing.length > 0) throw badRequest(`Could not find ref: ${missing.join(", ")}`);
    const base = await project.repository.mergeBase(commits.filter((commit) => commit !== undefined));
    const [commit] = base === undefined ? [] : await project.repository.log([base], ["-1"]);
    if (commit === undefined) throw notFound("Merge Base");
    return context.json(commitEntity(context.get("world"), project, commit));
  });
  return api;
}

async function branchEntity(context: ApiContext, project: Project, name: string): Promise<Entity> {
  const world = context.get("world");
  const { repository, defaultBranch } = project;
  const head = await repository.branchHead(name);
  const [commit] = head === undefined ? [] : await repository.log([head], ["-1"]);
  const main = await repository.branchHead(defaultBranch);
  if (head === undefined || commit === undefined) throw notFound("Branch");
  const rules = project.protectedBranches.filter((rule) => matchesPattern(rule.name, name));
  return {
    name,
    commit: commitEntity(world, project, commit),
    merged: name !== defaultBranch && main !== undefined && (await repository.isAncestor(head, main)),
    protected: rules.length > 0,
    developers_can_push: rules.some(({ pushLevel }) => pushLevel === 30),
    developers_can_merge: rules.some(({ mergeLevel }) => mergeLevel === 30),
    can_push: mayPush(world, project, context.get("me"), name),
    default: name === defaultBranch,
    web_url: `${world.webUrl(project)}/-/tree/${name}`,
  };
}

async function fileOf(
  context: ApiContext,
  needsRef: boolean,
): Promise<{
  project: Project;
  path: string;
  ref: string;
  commit: string;
  file: { bytes: Buffer; id: string; mode: string };
}> {
  const project = projectOf(context, 20);
  const parameters = context.get("parameters");
  if (needsRef) parameters.require("ref");
  const path = context.req.param("path") ?? "";
  const asked = parameters.text("ref") ?? "HEAD";
  const ref = asked === "HEAD" ? project.defaultBranch : asked;
  const commit = await project.repository.resolve(ref);
  if (commit === undefined) throw notFound("Commit");
  const file = await project.repository.file(commit, path);
  if (file === undefined) throw notFound("File");
  return { project, path, ref, commit, file };
}

/** The token is opaque to clients: the path of the last row of the page before. */
function keysetPage(
  context: ApiContext,
  rows: readonly { readonly path: string }[],
  token: string | undefined,
): readonly unknown[] {
  const { perPage } = pageOf(context);
  const last = token === undefined ? undefined : Buffer.from(token, "base64url").toString();
  const start = last === undefined ? 0 : rows.findIndex(({ path }) => path === last) + 1;
  if (last !== undefined && start === 0) throw new Refusal(422, { message: `422 Unprocessable entity - invalid page token` });
  const page = rows.slice(start, start + perPage);
  const end = page.at(-1);
  if (end !== undefined && start + perPage < rows.length) {
    const next = Buffer.from(end.path).toString("base64url");
    context.header("Link", link(context, { page_token: next, pagination: "keyset", per_page: String(perPage) }, "next"));
  }
  return page;
}
