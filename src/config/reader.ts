/** Reads settings one by one and gathers every mistake on the way. No mistake holds a value. */
import assert from "node:assert/strict";
import { Secret } from "../core/secret.ts";
import { SETTINGS, type SettingName } from "./settings.ts";
import type { Parsed } from "./values.ts";

export interface ConfigMistake {
  readonly setting: string;
  readonly reason: string;
  readonly wayOut: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;
export type Parse<T> = (text: string) => Parsed<T>;

export class SettingsReader {
  readonly mistakes: ConfigMistake[] = [];
  /** Every secret that was read. */
  readonly secrets: Secret[] = [];
  readonly #texts: ReadonlyMap<SettingName, string>;
  readonly #env: Variables;

  constructor(env: Variables, readFile: (path: string) => string) {
    this.#env = env;
    this.#texts = new Map(
      SETTINGS.flatMap(({ name, secret }) => {
        const text = this.#text(name, env, readFile)?.trim();
        if (text === "" && secret) this.mistake(name, "is set but empty", "Give it its value, or take it away");
        return text === undefined || text === "" ? [] : [[name, text] as const];
      }),
    );
  }

  has(name: SettingName): boolean {
    return this.#texts.has(name);
  }

  /** The path that the `_FILE` twin names, for what is written anew while we run. */
  fileOf(name: SettingName): string | undefined {
    return this.#env[`${name}_FILE`] || undefined;
  }

  mistake(setting: string, reason: string, wayOut: string): void {
    this.mistakes.push({ setting, reason, wayOut });
  }

  /** Undefined when it is not set, or wrong: then it is among the mistakes. */
  one<T>(name: SettingName, parse: Parse<T>): T | undefined {
    const text = this.#texts.get(name);
    return text === undefined ? undefined : this.#keep(name, parse(text));
  }

  /** The default also stands in for a wrong one, which nobody will use: it is among the mistakes. */
  withDefault<T>(name: SettingName, parse: Parse<T>): T {
    const fallback = SETTINGS.find((setting) => setting.name === name)?.default;
    assert(fallback !== undefined, `${name} has a default`);
    const parsed = parse(fallback);
    assert("value" in parsed, `the default of ${name} is good`);
    return this.one(name, parse) ?? parsed.value;
  }

  many<T>(name: SettingName, parse: Parse<T>): readonly T[] {
    const parts =
      this.#texts
        .get(name)
        ?.split(/[\s,]+/)
        .filter((part) => part !== "") ?? [];
    return parts.map((part) => this.#keep(name, parse(part))).filter((value) => value !== undefined);
  }

  /** Where some of these settings stand without the others, the others are missing. */
  together(...names: readonly SettingName[]): void {
    const present = names.filter((name) => this.has(name));
    if (present.length === 0) return;
    for (const name of names.filter((name) => !this.has(name))) {
      this.mistake(name, `is missing beside ${present.join(" and ")}`, "Set all of them, or none");
    }
  }

  #text(name: SettingName, env: Variables, readFile: (path: string) => string): string | undefined {
    const twin = `${name}_FILE`;
    const path = env[twin];
    if (path === undefined || path === "") return env[name];
    if (env[name] !== undefined && env[name] !== "") {
      this.mistake(name, `is set twice, also as ${twin}`, "Keep one of them");
      return undefined;
    }
    try {
      return readFile(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
      this.mistake(twin, `names a file that cannot be read (${code})`, "Mount the file, or mend the path");
      return undefined;
    }
  }

  #keep<T>(name: SettingName, parsed: Parsed<T>): T | undefined {
    if ("reason" in parsed) {
      this.mistake(name, parsed.reason, parsed.wayOut);
      return undefined;
    }
    if (parsed.value instanceof Secret) this.secrets.push(parsed.value);
    return parsed.value;
  }
}
