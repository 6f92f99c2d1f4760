/** Saved replies of an agent, in the browser. */
export class Canned {
  readonly #key: string;

  /** @param first what an agent begins with */
  constructor(
    agent: string,
    readonly first: readonly string[],
  ) {
    this.#key = `parlour-canned:${agent}`;
  }

  get all(): readonly string[] {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(this.#key) ?? 'null');
      if (Array.isArray(kept)) return kept.filter((it) => typeof it === 'string');
    } catch {
      // Not ours, or forbidden: begin anew.
    }
    return this.first;
  }

  set(replies: readonly string[]): void {
    localStorage.setItem(this.#key, JSON.stringify(replies));
  }
}
