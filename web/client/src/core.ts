import type PusherClass from 'pusher-js';
import { Emitter } from './emitter.js';
import { type Environment, standardEnvironment, Timers } from './environment.js';
import { asError } from './error.js';
import { Http, path } from './http.js';
import { Outbox } from './outbox.js';
import { Room } from './room.js';
import { Socket, type SocketState } from './socket.js';
import { type Storage, standardStorage } from './storage.js';
import { type Intervals, Sync } from './sync.js';
import { ownerOf, Tokens } from './tokens.js';
import type { Me, MergedGuest, OpenRoom, RoomEvent, Room as RoomInfo } from './types.js';

export interface CoreOptions {
  /** Where Parlour is, such as `https://chat.example.com`. */
  url: string;
  /** A token for the person who is signed in; called again when it ends. */
  token: () => Promise<string>;
  /** pusher-js, or one of its other builds (`pusher-js/with-encryption`). */
  Pusher: typeof PusherClass;
  /** Where posts wait that were not sent yet: `localStorage` where there is one, memory elsewhere. */
  storage?: Storage;
  /** How many messages of a room are held at most; 500 unless given, and 200 at least. */
  windowSize?: number;
  /** How often rooms are looked at, in milliseconds. */
  intervals?: Partial<Intervals>;
  environment?: Partial<Environment>;
}

/** One person's connection: rooms, and nothing beside them. `Parlour` adds the lists. */
export class Core {
  /** @internal */
  readonly timers: Timers;
  /** @internal */
  readonly http: Http;
  /** @internal */
  readonly socket: Socket;
  /** @internal */
  readonly outbox: Outbox;
  /** @internal */
  readonly sync: Sync;
  /** @internal Every event that is about a room, on whichever channel but the room's. */
  readonly heard = new Emitter<{ event: string; data: RoomEvent }>();
  /** @internal Rooms whose rows in lists are not up to date, by what their own channel or an answer told. */
  readonly touched = new Emitter<string>();
  /** @internal */
  readonly windowSize: number;
  readonly #tokens: Tokens;
  readonly #rooms = new Map<string, Room>();
  readonly #stopLifecycle: () => void;
  #me: Promise<Me> | null = null;
  #owner: string | null = null;

  constructor(options: CoreOptions) {
    const environment = { ...standardEnvironment, ...options.environment };
    this.timers = new Timers(environment);
    this.#tokens = new Tokens(options.token, environment.now);
    this.http = new Http(options.url, this.#tokens, environment);
    this.socket = new Socket(options.Pusher, this.http, this.timers);
    this.outbox = new Outbox(this.http, options.storage ?? standardStorage(), this.timers, options.url);
    this.windowSize = options.windowSize ?? 500;
    const { polling = 5_000, connected = 120_000 } = options.intervals ?? {};
    const interval = () => (this.socket.state === 'connected' ? connected : polling);
    this.sync = new Sync(this.http, this.timers, () => this.#rooms.values(), interval);
    this.socket.changed.subscribe(() => this.sync.restart());
    this.outbox.answered.subscribe((message) => {
      const room = this.#rooms.get(message.room_id);
      room?.hears('new_message', { ...message });
      // Where its log is not shown, or shows it already, there is nothing to wait for.
      if (message.seq <= (room?.place?.[0] ?? message.seq)) {
        this.outbox.confirm(message.room_id, ({ client_id }) => client_id === message.client_id);
      }
    });
    this.#stopLifecycle = environment.lifecycle(() => this.wake());
    this.sync.restart();
    void this.#introduce(0);
  }

  /** Whether events come by themselves at the moment; without, rooms are looked at every few seconds. */
  get connection(): SocketState {
    return this.socket.state;
  }

  /** Calls the listener when `connection` changes; returns what ends that. */
  onConnection(listener: (state: SocketState) => void): () => void {
    return this.socket.changed.subscribe(listener);
  }

  /** The room of this id: the same object until it is closed. */
  room(id: string): Room {
    return this.#hold(id, null);
  }

  /** Opens a room, or finds the one that there is. */
  async open(which: OpenRoom): Promise<Room> {
    const info = await this.http.send<RoomInfo>('POST', '/v1/rooms', which);
    return this.#hold(info.id, info);
  }

  /** The caller's own account, fetched once. */
  me(): Promise<Me> {
    this.#me ??= this.http.get<Me>('/v1/me').catch((error) => {
      this.#me = null;
      throw error;
    });
    return this.#me;
  }

