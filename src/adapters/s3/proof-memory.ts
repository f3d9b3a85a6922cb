/** Remembers for a day which server was proved, so that a service that restarts, and every `apply`, does not prove it each time. */
import { readFile, writeFile } from "node:fs/promises";

const DAY_MS = 86_400_000;

/** Proves `where` (endpoint and bucket), unless this file says that it was proved within a day; only a success is remembered. */
export async function atMostDaily(file: string, where: string, now: Date, prove: () => Promise<void>): Promise<void> {
  const age = now.getTime() - Date.parse((await remembered(file))[where] ?? "");
  // A time in the future, by a clock that was wrong, counts for nothing.
  if (age >= 0 && age < DAY_MS) return;
  await prove();
  await writeFile(file, `${JSON.stringify({ ...(await remembered(file)), [where]: now.toISOString() }, null, 2)}\n`);
}

/** Where → when. A file that cannot be read is none: the server is then proved once more. */
async function remembered(file: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(file, "utf8").catch(() => "");
  try {
    const value: unknown = JSON.parse(text);
    const isOurs = value !== null && typeof value === "object" && Object.values(value).every((at) => typeof at === "string");
    return isOurs ? (value as Readonly<Record<string, string>>) : {};
  } catch {
    // Torn by a process that was killed while it wrote.
    return {};
  }
}
