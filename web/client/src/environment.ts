/** What the library needs of the world around it; tests hand in their own. */
export interface Environment {
  fetch: typeof fetch;
  now(): number;
  /** In [0, 1). */
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  /**
   * Calls `wake` when the app comes to the front or the network is back; returns what ends that. In React
   * Native, where there is no window, hand in one that listens to `AppState`.
   */
  lifecycle(wake: () => void): () => void;
}

export const standardEnvironment: Environment = {
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
  lifecycle(wake) {
    // React Native has a `window`, but no document and no such events.
    if (typeof document === 'undefined') return () => {};
    const shown = () => document.visibilityState === 'visible' && wake();
    window.addEventListener('online', wake);
    window.addEventListener('focus', wake);
    document.addEventListener('visibilitychange', shown);
    return () => {
      window.removeEventListener('online', wake);
      window.removeEventListener('focus', wake);
      document.removeEventListener('visibilitychange', shown);
    };
  },
};

/** A UUID of version 4. Unique is enough: nothing is secret about it. */
export function uuid(random: () => number): string {
  // Not everywhere: pages without TLS and React Native have none.
  if (typeof crypto !== 'undefined' && 'randomUUID' in crypto) return crypto.randomUUID();
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (Number(digit) ^ ((random() * 16) >> (Number(digit) / 4))).toString(16),
  );
}

/** Timers that all end together. */
export class Timers {
  readonly #running = new Set<unknown>();
  #isClosed = false;

  constructor(readonly environment: Environment) {}

  /** Returns what cancels it. */
  after(ms: number, run: () => void): () => void {
    if (this.#isClosed) return () => {};
    const timer = this.environment.setTimeout(() => {
      this.#running.delete(timer);
      run();
    }, ms);
    this.#running.add(timer);
    return () => {
      this.environment.clearTimeout(timer);
      this.#running.delete(timer);
    };
  }

  /** How long to wait after so many failures: doubling from `first`, with jitter so that clients spread out. */
  backoff(failures: number, first = 500, most = 30_000): number {
    return Math.min(most, first * 2 ** failures) * (0.5 + this.environment.random() / 2);
  }

  get size(): number {
    return this.#running.size;
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#running) this.environment.clearTimeout(timer);
    this.#running.clear();
  }
}
