/** Takes Cedar policies as people write them apart and checks them; knows where each stands, so that a refusal can name its line. */
import type * as Cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { DetailedError, ValidationError } from "@cedar-policy/cedar-wasm/nodejs";
import type { Policy as PolicyFile } from "../adopted.ts";
import { compareDiagnostics, type Diagnostic } from "../diagnostic.ts";
import { CEDAR_SCHEMA } from "./schema.ts";

export interface PlacedPolicy {
  /** Its `@id`, else its place. For people; Cedar knows it by its place. */
  readonly name: string;
  /** Its `@description`: whom it lets do what. */
  readonly description: string | undefined;
  readonly path: string;
  /** From 1; its annotations come first. */
  readonly line: number;
  readonly text: string;
}

export interface ReadPolicies {
  /** By place, such as `policies/prod.cedar:12:1`. */
  readonly policies: ReadonlyMap<string, PlacedPolicy>;
  /** All that is wrong. Where an error is among it, nothing may be decided by these policies. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Cedar, loaded when it is first needed: it takes 15 ms (measured 2026-11-24). */
export async function loadCedar(): Promise<typeof Cedar> {
  return import("@cedar-policy/cedar-wasm/nodejs");
}

const alreadyRead = new WeakMap<readonly PolicyFile[], Promise<ReadPolicies>>();

/** Remembers what it read, for as long as the caller keeps the same list: help asks once per command. */
export async function readPolicies(files: readonly PolicyFile[]): Promise<ReadPolicies> {
  const known = alreadyRead.get(files) ?? readAll(files);
  alreadyRead.set(files, known);
  return known;
}

async function readAll(files: readonly PolicyFile[]): Promise<ReadPolicies> {
  const cedar = await loadCedar();
  const policies = new Map<string, PlacedPolicy>();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const parts = cedar.policySetTextToParts(file.text);
    if (parts.type === "failure") {
      diagnostics.push(...parts.errors.map((error) => diagnosticOf(file, 0, file.text, error, "policy/syntax", "error")));
      continue;
    }
    for (const { offset, text } of placed(file.text, parts.policy_templates)) {
      const message = "A template permits nothing here: nobody fills its slots.";
      const hint = "Write a policy without ?principal and ?resource.";
      diagnostics.push({
        ...spanOf(file, offset, offset + text.length),
        code: "policy/template",
        severity: "error",
        message,
        hint,
      });
    }
    for (const { offset, text } of placed(file.text, parts.policies)) {
      const { path, line, column } = spanOf(file, offset, offset);
      const place = `${path}:${line}:${column}`;
      const json = cedar.policyToJson(text);
      const annotations = json.type === "success" ? (json.json.annotations ?? {}) : {};
      const name = annotations["id"] ?? `${path}:${line}`;
      policies.set(place, { name, description: annotations["description"], path, line, text });
      // Each by itself: the places in the answer are then those within its own text.
      const answer = cedar.validate({ schema: CEDAR_SCHEMA, policies: { staticPolicies: { [name]: text } } });
      const [errors, warnings] =
        answer.type === "success" ? [answer.validationErrors, answer.validationWarnings] : [answer.errors.map(named(name)), []];
      diagnostics.push(
        ...errors.map(({ error }) => diagnosticOf(file, offset, text, error, "policy/invalid", "error")),
        ...warnings.map(({ error }) => diagnosticOf(file, offset, text, error, "policy/doubtful", "warning")),
      );
    }
  }
  diagnostics.push(...sameNames([...policies.values()]));
  return { policies, diagnostics: diagnostics.toSorted(compareDiagnostics) };
}

function named(policyId: string): (error: DetailedError) => ValidationError {
  return (error) => ({ policyId, error });
}

/**
 * Where each part begins. Cedar gives the parts as they are written, but sorted by its own ids (policy10 before policy2). The longest is
 * looked for first, so that one policy is not found as the end of another, and not within comments.
 */
function placed(text: string, parts: readonly string[]): readonly { readonly offset: number; readonly text: string }[] {
  const found: { readonly offset: number; readonly text: string }[] = [];
  for (const part of parts.toSorted((a, b) => b.length - a.length)) {
    const isFree = (offset: number): boolean =>
      !found.some((other) => offset < other.offset + other.text.length && other.offset < offset + part.length) &&
      !text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).includes("//");
    let offset = text.indexOf(part);
    while (offset !== -1 && !isFree(offset)) offset = text.indexOf(part, offset + 1);
    // Never seen; a place that is not exact is better than none.
    found.push({ offset: Math.max(offset, 0), text: part });
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}

/** Two policies of one name: who reads a refusal would look at the wrong one. */
function sameNames(policies: readonly PlacedPolicy[]): readonly Diagnostic[] {
  return policies.flatMap(({ name, path, line, text }, index) => {
    const first = policies.slice(0, index).find((other) => other.name === name);
    if (first === undefined) return [];
    const message = `The name ${name} is taken by the policy at ${first.path}:${first.line}.`;
    const endColumn = (text.split("\n", 1)[0] ?? "").length + 1;
    const severity = "warning" as const;
    return [
      {
        code: "policy/same-name",
        severity,
        path,
        line,
        column: 1,
        endColumn,
        message,
        hint: "Give each policy an @id of its own.",
      },
    ];
  });
}

function diagnosticOf(
  file: PolicyFile,
  offset: number,
  text: string,
  error: DetailedError,
  code: string,
  severity: Diagnostic["severity"],
): Diagnostic {
  const { start = 0, end = 0, label = null } = error.sourceLocations?.[0] ?? {};
  // Cedar counts bytes of UTF-8.
  const bytes = new TextEncoder().encode(text);
  const characters = (count: number): number => new TextDecoder().decode(bytes.subarray(0, count)).length;
  const said = `${error.message.slice(0, 300)}${label === null ? "" : `: ${label.slice(0, 300)}`}`;
  // Cedar ends its sentences without a mark, and the hint comes right behind.
  const message = /[.!?]$/.test(said) ? said : `${said}.`;
  return {
    ...spanOf(file, offset + characters(start), offset + characters(end)),
    code,
    severity,
    message,
    hint: error.help ?? "What policies may speak about is in the README of the claim repository, under Policies.",
  };
}

function spanOf(
  { path, text }: PolicyFile,
  start: number,
  end: number,
): Pick<Diagnostic, "path" | "line" | "column" | "endColumn"> {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", start);
  const column = start - lineStart + 1;
  const last = Math.min(end, lineEnd === -1 ? text.length : lineEnd);
  return { path, line: text.slice(0, start).split("\n").length, column, endColumn: Math.max(last - lineStart + 1, column + 1) };
}
