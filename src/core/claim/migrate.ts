/**
 * Versions of the claim format. `apiVersion` selects the schema; an older version is brought to the present one by pure steps, which
 * the plan shows (`migratedFrom`); an unknown one is a mistake of the author.
 */
import { didYouMean } from "./did-you-mean.ts";
import type { CodedFinding } from "./schema-errors.ts";

export const API_VERSION = "claimbot/v1";

export interface Migration {
  readonly from: string;
  /** The next version: present or itself the start of a migration. */
  readonly to: string;
  /** Pure; gets a value of the older version that no schema has looked at, and says undefined where it cannot. */
  readonly migrate: (value: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> | undefined;
}

/** Empty: there has been one version only. */
export const MIGRATIONS: readonly Migration[] = [];

export type Migrated =
  | { readonly ok: true; readonly value: unknown; readonly migratedFrom?: string }
  | { readonly ok: false; readonly finding: CodedFinding };

/** Leaves it to the schema to judge a value that is no object, or has no apiVersion. */
export function migrate(value: unknown, migrations: readonly Migration[] = MIGRATIONS, present = API_VERSION): Migrated {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return { ok: true, value };
  const { apiVersion } = value as { readonly apiVersion?: unknown };
  if (typeof apiVersion !== "string" || apiVersion === present) return { ok: true, value };
  let current = value as Readonly<Record<string, unknown>>;
  let version = apiVersion;
  for (const _step of migrations) {
    if (version === present) break;
    const migration = migrations.find(({ from }) => from === version);
    const next = migration?.migrate(current);
    if (migration === undefined || next === undefined) break;
    version = migration.to;
    current = { ...next, apiVersion: version };
  }
  if (version === present) return { ok: true, value: current, migratedFrom: apiVersion };
  return { ok: false, finding: unknownVersion(apiVersion, migrations, present) };
}

function unknownVersion(version: string, migrations: readonly Migration[], present: string): CodedFinding {
  const known = [present, ...migrations.map(({ from }) => from)];
  // v2 is no slip of the pen for v1.
  const meant = /\/v\d+$/.test(version) ? undefined : didYouMean(version, known);
  return {
    code: "claim/api-version",
    pointer: "/apiVersion",
    message: `${version.slice(0, 60)} is not a version of the format that this claimbot knows.`,
    hint: meant === undefined ? `Use ${present}, or a newer claimbot.` : `Did you mean ${meant}?`,
    ...(meant !== undefined && { replacement: meant }),
  };
}
