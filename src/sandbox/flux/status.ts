/** What the controllers read off objects, and the conditions that they set. */
import type { Condition, LiveObject } from "./cluster.ts";

/** The environment that an object belongs to, by its namespace or, for a pointer's, by its name. */
export function environmentOf({ metadata }: LiveObject): string {
  const { namespace, name } = metadata;
  return (namespace === "environments" || namespace === undefined ? name : namespace).replace(/^env-/, "");
}

export function isTrue(object: LiveObject | undefined, type: string): boolean {
  const conditions = (object?.status?.["conditions"] ?? []) as readonly Condition[];
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}

export function isFromBucket(object: LiveObject): boolean {
  return (object.spec?.["sourceRef"] as { kind?: string } | undefined)?.kind === "Bucket";
}

export function idOfSource(object: LiveObject): string {
  const { kind, name } = (object.spec?.["sourceRef"] ?? {}) as { kind?: string; name?: string };
  return `${kind}/${object.metadata.namespace}/${name}`;
}

export function entriesOf(object: LiveObject): readonly string[] {
  const { entries = [] } = (object.status?.["inventory"] ?? {}) as { entries?: readonly { id: string }[] };
  return entries.map(({ id }) => id);
}

export function notReady(reason: string, message: string): Condition {
  return { type: "Ready", status: "False", reason, message };
}

export function progressing(message: string): readonly Condition[] {
  return [
    { type: "Ready", status: "Unknown", reason: "Progressing", message },
    { type: "Reconciling", status: "True", reason: "Progressing", message },
  ];
}
