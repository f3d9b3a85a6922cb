/** A value that cannot be printed by accident: not by a template, JSON, a logger or a debugger's dump. */

const HIDDEN = "[secret]";

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The only way to the value: call it where the value is sent, and keep the result nowhere. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.toPrimitive](): string {
    return HIDDEN;
  }

  /** What `util.inspect` and `console.log` ask for; named by its registered symbol so that the core imports nothing. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return HIDDEN;
  }
}

/** Blanks every secret in a text, also where it was written in base64 or for a URL. For texts that others made, such as git's errors. */
export function redact(text: string, secrets: readonly Secret[]): string {
  return secrets
    .flatMap((secret) => formsOf(secret.reveal()))
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, form) => left.replaceAll(form, HIDDEN), text);
}

function formsOf(value: string): readonly string[] {
  if (value === "") return [];
  const bytes = new TextEncoder().encode(value);
  const base64 = btoa(String.fromCharCode(...bytes));
  const bare = base64.replaceAll("=", "");
  const url = bare.replaceAll("+", "-").replaceAll("/", "_");
  return [...new Set([value, encodeURIComponent(value), base64, bare, url])];
}
