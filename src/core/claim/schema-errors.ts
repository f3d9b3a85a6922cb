/** ajv's errors as findings: each at the node that must change, in words, with the schema's own description as the way out. */
import claimSchema from "../../../schemas/claim.v1.schema.json" with { type: "json" };
import platformSchema from "../../../schemas/platform.v1.schema.json" with { type: "json" };
import { didYouMean } from "./did-you-mean.ts";
import { pointerOf, segmentsOf, shown, type Finding } from "./places.ts";
import type { SchemaError } from "./validator.generated.js";

const SCHEMAS: Readonly<Record<"claim" | "platform", unknown>> = { claim: claimSchema, platform: platformSchema };

export type CodedFinding = Finding & { readonly code: string };

/** The findings of a value that the schema refuses. Never empty for errors that are not. */
export function schemaFindings(
  kind: "claim" | "platform",
  value: unknown,
  errors: readonly SchemaError[],
): readonly CodedFinding[] {
  const findings = withoutNoise(value, errors).map((error) => findingOf(kind, value, error));
  const seen = new Set<string>();
  return findings.filter(({ pointer, message }) => {
    const id = `${pointer} ${message}`;
    return !seen.has(id) && seen.add(id);
  });
}

/**
 * Of a choice (`anyOf`) only the branch that was meant is worth a word: the one whose type fits, and of several blocks of fields the one
 * with the fewest wrong or missing fields, the first of equals. Where none fits, one sentence for the choice. Of a name that a pattern refuses (`propertyNames`), only the sentence about the name.
 */
function withoutNoise(value: unknown, errors: readonly SchemaError[]): readonly SchemaError[] {
  const dropped = new Set<SchemaError>(errors.filter(({ propertyName }) => propertyName !== undefined));
  for (const choice of errors.filter(({ keyword }) => keyword === "anyOf")) {
    const below = errors.filter(
      (error) =>
        error !== choice &&
        error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
        (error.instancePath === choice.instancePath || error.instancePath.startsWith(`${choice.instancePath}/`)),
    );
    const branchOf = (error: SchemaError): string => error.schemaPath.slice(choice.schemaPath.length + 1).split("/", 1)[0] ?? "";
    const unfit = new Set(
      below.filter((error) => error.keyword === "type" && error.instancePath === choice.instancePath).map(branchOf),
    );
    const fit = below.filter((error) => !unfit.has(branchOf(error)));
    if (fit.length > 0) dropped.add(choice);
    const strange = Map.groupBy(
      fit.filter(({ instancePath }) => instancePath === choice.instancePath),
      branchOf,
    );
    const [meant] = [...new Set(fit.map(branchOf))].toSorted(
      (a, b) => (strange.get(a)?.length ?? 0) - (strange.get(b)?.length ?? 0),
    );
    for (const error of below) if (branchOf(error) !== meant) dropped.add(error);
  }
  return errors.filter((error) => !dropped.has(error) || (error.keyword === "propertyNames" && value !== undefined));
}

function findingOf(kind: "claim" | "platform", root: unknown, error: SchemaError): CodedFinding {
  const { keyword, instancePath: pointer, params } = error;
  const rule = schemaAt(kind, error.schemaPath.split("/").slice(0, -1));
  const value = valueAt(root, pointer);
  const name = nameOf(pointer);
  const words = { description: textOf(rule["description"]), example: exampleOf(rule) };
  const hint = [words.description, words.example && `Example: ${words.example}.`].filter(Boolean).join(" ") || "See the schema.";
  switch (keyword) {
    case "required": {
      const missing = String(params["missingProperty"]);
      const member = propertiesOf(rule)[missing] ?? {};
      const example = exampleOf(member);
      return {
        code: "schema/missing",
        pointer,
        atKey: true,
        message: `${pointer === "" ? "The file" : name} needs ${missing}.`,
        hint: `Add \`${missing}: ${example === undefined || /^[[{]/.test(example) ? "…" : example}\`. ${textOf(member["description"]) ?? ""}`.trim(),
      };
    }
    case "additionalProperties": {
      const extra = String(params["additionalProperty"]);
      const known = Object.keys(propertiesOf(rule));
      const meant = didYouMean(extra, known);
      return {
        code: "schema/unknown",
        pointer: pointer + pointerOf(extra),
        atKey: true,
        message: `${shown(extra, 40)} is not a field of ${pointer === "" ? "the file" : name}.`,
        hint: meant === undefined ? `The fields are ${list(known)}.` : `Did you mean ${meant}?`,
        ...(meant !== undefined && { replacement: meant }),
      };
    }
    case "propertyNames":
      return {
        code: "schema/value",
        pointer: pointer + pointerOf(String(params["propertyName"])),
        atKey: true,
        message: `${shown(String(params["propertyName"]), 40)} is not a key that ${name} may have.`,
        hint,
      };
    case "type": {
      const wanted = String(params["type"]);
      const quote = wanted === "string" && (typeof value === "number" || typeof value === "boolean") && fits(String(value), rule);
      return {
        code: "schema/type",
        pointer,
        message: `${name} must be ${TYPE_WORDS[wanted] ?? wanted}, not ${typeWord(value)}.`,
        hint: quote ? `Quote it. ${hint}` : hint,
        ...(quote && { quote: true }),
      };
    }
    case "enum":
    case "const": {
      const allowed = (keyword === "const" ? [params["allowedValue"]] : (params["allowedValues"] as readonly unknown[])).map(
        String,
      );
      const meant = typeof value === "string" ? didYouMean(value, allowed) : undefined;
      return {
        code: "schema/value",
        pointer,
        message: `${name} must be ${list(allowed, "or")}, not ${shownValue(value)}.`,
        hint: meant === undefined ? (words.description ?? hint) : `Did you mean ${meant}?`,
        ...(meant !== undefined && { replacement: meant }),
      };
    }
    case "pattern":
    case "format":
      return { code: "schema/value", pointer, message: `${shownValue(value)} is not a valid value of ${name}.`, hint };
    case "anyOf": {
      const branches = (rule["anyOf"] as readonly Record<string, unknown>[] | undefined) ?? [];
      const types = branches.map((branch) => TYPE_WORDS[String(branch["type"])] ?? "something else");
      return { code: "schema/type", pointer, message: `${name} must be ${list(types, "or")}, not ${typeWord(value)}.`, hint };
    }
    default:
      return { code: "schema/limit", pointer, message: limitMessage(keyword, Number(params["limit"]), name, rule), hint };
  }
}

