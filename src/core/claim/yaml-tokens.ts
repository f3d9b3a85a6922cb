/** What the profile refuses before anything is composed: properties of nodes, directives, second documents, depth and number of values. */
import type { CST } from "yaml";
import { MAX_DEPTH, MAX_VALUES } from "./fast-yaml.ts";

/** A mistake in the text; offsets in UTF-16 code units. */
export interface Problem {
  readonly code: string;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint: string;
}

const PROPERTIES: Readonly<Record<string, Pick<Problem, "code" | "message" | "hint">>> = {
  anchor: {
    code: "yaml/anchor",
    message: "Anchors are not allowed.",
    hint: "Write the value where it is needed.",
  },
  alias: {
    code: "yaml/alias",
    message: "Aliases are not allowed.",
    hint: "Write the value out: a reader should not have to look elsewhere.",
  },
  tag: {
    code: "yaml/tag",
    message: "Tags are not allowed.",
    hint: "Leave the tag out; quote the value if it should be text.",
  },
};
/** What the parser says about things that are refused anyway. */
export const BY_PROFILE: ReadonlySet<string> = new Set([
  "TAG_RESOLVE_FAILED",
  "BAD_ALIAS",
  "ALIAS_PROPS",
  "BAD_PROP_ORDER",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "BAD_COLLECTION_TYPE",
  "MULTIPLE_DOCS",
]);

export function tokenProblems(tokens: readonly CST.Token[]): readonly Problem[] {
  const problems: Problem[] = [];
  const property = (token: CST.SourceToken | CST.FlowScalar): void => {
    const refused = PROPERTIES[token.type];
    if (refused !== undefined) problems.push({ ...refused, start: token.offset, end: token.offset + token.source.length });
  };
  let documents = 0;
  // A stack of its own: the depth is the author's choice.
  const stack: { readonly token: CST.Token; readonly depth: number }[] = [];
  for (const top of tokens) {
    if (top.type === "directive") {
      problems.push({
        code: "yaml/directive",
        start: top.offset,
        end: top.offset + top.source.length,
        message: "Directives are not allowed.",
        hint: "Leave the line out: every file is YAML 1.2.",
      });
    }
    if (top.type !== "document") continue;
    documents += 1;
    if (documents === 2) {
      problems.push({
        code: "yaml/documents",
        start: top.offset,
        end: top.offset + 3,
        message: "The file holds more than one document.",
        hint: "Write one file for each.",
      });
    }
    top.start.forEach(property);
    if (top.value !== undefined) stack.push({ token: top.value, depth: 0 });
  }
  let values = 0;
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { token, depth } = entry;
    values += "items" in token ? token.items.length : 1;
    if (values > MAX_VALUES) {
      problems.push({
        code: "yaml/size",
        start: token.offset,
        end: token.offset + 1,
        message: `The file holds more than ${MAX_VALUES} keys and values.`,
        hint: "Split it, or move large settings out of it.",
      });
      break;
    }
    if (token.type === "alias") property(token);
    if (token.type === "block-scalar") for (const prop of token.props) if ("source" in prop) property(prop as CST.SourceToken);
    if (!("items" in token)) continue;
    if (depth === MAX_DEPTH) {
      problems.push({
        code: "yaml/depth",
        start: token.offset,
        end: token.offset + 1,
        message: `The file is nested more than ${MAX_DEPTH} levels deep.`,
        hint: "Flatten it.",
      });
      continue;
    }
    for (const { start, key, sep, value } of token.items) {
      start.forEach(property);
      sep?.forEach(property);
      if (key != null) {
        stack.push({ token: key, depth: depth + 1 });
        if (key.type === "scalar" && key.source === "<<") {
          problems.push({
            code: "yaml/merge-key",
            start: key.offset,
            end: key.offset + 2,
            message: "Merge keys are not allowed.",
            hint: "Write the members out.",
          });
        }
      }
      if (value !== undefined) stack.push({ token: value, depth: depth + 1 });
    }
  }
  return problems;
}
