/**
 * Tokens of an expression of Cloudflare's rules language. An author's expression is put into `(<host guard>) and (<expression>)`; this
 * proves that it cannot leave the second pair of parentheses. Whatever it does not know, it refuses: Cloudflare judges the rest.
 */

type TokenKind = "string" | "word" | "operator" | "open" | "close" | "comma";

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** From 0, in UTF-16 code units. */
  readonly offset: number;
}

export interface ExpressionFault {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

export type Tokenised =
  | { readonly ok: true; readonly tokens: readonly Token[] }
  | { readonly ok: false; readonly fault: ExpressionFault };

// Words: addresses of IPv6, fields, functions and lists ($name), then numbers, addresses of IPv4 and ranges, and the `*` of an unpacked list.
const WORD = /[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:\/\d{1,3})?|[A-Za-z_$][A-Za-z0-9_.$]*|-?\d[\d.]*(?:\/\d{1,2})?|\*/y;
const OPERATOR = /==|!=|<=|>=|&&|\|\||\^\^|<|>|!|~|&/y;
const SPACE = /[ \t\r\n]+/y;
const RAW_START = /r(#{0,255})"/y;

const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Strings ended, brackets in pairs, nothing unknown: only then are there tokens. Never throws. */
export function tokenise(expression: string): Tokenised {
  const tokens: Token[] = [];
  const open: Token[] = [];
  let offset = 0;
  const at = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset;
    return pattern.exec(expression);
  };
  const push = (kind: TokenKind, length: number): Token => {
    const token = { kind, text: expression.slice(offset, offset + length), offset };
    tokens.push(token);
    offset += length;
    return token;
  };
  const fault = (message: string, hint: string, where = offset): Tokenised => ({
    ok: false,
    fault: { offset: where, message, hint },
  });
  while (offset < expression.length) {
    const space = at(SPACE);
    if (space !== null) {
      offset += space[0].length;
      continue;
    }
    const char = expression[offset] ?? "";
    const raw = at(RAW_START);
    if (char === '"' || raw !== null) {
      const previous = tokens.at(-1);
      // Two readers could part `eqr"…"` differently.
      if (
        previous !== undefined &&
        previous.offset + previous.text.length === offset &&
        ["word", "string"].includes(previous.kind)
      ) {
        return fault("A string follows a word without a space.", "Put a space before the string.");
      }
      const end = raw === null ? endOfString(expression, offset) : endOfRaw(expression, offset, raw[0].length, raw[1] ?? "");
      if (end === undefined) return fault("A string is not ended.", "End it with a double quote.");
      if (raw === null && isRegexOperator(previous) && end !== endOfRegex(expression, offset)) {
        // In a quoted regular expression Cloudflare does not end the string at a quote within [ ].
        return fault("Where this regular expression ends is not clear.", 'Write it as a raw string: r"…".');
      }
      push("string", end - offset);
      continue;
    }
    if (char in CLOSES) {
      open.push(push("open", 1));
      continue;
    }
    if (char === ")" || char === "]" || char === "}") {
      const opened = open.pop();
      if (opened === undefined)
        return fault(`A ${char} closes nothing.`, "Parentheses must come in pairs within the expression.");
      if (CLOSES[opened.text] !== char)
        return fault(`A ${char} closes a ${opened.text}.`, `Close it with ${CLOSES[opened.text]}.`);
      push("close", 1);
      continue;
    }
    if (char === ",") {
      push("comma", 1);
      continue;
    }
    const operator = at(OPERATOR);
    const word = operator === null ? at(WORD) : null;
    const length = (operator ?? word)?.[0].length ?? 0;
    if (length === 0) {
      const shown = /[ -~]/.test(char)
        ? char
        : `U+${(expression.codePointAt(offset) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
      return fault(`${shown} means nothing here.`, "Put text in double quotes; there are no comments in an expression.");
    }
    push(operator === null ? "word" : "operator", length);
  }
  const opened = open.at(-1);
  if (opened !== undefined)
    return fault(`A ${opened.text} is not closed.`, `Close it with ${CLOSES[opened.text]}.`, opened.offset);
  if (tokens.length === 0) return fault("The expression is empty.", "Say what it should match.", 0);
  return { ok: true, tokens };
}

/** Cloudflare takes at most 4,096 characters for the whole rule; the guard needs its share. */
export function expressionFault(expression: string): ExpressionFault | undefined {
  const tokenised = tokenise(expression);
  return tokenised.ok ? undefined : tokenised.fault;
}

function isRegexOperator(token: Token | undefined): boolean {
  return token?.text === "matches" || token?.text === "~";
}

/** The offset after the closing quote. A backslash takes the next character with it; a NUL or a line end does not belong into a string. */
function endOfString(text: string, start: number): number | undefined {
  for (let offset = start + 1; offset < text.length; offset++) {
    const char = text[offset];
    if (char === "\0" || char === "\n" || char === "\r") return undefined;
    if (char === "\\") offset += 1;
    else if (char === '"') return offset + 1;
  }
  return undefined;
}

/** The same as a regular expression is read: a quote within [ ] is part of it (as remembered of wirefilter's lexer; not read in its source). */
function endOfRegex(text: string, start: number): number | undefined {
  let inClass = false;
  for (let offset = start + 1; offset < text.length; offset++) {
    const char = text[offset];
    if (char === "\\") offset += 1;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    else if (char === '"' && !inClass) return offset + 1;
  }
  return undefined;
}

function endOfRaw(text: string, start: number, length: number, hashes: string): number | undefined {
  const end = text.indexOf(`"${hashes}`, start + length);
  return end === -1 || text.slice(start, end).includes("\0") ? undefined : end + 1 + hashes.length;
}
