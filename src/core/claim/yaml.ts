/** Reads a file of the YAML profile (DESIGN 2) with the place of every value, or says everything that is wrong with it. */
import { createRequire } from "node:module";
import type * as YamlModule from "yaml";
import type { CST, Document, Node, Pair, ParsedNode } from "yaml";
import type { Diagnostic } from "../diagnostic.ts";
import { MAX_DEPTH, MAX_VALUES } from "./fast-yaml.ts";
import { segmentsOf, shown, type Place, type Places } from "./places.ts";

export interface Yaml {
  /** Undefined where the file is not within the profile: then `diagnostics` says why. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  readonly places: Places;
}

interface Problem {
  readonly code: string;
  readonly start: number;
  readonly end: number;
  readonly message: string;
  readonly hint: string;
}

// Loaded when the first file needs it: a start with nothing wrong does not pay for it.
let yamlModule: typeof YamlModule | undefined;
function yaml(): typeof YamlModule {
  return (yamlModule ??= createRequire(import.meta.url)("yaml") as typeof YamlModule);
}

/** Never throws, whatever the text. */
export function readYaml(path: string, text: string): Yaml {
  const source = new SourceText(text);
  const tokens = [...new (yaml().Parser)().parse(text)];
  const problems: Problem[] = [...tokenProblems(tokens)];
  let document: Document.Parsed | undefined;
  let value: unknown;
  // Composing is recursive, and slow where much is wrong: it is not begun with a text that is too deep or too full.
  if (!problems.some(({ code }) => code === "yaml/depth" || code === "yaml/size")) {
    const composer = new (yaml().Composer)({ stringKeys: true, uniqueKeys: false, prettyErrors: false, logLevel: "silent" });
    document = [...composer.compose(tokens, true, text.length)][0];
    const explained = problems.length > 0;
    for (const { code, message, pos } of document?.errors ?? []) {
      if (!explained || !BY_PROFILE.has(code)) problems.push(syntaxProblem(code, message, pos, text.length));
    }
    value = valueOf(document?.contents ?? null, problems);
    if (problems.length === 0 && document?.contents == null) problems.push(EMPTY);
  }
  return {
    value: problems.length === 0 ? value : undefined,
    diagnostics: atMost(problems).map((problem) => diagnostic(path, source, problem)),
    places: nodePlaces(document?.contents ?? null, source),
  };
}

const MOST_PROBLEMS = 100;

function atMost(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= MOST_PROBLEMS) return problems;
  const sorted = problems.toSorted((a, b) => a.start - b.start);
  const next = sorted[MOST_PROBLEMS];
  const more: Problem = {
    code: "yaml/more",
    start: next?.start ?? 0,
    end: next?.end ?? 1,
    message: `From here on there are ${problems.length - MOST_PROBLEMS} more mistakes.`,
    hint: "Mend the first ones: the others often come of them.",
  };
  return [...sorted.slice(0, MOST_PROBLEMS), more];
}

function diagnostic(path: string, source: SourceText, { code, start, end, message, hint }: Problem): Diagnostic {
  return { code, severity: "error", path, ...source.place(start, end), message, hint };
}

// ── Tokens: what the profile refuses, and how deep it goes. ──────────────────────────────────────────────────────────────────────

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
const BY_PROFILE: ReadonlySet<string> = new Set([
  "TAG_RESOLVE_FAILED",
  "BAD_ALIAS",
  "ALIAS_PROPS",
  "BAD_PROP_ORDER",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "BAD_COLLECTION_TYPE",
  "MULTIPLE_DOCS",
]);

function tokenProblems(tokens: readonly CST.Token[]): readonly Problem[] {
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

// ── Syntax: the parser's findings in words that help. ────────────────────────────────────────────────────────────────────────────

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Indent with spaces.",
  BAD_INDENT: "Indent the members of one block alike, with spaces.",
  MISSING_CHAR: "Look for a missing colon, comma, quote or bracket, here or in the line above.",
  UNEXPECTED_TOKEN: "Quote the text if it holds one of : # { } [ ] , & * ! | > % @ or a quote.",
  BAD_SCALAR_START: "Quote the text.",
  BAD_DQ_ESCAPE: "Use single quotes, or write a backslash twice.",
  BLOCK_AS_IMPLICIT_KEY: "Only one `key: value` stands on a line; quote the value if it holds a colon.",
  MULTILINE_IMPLICIT_KEY: "Look for a missing colon or quote in the line above.",
  NON_STRING_KEY: "Use a plain word as the key.",
};

function syntaxProblem(code: string, message: string, [start, end]: readonly [number, number], length: number): Problem {
  const from = Math.max(0, Math.min(start, length));
  return {
    code: code === "NON_STRING_KEY" ? "yaml/key" : "yaml/syntax",
    start: from,
    end: Math.max(from + 1, end),
    message: `This is not valid YAML: ${shown(message.replaceAll(/\s+/g, " "), 160)}${message.endsWith(".") ? "" : "."}`,
    hint: HINTS[code] ?? "Look at this line and the one above.",
  };
}

