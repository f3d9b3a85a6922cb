/** Cloudflare's rules language, as far as a refusal goes: whether an expression parses, and what it uses. */

export type Parsed =
  | { readonly ok: true; readonly fields: readonly string[]; readonly operators: readonly string[] }
  | { readonly ok: false; readonly message: string };

interface Token {
  readonly kind: "string" | "number" | "address" | "name" | "list" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

type ValueType = "string" | "number" | "address" | "boolean" | "collection" | "any";

const FIELDS: readonly (readonly [RegExp, ValueType])[] = [
  [/^(http\.(host|cookie|referer|user_agent|x_forwarded_for))$/, "string"],
  [/^http\.request\.(full_uri|method|uri|uri\.path|uri\.path\.extension|uri\.query|version|body\.raw|body\.mime)$/, "string"],
  [/^raw\.http\.request\.(full_uri|uri|uri\.path|uri\.query)$/, "string"],
  [/^http\.request\.body\.size$/, "number"],
  [/^http\.request\.(timestamp\.(sec|msec))$/, "number"],
  [
    /^http\.request\.(headers|cookies|uri\.args|accepted_languages|body\.form|body\.multipart)(\.(names|values|truncated))?$/,
    "any",
  ],
  [/^raw\.http\.request\.(headers|uri\.args)(\.(names|values))?$/, "any"],
  [/^http\.response\.(code|headers|headers\.names|headers\.values|content_type\.media_type)$/, "any"],
  [/^ip\.src$/, "address"],
  [
    /^ip\.src\.(country|continent|city|region|region_code|postal_code|timezone\.name|lat|lon|metro_code|subdivision_[12]_iso_code)$/,
    "string",
  ],
  [/^ip\.geoip\.(country|continent|subdivision_[12]_iso_code)$/, "string"],
  [/^ip\.(src|geoip)\.asnum$/, "number"],
  [/^ip\.(src|geoip)\.is_in_european_union$/, "boolean"],
  [/^ssl$/, "boolean"],
  [
    /^cf\.(client\.bot|bot_management\.(verified_bot|static_resource|corporate_proxy)|tls_client_auth\.cert_(verified|revoked|presented))$/,
    "boolean",
  ],
  [/^cf\.(threat_score|waf\.score(\.[a-z]+)?|bot_management\.score|edge\.server_port)$/, "number"],
  [/^cf\.[a-z0-9_]+(\.[a-z0-9_]+)*$/, "any"],
];

const FUNCTIONS: Readonly<Record<string, ValueType>> = {
  any: "boolean",
  all: "boolean",
  cidr: "address",
  cidr6: "address",
  concat: "string",
  decode_base64: "string",
  ends_with: "boolean",
  has_key: "boolean",
  has_value: "boolean",
  is_timed_hmac_valid_v0: "boolean",
  join: "string",
  len: "number",
  lookup_json_integer: "number",
  lookup_json_string: "string",
  lower: "string",
  regex_replace: "string",
  remove_bytes: "string",
  starts_with: "boolean",
  substring: "string",
  to_string: "string",
  upper: "string",
  url_decode: "string",
  wildcard_replace: "string",
};

const COMPARISONS: Readonly<Record<string, string>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "~": "matches",
  "&": "bitwise_and",
};
const NAMED_COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge", "contains", "matches", "bitwise_and", "wildcard", "strict"];
/** The operators that a type has besides eq, ne and in. */
const OPERATORS_OF: Readonly<Record<ValueType, readonly string[]>> = {
  string: ["lt", "le", "gt", "ge", "contains", "matches", "wildcard", "strict"],
  number: ["lt", "le", "gt", "ge", "bitwise_and"],
  address: ["lt", "le", "gt", "ge"],
  boolean: [],
  collection: [],
  any: NAMED_COMPARISONS,
};
const MAX_DEPTH = 50;

class ParseError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Parses a whole expression. Types are checked where a field's type is known. */
export function parseExpression(expression: string): Parsed {
  try {
    const parser = new Parser(tokens(expression));
    parser.whole();
    return { ok: true, fields: [...parser.fields], operators: [...parser.operators] };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const place = `Filter parsing error (1:${error.at + 1}):`;
    return { ok: false, message: `${place}\n${expression}\n${" ".repeat(error.at)}^ ${error.message}` };
  }
}

const TOKEN =
  /(?<space>\s+)|(?<string>r(?<hashes>#*)"[^]*?"\k<hashes>|"(?:[^"\\]|\\["\\]|\\x[0-9a-fA-F]{2}|\\[0-7]{3})*")|(?<address>[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*(?:\/\d{1,3})?|\d+\.\d+\.\d+\.\d+(?:\/\d{1,2})?)|(?<number>\d+)|(?<name>[a-z_][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_]+)*)|(?<list>\$[a-z0-9_.]+)|(?<symbol>==|!=|<=|>=|&&|\|\||\^\^|\.\.|[<>!(){}[\],~&*])/y;

function tokens(expression: string): readonly Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < expression.length; at = TOKEN.lastIndex) {
    const groups = TOKEN.exec(expression)?.groups;
    if (groups === undefined) throw new ParseError("unrecognised input", at);
    for (const kind of ["string", "address", "number", "name", "list", "symbol"] as const) {
      const text = groups[kind];
      if (text !== undefined) found.push({ kind, text, at });
    }
  }
  return [...found, { kind: "end", text: "", at: expression.length }];
}

