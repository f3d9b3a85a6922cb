/** The database: PGlite in a directory with one owner, or PostgreSQL by its URL. The same SQL runs on both. */
import { join } from "node:path";
import type { ConstructorOptions, Db } from "pg-boss";
import { Stalled, Waiting } from "../core/errors.ts";
import type { Secret } from "../core/secret.ts";
import { migrate } from "./db-schema.ts";
import { ownDirectory } from "./owner-lock.ts";

export type DatabaseAddress = { readonly dataDirectory: string } | { readonly databaseUrl: Secret };

export type Row = Record<string, unknown>;

/** Runs one statement with its values. */
export interface Sql {
  query(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
}

export interface Database extends Sql, AsyncDisposable {
  /** For messages: never an address with a password. */
  readonly name: string;
  /** Only this process can have jobs here, so every job found running at the start belongs to a dead one. */
  readonly onlyOwner: boolean;
  /** How pg-boss reaches the same database. */
  readonly boss: ConstructorOptions;
  transaction<T>(work: (tx: Sql) => Promise<T>): Promise<T>;
}

/** Opens and migrates. Throws Stalled when the directory has another owner, Waiting when PostgreSQL does not answer. */
export async function openDatabase(address: DatabaseAddress): Promise<Database> {
  const database = "databaseUrl" in address ? await openPostgres(address.databaseUrl) : await openEmbedded(address.dataDirectory);
  try {
    await migrate(database);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw error;
  }
  return database;
}

/** pg-boss inside one of our transactions: what it writes commits with it. */
export function bossOn(tx: Sql): Db {
  return { executeSql: async (text: string, values?: unknown[]) => ({ rows: [...(await tx.query(text, values ?? []))] }) };
}

async function openEmbedded(dataDirectory: string): Promise<Database> {
  const owned = await ownDirectory(dataDirectory);
  try {
    const [{ PGlite }, { fromPglite }] = await Promise.all([import("@electric-sql/pglite"), import("pg-boss")]);
    // A queue needs no 128 MB of buffers: with these an idle service is 100 MiB smaller (measured 2026-11-24, 486 → 377 MiB).
    const pglite = await PGlite.create(join(dataDirectory, "database"), { postgresqlconf: ["shared_buffers=8MB"] });
    return {
      name: dataDirectory,
      onlyOwner: true,
      boss: { db: fromPglite(pglite), backend: "pglite" },
      query: async (text, values) => (await pglite.query<Row>(text, values && [...values])).rows,
      transaction: async (work) =>
        pglite.transaction(async (tx) =>
          work({ query: async (text, values) => (await tx.query<Row>(text, values && [...values])).rows }),
        ),
      async [Symbol.asyncDispose]() {
        await pglite.close();
        await owned[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await owned[Symbol.asyncDispose]();
    throw error;
  }
}

async function openPostgres(databaseUrl: Secret): Promise<Database> {
  const { default: pg } = await import("pg");
  const connectionString = databaseUrl.reveal();
  const pool = new pg.Pool({ connectionString, max: 8, application_name: "claimbot", connectionTimeoutMillis: 5_000 });
  // An idle connection that dies is replaced by the next query; without a listener it would end the process.
  pool.on("error", () => undefined);
  try {
    await pool.query("SELECT 1");
  } catch (error) {
    await pool.end();
    throw unreachable(error);
  }
  return {
    name: "PostgreSQL",
    onlyOwner: false,
    boss: { connectionString, max: 6, application_name: "claimbot-queue" },
    query: async (text, values) => (await pool.query<Row>(text, values && [...values])).rows,
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      try {
        await client.query("BEGIN");
        const result = await work({ query: async (text, values) => (await client.query<Row>(text, values && [...values])).rows });
        await client.query("COMMIT");
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch((rollback: Error) => (broken = rollback));
        throw error;
      } finally {
        client.release(broken);
      }
    },
    [Symbol.asyncDispose]: async () => pool.end(),
  };
}

// Only the code crosses: the driver's message may quote the address.
export function unreachable(error: unknown): Error {
  const code = (error as { code?: unknown }).code;
  const shown = typeof code === "string" ? code : "no answer";
  if (shown === "28P01" || shown === "28000" || shown === "3D000") {
    return new Stalled(`PostgreSQL refuses the login of DATABASE_URL (${shown})`, "Check its user, password and database name");
  }
  return new Waiting(`PostgreSQL does not answer (${shown})`, 5_000);
}
