import type { Timers } from './environment.js';

/** Told again while somebody goes on typing: twice within the time it is believed. */
const TOLD_EVERY_MS = 2_500;
/** Without news for so long, nobody types any more. */
const BELIEVED_MS = 5_500;

/** Who types in a room: others, as they tell, and oneself, told at most every few seconds. */
export class Typing {
  /** Ids of members, replaced when they change. */
  members: readonly string[] = [];
  readonly #ends = new Map<string, () => void>();
  #stopTelling: (() => void) | null = null;

  constructor(
    readonly timers: Timers,
    readonly tell: (isTyping: boolean) => void,
    readonly changed: () => void,
  ) {}

  /** To be called with every change of the input; false when it was sent or emptied. */
  set(isTyping: boolean): void {
    if (isTyping && !this.#stopTelling) {
      this.tell(true);
      this.#stopTelling = this.timers.after(TOLD_EVERY_MS, () => {
        this.#stopTelling = null;
      });
    } else if (!isTyping && this.#stopTelling) {
      this.#stopTelling();
      this.#stopTelling = null;
      this.tell(false);
    }
  }

  heard(memberId: string, isTyping: boolean): void {
    this.#ends.get(memberId)?.();
    this.#ends.delete(memberId);
    if (isTyping)
      this.#ends.set(
        memberId,
        this.timers.after(BELIEVED_MS, () => this.heard(memberId, false)),
      );
    if (isTyping === this.members.includes(memberId)) return;
    this.members = [...this.#ends.keys()];
    this.changed();
  }

  close(): void {
    for (const end of this.#ends.values()) end();
    this.#stopTelling?.();
  }
}