class Parser {
  readonly fields = new Set<string>();
  readonly operators = new Set<string>();
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): void {
    this.#chain(0);
    if (this.#peek().kind !== "end") throw this.#error("unrecognised input");
  }

  /** or, xor, and: loosest first. */
  #chain(level: number): void {
    const words = [
      ["or", "||"],
      ["xor", "^^"],
      ["and", "&&"],
    ][level];
    if (words === undefined) return this.#not();
    do this.#chain(level + 1);
    while (this.#takeAny(words));
  }

  #not(): void {
    if (this.#takeAny(["not", "!"])) return this.#deeper(() => this.#not());
    if (this.#takeAny(["("])) {
      this.#deeper(() => this.#chain(0));
      return this.#want(")");
    }
    this.#comparison();
  }

  #comparison(): void {
    if (this.#takeAny(["true", "false"])) return;
    const at = this.#peek().at;
    const type = this.#value();
    const operator = this.#operator();
    if (operator === undefined) {
      if (type !== "boolean" && type !== "any") throw new ParseError("expected a comparison operator", this.#peek().at);
      return;
    }
    this.operators.add(operator);
    if (operator !== "eq" && operator !== "ne" && operator !== "in" && !OPERATORS_OF[type].includes(operator))
      throw new ParseError(`cannot perform this operation on type ${type}`, at);
    if (operator === "in") return this.#set(type);
    this.#literal(type);
  }

  /** A field or a function's result, with its indices. */
  #value(): ValueType {
    const { kind, text, at } = this.#take();
    if (kind !== "name") throw new ParseError("expected an identifier", at);
    let type = this.#peek().text === "(" ? this.#call(text, at) : this.#field(text, at);
    while (this.#takeAny(["["])) {
      const index = this.#take();
      if (index.kind !== "string" && index.kind !== "number" && index.text !== "*")
        throw new ParseError("expected quoted utf8 string or positive integer", index.at);
      this.#want("]");
      type = "any";
    }
    return type;
  }

  #field(name: string, at: number): ValueType {
    const type = FIELDS.find(([pattern]) => pattern.test(name))?.[1];
    if (type === undefined) throw new ParseError("unknown identifier", at);
    this.fields.add(name);
    return type;
  }

  #call(name: string, at: number): ValueType {
    const type = FUNCTIONS[name];
    if (type === undefined) throw new ParseError("unknown identifier", at);
    this.#want("(");
    this.#deeper(() => {
      do this.#argument();
      while (this.#takeAny([","]));
    });
    this.#want(")");
    return type;
  }

  /** any() and all() take a comparison; the others take values and literals. */
  #argument(): void {
    const { kind, text } = this.#peek();
    if (kind === "string" || kind === "number" || kind === "address" || text === "true" || text === "false") {
      this.#take();
      return;
    }
    this.#value();
    const operator = this.#operator();
    if (operator === "in") this.#set("any");
    else if (operator !== undefined) this.#literal("any");
  }

  #operator(): string | undefined {
    const { kind, text } = this.#peek();
    const operator =
      kind === "symbol" ? COMPARISONS[text] : kind === "name" && [...NAMED_COMPARISONS, "in"].includes(text) ? text : undefined;
    if (operator === undefined) return undefined;
    this.#take();
    if (operator === "strict") this.#want("wildcard");
    return operator;
  }

  #set(type: ValueType): void {
    if (this.#peek().kind === "list") {
      this.#take();
      return;
    }
    this.#want("{");
    do {
      this.#literal(type);
      if (this.#takeAny([".."])) this.#literal(type);
    } while (this.#peek().text !== "}" && this.#peek().kind !== "end");
    this.#want("}");
  }

  #literal(type: ValueType): void {
    const { kind, text, at } = this.#take();
    const got = kind === "name" && (text === "true" || text === "false") ? "boolean" : kind;
    const good = type === "any" ? ["string", "number", "address", "boolean"].includes(got) : got === type;
    if (!good) throw new ParseError(`expected ${type === "any" ? "a literal" : type}`, at);
  }

  #deeper(parse: () => void): void {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw this.#error("nested too deeply");
    parse();
    this.#depth -= 1;
  }

  #peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new Error("the end token is never taken");
    return token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#next += 1;
    return token;
  }

  #takeAny(texts: readonly string[]): boolean {
    const { kind, text } = this.#peek();
    if ((kind !== "symbol" && kind !== "name") || !texts.includes(text)) return false;
    this.#next += 1;
    return true;
  }

  #want(text: string): void {
    if (!this.#takeAny([text])) throw this.#error(`expected literal "${text}"`);
  }

  #error(message: string): ParseError {
    return new ParseError(message, this.#peek().at);
  }
}
