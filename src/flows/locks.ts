/** In-process locks by name: a command and a job for one environment never work at the same time. Taken in one order: environment, then zone. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `work` after everything that took this name before. */
  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const { promise: mine, resolve: letGo } = Promise.withResolvers<void>();
    const tail = before.then(() => mine);
    this.#tails.set(name, tail);
    await before;
    try {
      return await work();
    } finally {
      letGo();
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    }
  }
}
