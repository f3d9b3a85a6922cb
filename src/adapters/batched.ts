/** Joins what comes while one transaction is under way into the next: one commit to the disk for many callers. */

/**
 * `run` gets one or more items and answers each, in their order. A batch that fails is run again one by one, so that only the items
 * that cannot be stored are refused.
 */
export function batched<T, R>(run: (items: readonly T[]) => Promise<readonly R[]>, most = 100): (item: T) => Promise<R> {
  interface Caller {
    readonly item: T;
    readonly resolve: (result: R) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Caller[] = [];
  let running = false;

  const answer = async (callers: readonly Caller[]): Promise<void> => {
    try {
      const results = await run(callers.map(({ item }) => item));
      callers.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      if (callers.length === 1) callers[0]!.reject(error);
      else for (const caller of callers) await answer([caller]);
    }
  };
  const drain = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const callers = waiting.slice(0, most);
      waiting = waiting.slice(most);
      await answer(callers);
    }
    running = false;
  };
  return async (item) =>
    new Promise<R>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!running) void drain();
    });
}
