import { Emitter } from './emitter.js';
import type { Timers } from './environment.js';
import type { Http } from './http.js';
import type { Room } from './room.js';
import type { Synced } from './types.js';

/** What the API compares in one call. */
const MOST_ROOMS = 100;
/** Channels become ready one after the other; one look serves them all. */
const GATHER_MS = 50;

/** How often all rooms are looked at without any other reason. */
export interface Intervals {
  /** Without a socket. */
  polling: number;
  /** With one: an event may be lost and be the last for a while. */
  connected: number;
}

/** Looks at all rooms at once: after each connect, when the app comes to the front, and from time to time. */
export class Sync {
  /** After each look, for lists that are to be fetched again. */
  readonly looked = new Emitter();
  #cursor: string | null = null;
  #cancel: (() => void) | null = null;
  #isLooking = false;
  #isWanted = false;
  #failures = 0;

  constructor(
    readonly http: Http,
    readonly timers: Timers,
    readonly rooms: () => Iterable<Room>,
    readonly interval: () => number,
  ) {}

  /** A look as soon as what belongs together has gathered. */
  request(): void {
    this.#isWanted = true;
    if (!this.#isLooking) this.#in(GATHER_MS);
  }

  /** Counts the time until the next look anew: its interval has changed. */
  restart(): void {
    if (!this.#isWanted && !this.#isLooking) this.#in(this.interval());
  }

  #in(ms: number): void {
    this.#cancel?.();
    this.#cancel = this.timers.after(ms, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#isWanted = false;
    try {
      await this.#compare();
      this.#failures = 0;
      this.looked.emit();
    } catch {
      this.#failures += 1;
    } finally {
      this.#isLooking = false;
      const again = this.#failures ? this.timers.backoff(this.#failures) : GATHER_MS;
      this.#in(this.#isWanted || this.#failures ? again : this.interval());
    }
  }

  async #compare(): Promise<void> {
    const held = new Map([...this.rooms()].map((room) => [room.id, room]));
    for (const room of held.values()) if (!room.place) room.told(0, 0);
    const places = [...held.values()].flatMap((room) => (room.place ? [[room.id, room.place] as const] : []));
    for (let from = 0; from < places.length; from += MOST_ROOMS) {
      const rooms = Object.fromEntries(places.slice(from, from + MOST_ROOMS));
      const synced = await this.http.send<Synced>('POST', '/v1/sync', { cursor: this.#cursor, rooms });
      this.#cursor = synced.cursor;
      for (const { id, head, rev } of synced.rooms) held.get(id)?.told(head, rev);
      // Asked once more, since what is gone from here is told by 404 alone.
      for (const id of synced.gone) void held.get(id)?.load(true);
    }
  }
}
