import type { Timers } from './environment.js';
import type { ReadMark } from './types.js';

const PAUSE_MS = 300;

/** The caller's reading mark in a room: told after a pause, and never backwards. */
export class Reading {
  #wanted = 0;
  #told = 0;
  #isTelling = false;
  #cancel: (() => void) | null = null;

  constructor(
    readonly timers: Timers,
    readonly tell: (seq: number) => Promise<ReadMark>,
    readonly done: (mark: ReadMark) => void,
  ) {}

  /** Where the mark is known to be. */
  knows(seq: number): void {
    this.#told = Math.max(this.#told, seq);
  }

  set(seq: number): void {
    this.#wanted = Math.max(this.#wanted, seq);
    this.flush(PAUSE_MS);
  }

  /** Tells what is still to be told, after so long. */
  flush(ms = 0): void {
    if (this.#wanted <= this.#told || this.#isTelling || this.#cancel) return;
    this.#cancel = this.timers.after(ms, () => void this.#tell());
  }

  close(): void {
    this.#cancel?.();
  }

  async #tell(): Promise<void> {
    this.#cancel = null;
    this.#isTelling = true;
    const seq = this.#wanted;
    try {
      const mark = await this.tell(seq);
      // The server may know less than was asked for; it was told.
      this.knows(Math.max(seq, mark.read));
      this.done(mark);
    } catch {
      // Told with the next mark, or when the room is looked at again.
      return;
    } finally {
      this.#isTelling = false;
    }
    this.flush(PAUSE_MS);
  }
}