function limitMessage(keyword: string, limit: number, name: string, rule: Readonly<Record<string, unknown>>): string {
  const fields = (): string => list(Object.keys(propertiesOf(rule)), "and");
  switch (keyword) {
    case "minLength":
      return limit === 1 ? `${name} must not be empty.` : `${name} must have at least ${limit} characters.`;
    case "maxLength":
      return `${name} must have at most ${limit} characters.`;
    case "minimum":
      return `${name} must be at least ${limit}.`;
    case "maximum":
      return `${name} must be at most ${limit}.`;
    case "minItems":
      return `${name} must have at least ${limit} ${limit === 1 ? "item" : "items"}.`;
    case "maxItems":
      return `${name} must have at most ${limit} ${limit === 1 ? "item" : "items"}.`;
    case "minProperties":
      return fields() === "" ? `${name} must have at least ${limit} fields.` : `${name} must have one of ${fields()}.`;
    case "maxProperties":
      return fields() === "" ? `${name} must have at most ${limit} fields.` : `${name} must have exactly one of ${fields()}.`;
    default:
      return `${name} is not valid (${keyword}).`;
  }
}

// ── Words. ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a block of fields",
  array: "a list",
  null: "nothing",
};

function typeWord(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "boolean") return `the word ${value}`;
  return TYPE_WORDS[typeof value] ?? typeof value;
}

function shownValue(value: unknown): string {
  return typeof value === "string" ? shown(value, 60) || "an empty text" : typeWord(value);
}

/** `spec.cluster.nodePools[0].min`. */
export function nameOf(pointer: string): string {
  const name = segmentsOf(pointer)
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${segment}`))
    .join("");
  return name === "" ? "the file" : shown(name.replace(/^\./, ""), 120);
}

export function list(words: readonly string[], conjunction = "and"): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

// ── The schema as data. ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `#/properties/metadata/properties/name`, its segments; what is not there is {}. */
function schemaAt(kind: "claim" | "platform", segments: readonly string[]): Readonly<Record<string, unknown>> {
  let node: unknown = SCHEMAS[kind];
  for (const segment of segments.slice(1))
    node = record(node)[decodeURIComponent(segment).replaceAll("~1", "/").replaceAll("~0", "~")];
  return record(node);
}

function propertiesOf(rule: Readonly<Record<string, unknown>>): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return record(rule["properties"]) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

function fits(text: string, rule: Readonly<Record<string, unknown>>): boolean {
  return typeof rule["pattern"] !== "string" || new RegExp(rule["pattern"], "u").test(text);
}

function exampleOf(rule: Readonly<Record<string, unknown>>): string | undefined {
  const examples = rule["examples"];
  if (!Array.isArray(examples) || examples.length === 0) return undefined;
  const [example] = examples as readonly unknown[];
  return typeof example === "string"
    ? rule["type"] === "string" && !Number.isNaN(Number(example))
      ? `"${example}"`
      : example
    : JSON.stringify(example);
}

function valueAt(root: unknown, pointer: string): unknown {
  let node = root;
  for (const segment of segmentsOf(pointer)) node = (node as Record<string, unknown> | null | undefined)?.[segment];
  return node;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
