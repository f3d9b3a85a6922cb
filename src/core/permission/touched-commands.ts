/** Which commands two sets of policies may decide differently: those in the scope of a policy that only one of them has. */
import { COMMAND_KINDS, type CommandKind } from "../command.ts";
import type { Policy } from "../adopted.ts";
import { isReading } from "../permission.ts";
import { loadCedar, readPolicies, type ReadPolicies } from "./read-policies.ts";

export async function touchedCommands(a: readonly Policy[], b: readonly Policy[]): Promise<ReadonlySet<CommandKind>> {
  const [cedar, ofA, ofB] = await Promise.all([loadCedar(), readPolicies(a), readPolicies(b)]);
  const differing = textsOf(ofA).symmetricDifference(textsOf(ofB));
  const ids = [...differing].flatMap((text) => {
    const answer = cedar.policyToJson(text);
    // What cannot be read may be about anything.
    return answer.type === "failure" ? ALL : idsIn(answer.json.action);
  });
  const kinds = ids.flatMap((id) => COMMAND_KINDS.filter((kind) => kind === id || groupOf(kind) === id || id === ANY));
  return new Set(kinds);
}

function textsOf({ policies }: ReadPolicies): Set<string> {
  return new Set([...policies.values()].map(({ text }) => text));
}

const ANY = "*";
const ALL: readonly string[] = [ANY];

function groupOf(kind: CommandKind): string {
  return isReading(kind) ? "read" : "change";
}

/** The names in `action == …` and `action in …`. Cedar has read them, so escapes are gone. */
function idsIn(scope: object): readonly string[] {
  const { op, entity, entities } = scope as { readonly op?: unknown; readonly entity?: unknown; readonly entities?: unknown };
  const named = Array.isArray(entities) ? entities : [entity];
  const ids = named.map((one: unknown) => (one as { readonly id?: unknown } | undefined)?.id);
  return op !== "All" && ids.every((id) => typeof id === "string") ? ids : ALL;
}
