import type { Core } from './core.js';
import { Emitter } from './emitter.js';
import type { RoomEvent } from './types.js';

export const VIEWING = 'client-viewing';
/** Told again while it lasts: twice within the time it is believed. */
const TOLD_EVERY_MS = 10_000;
/** Without news for so long, nobody looks any more. */
const BELIEVED_MS = 25_000;

/** Another agent of the same desk, as it says itself. */
export interface Colleague {
  id: string;
  name: string;
  isTyping: boolean;
}

/** Where the caller is, in the words of the event. */
interface Look {
  room_id: string;
  typing: boolean;
  read: number;
}

/**
 * Which rooms the agents of a desk look at, told from client to client on the desk's channel: whoever a room is about
 * hears nothing of it.
 */
export class Viewing {
  readonly #changed = new Emitter();
  readonly #seen = new Map<string, { colleague: Colleague; roomId: string; end: () => void }>();
  readonly #stops: (() => void)[];
  #look: Look | null = null;
  #stopTelling: () => void = () => {};

  constructor(readonly core: Core) {
    this.#stops = [
      core.heard.subscribe(({ event, data }) => event === VIEWING && this.#hears(data)),
      // What was told before the channel was there went nowhere.
      core.sync.looked.subscribe(() => this.#look && void this.#tell()),
    ];
  }

  /** Calls the listener after each change; returns what ends that. */
  subscribe = (listener: () => void): (() => void) => this.#changed.subscribe(listener);

  /** Who else looks at this room. */
  of(roomId: string): readonly Colleague[] {
    const here = [...this.#seen.values()].filter((it) => it.roomId === roomId);
    return here.map(({ colleague }) => colleague);
  }

  /**
   * Tells at which room the caller looks now, null for none, whether it writes there, and up to where it was read:
   * of that the other agents' queues hear nowhere else.
   */
  look(roomId: string | null, isTyping = false, read = 0): void {
    const before = this.#look;
    const look = roomId === null ? null : { room_id: roomId, typing: isTyping, read };
    if (JSON.stringify(before) === JSON.stringify(look)) return;
    this.#look = look;
    void this.#tell(before);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stopTelling();
    for (const { end } of this.#seen.values()) end();
    this.#seen.clear();
    this.#changed.clear();
  }

  async #tell(before = this.#look): Promise<void> {
    this.#stopTelling();
    const look = this.#look;
    if (look) this.#stopTelling = this.core.timers.after(TOLD_EVERY_MS, () => void this.#tell());
    const me = await this.core.me().catch(() => null);
    if (!me?.desk_channel || look !== this.#look) return;
    const data = { ...before, ...look, is_viewing: !!look, agent_id: me.id, name: me.name };
    this.core.socket.send(me.desk_channel, VIEWING, data);
  }

  #hears(data: RoomEvent): void {
    const id = String(data.agent_id);
    const before = this.#seen.get(id);
    before?.end();
    this.#seen.delete(id);
    if (data.is_viewing === true) {
      const colleague = { id, name: String(data.name ?? id), isTyping: data.typing === true };
      const end = this.core.timers.after(BELIEVED_MS, () => this.#hears({ ...data, is_viewing: false }));
      this.#seen.set(id, { colleague, roomId: data.room_id, end });
      // Who comes later has not heard of those who are there.
      if (!before && this.#look?.room_id === data.room_id) void this.#tell();
    }
    this.#changed.emit();
  }
}
