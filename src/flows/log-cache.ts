/** The claim logs of all environments, read once: one listing tells which grew since, and only those are read on. */
import type { ObjectStore } from "../core/ports.ts";
import { isLive, type Log } from "../core/record.ts";
import { readAsFarAsSound } from "../targets/claim-store/claim-store.ts";
import { PLATFORM_NAME } from "../core/adopted.ts";
import { inGroups } from "./in-groups.ts";

export class LogCache {
  readonly #logs = new Map<string, Log>();
  readonly #broken = new Set<string>();

  /** How many of the records that were read passed the gates by --break-glass; it only ever grows. */
  get brokenGlass(): number {
    return [...this.#logs.values()].flat().filter(({ breakGlass }) => breakGlass !== undefined).length;
  }

  /** Environments whose log was found broken when it was last read: nothing can be done for them, and somebody must be told. */
  get broken(): readonly string[] {
    return [...this.#broken].toSorted();
  }

  /**
   * Logs of all environments whose log does not end in Removed. Records are immutable, so what was read stays true. Of a broken log it has
   * what comes before the break: others may not take its names, and whoever plans it itself reads on, and is refused.
   */
  async live(store: ObjectStore, signal: AbortSignal): Promise<ReadonlyMap<string, Log>> {
    const counts = new Map<string, number>();
    for (const { key } of await store.list("claims/", signal)) {
      const name = key.split("/")[1] ?? "";
      if (name !== PLATFORM_NAME) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const logs = await inGroups([...counts], 32, async ([name, count]) => {
      const known = this.#logs.get(name) ?? [];
      const { log, broken } =
        known.length === count ? { log: known, broken: undefined } : await readAsFarAsSound(store, name, known, signal);
      this.#logs.set(name, log);
      if (broken === undefined) this.#broken.delete(name);
      else this.#broken.add(name);
      return [name, log] as const;
    });
    return new Map(logs.filter(([, log]) => isLive(log)));
  }
}
