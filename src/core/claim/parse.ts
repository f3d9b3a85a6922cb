/** From the bytes of a file to a claim or platform, or to everything that is wrong with it. Total and pure: no bytes make it throw. */
import type { Diagnostic } from "../diagnostic.ts";
import type { Claim } from "./claim.generated.ts";
import { decode } from "./decode.ts";
import { readFast } from "./fast-yaml.ts";
import { migrate } from "./migrate.ts";
import { lazyPlaces, locate, type Places } from "./places.ts";
import type { Platform } from "./platform.generated.ts";
import { schemaFindings } from "./schema-errors.ts";
import { servicesNamed } from "./services-named.ts";
import { claim, platform, type Validator } from "./validator.generated.js";
import { readYaml } from "./yaml.ts";

export type Parsed<T> =
  | {
      readonly ok: true;
      readonly value: T;
      readonly places: Places;
      /** The apiVersion of the file, where it is an older one. */
      readonly migratedFrom?: string;
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** Of a claim: the services that it may have, mistakes or not; undefined where nobody can tell. */
      readonly services?: ReadonlySet<string> | undefined;
    };

/** Syntax, profile and schema only; what a claim means is judged by `validateTree`. */
export function parseClaim(path: string, bytes: Uint8Array): Parsed<Claim> {
  return parse("claim", claim, path, bytes);
}

export function parsePlatform(path: string, bytes: Uint8Array): Parsed<Platform> {
  return parse("platform", platform, path, bytes);
}

function parse<T>(kind: "claim" | "platform", validate: Validator<T>, path: string, bytes: Uint8Array): Parsed<T> {
  const decoded = decode(path, bytes);
  if (!decoded.ok) return decoded;
  const { text } = decoded;
  const fast = readFast(text);
  if (fast !== undefined && validate(fast.value)) {
    return { ok: true, value: fast.value, places: lazyPlaces(() => readYaml(path, text).places) };
  }
  const read = readYaml(path, text);
  const wrong = (diagnostics: readonly Diagnostic[]): Parsed<T> => ({
    ok: false,
    diagnostics,
    ...(kind === "claim" && { services: servicesNamed(read.value, text) }),
  });
  if (read.diagnostics.length > 0) return wrong(read.diagnostics);
  const migrated = migrate(read.value);
  if (!migrated.ok) return wrong([locate(path, read.places, migrated.finding.code, migrated.finding)]);
  const { value, migratedFrom } = migrated;
  if (validate(value)) return { ok: true, value, places: read.places, ...(migratedFrom !== undefined && { migratedFrom }) };
  const findings = schemaFindings(kind, value, validate.errors ?? []).slice(0, 100);
  return wrong(findings.map((finding) => locate(path, read.places, finding.code, finding)));
}