  /**
   * Gives whoever has just signed in the room that they had as a guest, and what waits in the storage to be posted
   * there. Whoever has a support room already keeps that one, which then gets the posts, and this fails with 409.
   */
  async merge(guestToken: string): Promise<MergedGuest> {
    const guest = ownerOf(guestToken);
    await this.outbox.repeat(guest, new Tokens(async () => guestToken, this.timers.environment.now));
    try {
      const body = { token: guestToken };
      const merged = await this.http.send<MergedGuest>('POST', '/v1/guests/merge', body);
      if (merged.room) await this.outbox.adopt(guest, merged.room.id);
      return merged;
    } catch (thrown) {
      if (asError(thrown).status === 409) {
        const { id } = await this.http.send<RoomInfo>('POST', '/v1/rooms', { kind: 'support' });
        await this.outbox.adopt(guest, id);
      }
      throw thrown;
    }
  }

  /** Leaves a group. */
  async leave(room: Room): Promise<void> {
    const memberId = room.snapshot.info?.you.member_id ?? (await this.me()).id;
    await this.http.send('DELETE', path`/v1/rooms/${room.id}/members/${memberId}`);
    room.leaves();
  }

  /** The app is in front again, or the network back: connects and looks at everything at once. */
  wake(): void {
    this.socket.wake();
    this.outbox.wake();
    this.sync.request();
  }

  /** Ends everything: no socket, timer or listener is left. What was not sent waits in the storage. */
  close(): void {
    this.#stopLifecycle();
    // First: rooms would have it tell the relay that they leave, which it cannot while it closes.
    this.socket.close();
    for (const room of [...this.#rooms.values()]) room.close();
    this.outbox.close();
    this.http.close();
    this.timers.close();
    this.heard.clear();
    this.touched.clear();
    this.sync.looked.clear();
  }

  /** Ends everything, and forgets what this person has not sent. */
  async signOut(): Promise<void> {
    this.close();
    await this.outbox.clear(this.#owner);
    this.#tokens.forget();
  }

  /** @internal The room, if it is open. */
  held(id: string): Room | undefined {
    return this.#rooms.get(id);
  }

  /** @internal */
  forget(room: Room): void {
    if (this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  #hold(id: string, info: RoomInfo | null): Room {
    const held = this.#rooms.get(id);
    if (held && held.snapshot.status !== 'gone') {
      if (info) held.takes(info);
      return held;
    }
    held?.close();
    const room = new Room(this, id, info);
    this.#rooms.set(id, room);
    return room;
  }

  /** Learns who this is: whose posts are waiting, and which channel is theirs. */
  async #introduce(failures: number): Promise<void> {
    try {
      if (!this.#owner) {
        this.#owner = await this.#tokens.owner();
        await this.outbox.open(this.#owner);
      }
      this.#listen(await this.me());
    } catch {
      this.timers.after(this.timers.backoff(failures), () => void this.#introduce(failures + 1));
    }
  }

  #listen({ channel, desk_channel }: Me): void {
    for (const name of desk_channel ? [channel, desk_channel] : [channel]) {
      this.socket.subscribe(name, {
        heard: (event, data) => {
          this.#rooms.get(data.room_id)?.hears(event, data, true);
          this.heard.emit({ event, data });
        },
        ready: () => this.sync.request(),
        refused: () => {},
      });
    }
  }
}
