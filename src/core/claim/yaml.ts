/** Reads a file of the YAML profile (DESIGN 2) with the place of every value, or says everything that is wrong with it. */
import type { Document, Node, Pair } from "yaml";
import type { Diagnostic } from "../diagnostic.ts";
import { yaml } from "./lazy-yaml.ts";
import { nodePlaces, rangeOf, SourceText } from "./node-places.ts";
import { shown, type Places } from "./places.ts";
import { BY_PROFILE, tokenProblems, type Problem } from "./yaml-tokens.ts";

export interface Yaml {
  /** Undefined where the file is not within the profile: then `diagnostics` says why. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  readonly places: Places;
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