const EMPTY: Problem = {
  code: "yaml/empty",
  start: 0,
  end: 1,
  message: "The file holds nothing.",
  hint: "Begin with `apiVersion: claimbot/v1`.",
};

// ── Values: plain data, without what two readers could take differently. ─────────────────────────────────────────────────────────

/** At most MAX_DEPTH deep, so it may call itself. */
function valueOf(node: Node | null, problems: Problem[]): unknown {
  const { isMap, isScalar, isSeq } = yaml();
  if (isScalar(node)) {
    if (typeof node.value !== "number") return node.value;
    const exact = Number.isFinite(node.value) && (Number.isSafeInteger(node.value) || !/^[-+]?\d+$/.test(node.source ?? ""));
    if (exact && (!Number.isInteger(node.value) || Number.isSafeInteger(node.value))) return node.value;
    problems.push({
      ...rangeOf(node),
      code: "yaml/number",
      message: `${shown(node.source ?? "", 40)} is not a number that every reader takes alike.`,
      hint: "Quote it if it should be text.",
    });
    return undefined;
  }
  if (isSeq(node)) return node.items.map((item) => valueOf(item as Node | null, problems));
  if (!isMap(node)) return null;
  const value: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const { key, value: member } of node.items as Pair<Node | null, Node | null>[]) {
    const name = isScalar(key) && typeof key.value === "string" ? key.value : undefined;
    if (name === undefined) continue; // reported by the parser as NON_STRING_KEY
    if (seen.has(name) || name === "__proto__") {
      const [message, hint] = seen.has(name)
        ? [`The key ${shown(name, 40)} stands here twice.`, "Remove one of them."]
        : ["The key __proto__ is not allowed.", "Use another name."];
      problems.push({ ...rangeOf(key), code: seen.has(name) ? "yaml/duplicate-key" : "yaml/key", message, hint });
      continue;
    }
    seen.add(name);
    value[name] = valueOf(member, problems);
  }
  return value;
}

function rangeOf(node: Node | null | undefined): { readonly start: number; readonly end: number } {
  const [start, end] = (node as ParsedNode | undefined)?.range ?? [0, 1];
  return { start, end };
}

// ── Places. ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

class SourceText {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let index = text.indexOf("\n"); index !== -1; index = text.indexOf("\n", index + 1)) this.#starts.push(index + 1);
  }

  line(line: number): string {
    const start = this.#starts[line - 1];
    if (start === undefined) return "";
    return this.#text.slice(start, this.#starts[line] ?? this.#text.length).replace(/\r?\n$/, "");
  }

  /** A range that goes on in another line ends with its first. */
  place(start: number, end: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    const lineStart = this.#starts[low] ?? 0;
    const column = start - lineStart + 1;
    const lineEnd = this.line(low + 1).length + 1;
    return { line: low + 1, column, endColumn: Math.max(column + 1, Math.min(end - lineStart + 1, lineEnd)) };
  }
}

function nodePlaces(root: Node | null, source: SourceText): Places {
  const { isMap, isScalar, isSeq } = yaml();
  /** The node at the pointer and its key; where there is none, those of the nearest thing above. */
  const find = (pointer: string): { readonly node: Node | null; readonly key: Node | null } => {
    let node = root;
    let key: Node | null = null;
    for (const segment of segmentsOf(pointer)) {
      if (isMap(node)) {
        const pairs = node.items as Pair<Node | null, Node | null>[];
        const pair = pairs.find((candidate) => isScalar(candidate.key) && candidate.key.value === segment);
        if (pair === undefined) return { node: key ?? node, key };
        ({ key } = pair);
        node = pair.value;
      } else if (isSeq(node) && Number(segment) < node.items.length) {
        node = node.items[Number(segment)] as Node | null;
        key = null;
      } else return { node: key ?? node, key };
    }
    return { node, key };
  };
  const at = (node: Node | null): Place => {
    const { start, end } = rangeOf(node);
    return source.place(start, end);
  };
  return {
    value(pointer) {
      const { node, key } = find(pointer);
      const { start, end } = rangeOf(node);
      const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
      return at(key !== null && (node === null || start === end || isBlock) ? key : firstOf(node));
    },
    key(pointer) {
      const { node, key } = find(pointer);
      return at(key ?? firstOf(node));
    },
    line: (line) => source.line(line),
  };

  /** A block without a key (an item of a list, the file): its first key. */
  function firstOf(node: Node | null): Node | null {
    if (!isMap(node) || node.flow === true) return node;
    return (node.items[0]?.key as Node | null | undefined) ?? node;
  }
}
