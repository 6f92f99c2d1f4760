/** Something to listen to. A listener that throws harms no other. */
export class Emitter<T = void> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Returns what ends the subscription. */
  subscribe = (listener: (value: T) => void): (() => void) => {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const entry = (value: T) => listener(value);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  };

  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  get size(): number {
    return this.#listeners.size;
  }

  clear(): void {
    this.#listeners.clear();
  }
}
