/** Reads an object for an examination. */
import { Stalled } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/ports.ts";
import { deviation, type Deviation } from "./deviation.ts";
import type { StoredText } from "./examine-log.ts";

export interface ReadText {
  /** Undefined where there is none, or it cannot be had. */
  readonly object: StoredText | undefined;
  readonly found: readonly Deviation[];
}

/** An object that the store refuses to give, because its checksum is another, is a deviation like any other. */
export async function readText(store: ObjectStore, key: string, signal: AbortSignal): Promise<ReadText> {
  try {
    const object = await store.read(key, signal);
    return { object: object && { key, text: Buffer.from(object.body).toString("utf8") }, found: [] };
  } catch (error) {
    if (!(error instanceof Stalled)) throw error;
    return { object: undefined, found: [deviation("object/unreadable", key, error.message)] };
  }
}
