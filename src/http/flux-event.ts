/** What a Flux event asks for: look after the release of the environment that it names. The status itself is read from the cluster. */
import type { Delivery } from "../core/ports.ts";

/** One Kustomization and one Bucket per environment, both named `env-<name>`; the name as the claim's schema has it. */
const OBJECT_NAME = /^env-([a-z](?:[a-z0-9-]{1,38})[a-z0-9])$/;
const KINDS: ReadonlySet<unknown> = new Set(["Kustomization", "Bucket"]);

/** Total: any JSON has an answer. */
export function decideFlux(body: unknown): Pick<Delivery, "jobs" | "decision"> {
  const object = memberOf(body, "involvedObject");
  const kind = memberOf(object, "kind");
  const name = memberOf(object, "name");
  if (!KINDS.has(kind)) return { jobs: [], decision: "not about a Kustomization or a Bucket" };
  const environment = typeof name === "string" ? OBJECT_NAME.exec(name)?.[1] : undefined;
  if (environment === undefined) return { jobs: [], decision: "not about an environment" };
  return { jobs: [{ kind: "release", environment }], decision: `Flux says something of ${environment}: look after its release` };
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, member)
    ? (value as Record<string, unknown>)[member]
    : undefined;
}
