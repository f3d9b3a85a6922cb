/** Pages for people. */
import { Hono } from "hono";
import type { Project } from "../model.ts";
import type { World } from "../world.ts";

export function gitlabPages(_world: World, project: Project): Hono {
  const pages = new Hono();
  pages.get("/", (context) => context.text(project.path));
  return pages;
}
