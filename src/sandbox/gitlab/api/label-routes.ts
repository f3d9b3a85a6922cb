/** Labels of a project. */
import { Hono } from "hono";
import type { Label, Project } from "../model.ts";
import { conflict, invalid, notFound } from "../refusal.ts";
import { projectLabel } from "./entities.ts";
import { paginate } from "./pagination.ts";
import { projectOf, type ApiBindings, type ApiContext } from "./request.ts";

export function labelRoutes(): Hono<ApiBindings> {
  const api = new Hono<ApiBindings>();
  api.get("/labels", (context) => {
    const search = context.req.query("search");
    const found = projectOf(context, 10).labels.filter(({ name }) => search === undefined || name.includes(search));
    const sorted = found.toSorted((a, b) => a.name.localeCompare(b.name));
    return context.json(paginate(context, sorted).map(projectLabel));
  });
  api.get("/labels/:name", (context) => context.json(projectLabel(labelOf(context, projectOf(context, 10)))));
  api.post("/labels", (context) => {
    const project = projectOf(context, 20);
    const parameters = context.get("parameters");
    parameters.require("name", "color");
    const name = parameters.text("name") ?? "";
    const color = parameters.text("color") ?? "";
    if (project.labels.some((label) => label.name === name)) throw conflict("Label already exists");
    if (!/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(color)) throw invalid({ color: ["must be a valid color code"] });
    const world = context.get("world");
    const label: Label = {
      id: world.id("label"),
      name,
      color,
      description: parameters.text("description") ?? null,
      createdAt: world.now(),
    };
    project.labels.push(label);
    return context.json(projectLabel(label), 201);
  });
  return api;
}

function labelOf(context: ApiContext, project: Project): Label {
  const key = context.req.param("name") ?? "";
  const label = project.labels.find(({ id, name }) => name === key || String(id) === key);
  if (label === undefined) throw notFound("Label");
  return label;
}
