/** At most so many at once; the others wait in line. */
export type Limiter = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Whoever gives up while waiting (by its signal) leaves the line, and throws the signal's reason. */
export function limiter(width: number): Limiter {
  let free = width;
  const line = new Set<() => void>();

  const enter = async (signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        line.delete(next);
        reject(signal?.reason as Error);
      };
      const next = (): void => {
        line.delete(next);
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      line.add(next);
      signal?.addEventListener("abort", leave, { once: true });
    });
  };
  /** A place is handed on, not given back: nobody can slip in before the first in line. */
  const exit = (): void => {
    const [next] = line;
    if (next === undefined) free += 1;
    else next();
  };

  return async (work, signal) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      exit();
    }
  };
}
