/** Reads the words after a command, strictly: an unknown option is wrong use, never ignored. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { PLATFORM_NAME } from "../core/adopted.ts";
import { WrongUse } from "./exit.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;
type Values<T extends Options> = { [K in keyof T]?: T[K]["type"] extends "boolean" ? boolean : string };

export function readWords<T extends Options>(
  words: readonly string[],
  options: T,
  most: number,
): { values: Values<T>; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
    if (positionals.length > most) throw new WrongUse(`${JSON.stringify(positionals[most])} is one word too many`);
    return { values, positionals };
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw new WrongUse(error instanceof Error ? error.message : String(error));
  }
}

/** A word that names an environment: it becomes a part of keys, so nothing else may pass. */
export function environmentName(word: string): string {
  if (word === PLATFORM_NAME) throw new WrongUse(`${PLATFORM_NAME} names the adopted rules, not an environment`);
  if (/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/.test(word)) return word;
  throw new WrongUse(`${JSON.stringify(word)} cannot be the name of an environment: a name has 3 to 40 of a-z, 0-9 and -`);
}

export function oneOf<T extends string>(name: string, text: string | undefined, allowed: readonly T[]): T {
  const [first] = allowed;
  const found = allowed.find((candidate) => candidate === (text ?? first));
  if (found === undefined) throw new WrongUse(`--${name} is ${JSON.stringify(text)}; it may be ${allowed.join(", ")}`);
  return found;
}
