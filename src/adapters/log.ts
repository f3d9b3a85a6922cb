/** The log: one line of JSON per entry on one stream, and the last place where a secret could get out. */
import { pino, type DestinationStream } from "pino";
import type { Log } from "../core/log.ts";
import { redact, type Secret } from "../core/secret.ts";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  /** Every secret of the configuration. */
  readonly secrets: readonly Secret[];
  /** Standard error without. */
  readonly destination?: DestinationStream;
}

/**
 * Lines are redacted by value after they were written out, so it does not matter through which field, error or cause a secret
 * came. JSON keeps control characters escaped: no entry can forge another or reach a terminal.
 */
export function openLog({ level, secrets, destination = process.stderr }: LogOptions): Log {
  const blank = redactorOf(secrets);
  const sink: DestinationStream = { write: (line) => destination.write(blank(line)) };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    sink,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** Blanks every form in which a secret may stand in a line: as it is, for a URL, escaped in JSON, in base64 at any offset. */
function redactorOf(secrets: readonly Secret[]): (line: string) => string {
  const forms = [...new Set(secrets.flatMap((secret) => hiddenForms(secret.reveal())))].toSorted((a, b) => b.length - a.length);
  return (line) => forms.reduce((left, form) => left.replaceAll(form, "[secret]"), redact(escapeRest(line), secrets));
}

// Shorter pieces would blank words that are no secrets.
const SHORTEST_PIECE = 6;

function hiddenForms(value: string): readonly string[] {
  const inJson = JSON.stringify(value).slice(1, -1);
  return [inJson, ...base64Pieces(value)].filter((form) => form.length >= SHORTEST_PIECE);
}

/** What of a value's base64 is the same whatever stands before and after it, such as `user:` before a password. */
function base64Pieces(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const first = offset === 0 ? 0 : offset + 1;
    const last = (offset + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    const piece = text.slice(first, last);
    return [piece, piece.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

/** DEL, C1 controls, line separators and bidirectional marks, which JSON leaves as they are. */
function escapeRest(line: string): string {
  return line.replaceAll(
    /[\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** An error as name, message, stack and causes. Nothing else: clients hang requests, headers and answers on their errors. */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: typeof error === "string" ? error : "something that is no error was thrown" };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === "string" && { code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: errorFields(error.cause) }),
  };
}
