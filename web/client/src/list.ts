import type { Core } from './core.js';
import { Emitter } from './emitter.js';
import { asError, type ParlourError } from './error.js';
import { path, type Query } from './http.js';
import { withUpdate } from './room.js';
import type { RoomList as Page, Room, RoomEvent, RoomUpdated } from './types.js';
import { VIEWING } from './viewing.js';

/** A list of rooms as it is now: a new object after each change. */
export interface ListSnapshot {
  readonly isLoaded: boolean;
  /** Latest activity first, as far as they were loaded. */
  readonly rooms: readonly Room[];
  readonly hasMore: boolean;
  /** Unread messages in the rooms that are loaded. */
  readonly unread: number;
  /** How many of these rooms hold something unread. */
  readonly unreadRooms: number;
  readonly error: ParlourError | null;
}

/** What makes a list the inbox or a desk's queue. */
export interface ListSource {
  path: string;
  query: Query;
  /** How many messages of a row are unread. */
  unread(room: Room): number;
  /** Whether a room belongs in the list. */
  includes(room: Room): boolean;
  /** Which events tell of it. */
  concerns(event: string): boolean;
}

/** Rooms in the order of their latest activity: paged, and live once it was loaded. */
export class RoomList {
  readonly #changed = new Emitter();
  readonly #stops: (() => void)[];
  readonly #rooms = new Map<string, Room>();
  /** Rooms that are being fetched, and whether there was news meanwhile. */
  readonly #fetching = new Map<string, boolean>();
  #next: string | null = null;
  #isLoaded = false;
  #isClosed = false;
  #error: ParlourError | null = null;
  #snapshot: ListSnapshot | null = null;

  constructor(
    readonly core: Core,
    readonly source: ListSource,
  ) {
    this.#stops = [
      core.heard.subscribe(({ event, data }) => this.#hears(event, data)),
      // The receivers alone are told of a message: the sender's own list learns it from the answer.
      core.outbox.answered.subscribe(
        (message) => this.#rooms.has(message.room_id) && this.refresh(message.room_id),
      ),
      core.touched.subscribe((roomId) => this.#rooms.has(roomId) && this.refresh(roomId)),
      core.sync.looked.subscribe(() => this.#isLoaded && void this.load().catch(() => {})),
    ];
  }

  get snapshot(): ListSnapshot {
    this.#snapshot ??= this.#build();
    return this.#snapshot;
  }

  /** Calls the listener after each change; returns what ends that. */
  subscribe = (listener: () => void): (() => void) => this.#changed.subscribe(listener);

  /** Fetches the first page; rows of further pages stay, unless so much happened that there is a gap between. */
  async load(): Promise<void> {
    const before = new Map(this.#rooms);
    const page = await this.#page(null);
    // What an event has put in or out meanwhile, the page may not know yet.
    const isNews = (id: string) => this.#rooms.get(id) !== before.get(id);
    const isOlder = ({ id, head }: Room) => isNews(id) && head <= (this.#rooms.get(id)?.head ?? head);
    const rows = page.rooms.filter((room) => !isOlder(room));
    const oldest = page.rooms.at(-1);
    const isJoined = !page.next || page.rooms.some((room) => this.#rooms.has(room.id));
    for (const room of this.#rooms.values()) {
      const isOnPage = !page.next || !oldest || activity(room) >= activity(oldest);
      if (!isNews(room.id) && (!isJoined || isOnPage)) this.#rooms.delete(room.id);
    }
    if (!isJoined || !this.#isLoaded || !page.next) this.#next = page.next ?? null;
    this.#isLoaded = true;
    this.#take(rows);
  }

  /** Fetches the next page, if there is one. */
  async loadMore(): Promise<void> {
    if (!this.#isLoaded) return this.load();
    if (this.#next === null) return;
    const page = await this.#page(this.#next);
    this.#next = page.next ?? null;
    // What moved up meanwhile is held in a newer state.
    this.#take(page.rooms.filter((room) => !this.#rooms.has(room.id)));
  }

  /** Fetches one room again, or puts it in; once more if there is news before the answer. */
  async refresh(id: string): Promise<void> {
    if (this.#isClosed) return;
    if (this.#fetching.has(id)) return void this.#fetching.set(id, true);
    this.#fetching.set(id, false);
    try {
      const room = await this.core.http.get<Room>(path`/v1/rooms/${id}`);
      this.source.includes(room) ? this.#take([room]) : this.#drop(id);
    } catch (thrown) {
      if (asError(thrown).status === 404) this.#drop(id);
    }
    const isStale = this.#fetching.get(id);
    this.#fetching.delete(id);
    if (isStale) await this.refresh(id);
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#changed.clear();
  }

  #hears(event: string, data: RoomEvent): void {
    // A row that is being fetched may come as it was before this.
    if (this.#fetching.has(data.room_id)) this.#fetching.set(data.room_id, true);
    const held = this.#rooms.get(data.room_id);
    if (held && event === 'messages_read') return this.#isRead(held, Number(data.read));
    if (!this.#isLoaded || !this.source.concerns(event)) return;
    if (event === VIEWING) return this.#isViewed(held, Number(data.read));
    if (event !== 'room_updated') return this.#isWritten(held, data);
    const update: RoomUpdated = data;
    if (update.removed || update.deleted) return this.#drop(data.room_id);
    const updated = held && withUpdate(held, update);
    if (!updated || update.channel) void this.refresh(data.room_id);
    else if (this.source.includes(updated)) this.#take([updated]);
    else this.#drop(data.room_id);
  }

  /** What `chat_list_update` says is all of a row that changes; any other news is fetched. */
  #isWritten(held: Room | undefined, { seq = 0, rev = 0, ...data }: RoomEvent): void {
    const { last_message: preview, sender_id, updated_at, unread } = data;
    const isWhole =
      held && typeof preview === 'string' && preview && seq > held.head && typeof unread === 'number';
    if (!isWhole) return void this.refresh(data.room_id);
    const sender = held.members.find((member) => member.id === sender_id);
    const at = String(updated_at);
    const last = {
      seq,
      preview,
      sender_id: String(sender_id),
      sender_type: sender && sender.type !== 'guest' ? sender.type : ('user' as const),
      created_at: at,
      deleted: false,
    };
    const count = held.message_count + seq - held.head;
    const you = { ...held.you, unread, hidden: false };
    this.#take([
      {
        ...held,
        head: seq,
        rev,
        you,
        last_message: last,
        message_count: count,
        updated_at: at,
        last_message_at: at,
      },
    ]);
  }

  /** Another agent has read further, or answered. */
  #isViewed(held: Room | undefined, read: number): void {
    if (held && read > held.you.read) void this.refresh(held.id);
  }

  #isRead(held: Room, read: number): void {
    const unread = Math.max(0, held.head - read);
    const row = { ...held, you: { ...held.you, read, unread } };
    this.#take([held.unread == null ? row : { ...row, unread }]);
  }

  async #page(cursor: string | null): Promise<Page> {
    try {
      const page = await this.core.http.get<Page>(this.source.path, { ...this.source.query, cursor });
      this.#error = null;
      return page;
    } catch (thrown) {
      this.#error = asError(thrown);
      this.#change();
      throw this.#error;
    }
  }

  #take(rooms: readonly Room[]): void {
    for (const room of rooms) this.#rooms.set(room.id, room);
    this.#change();
  }

  #drop(id: string): void {
    if (this.#rooms.delete(id)) this.#change();
  }

  #build(): ListSnapshot {
    const rooms = [...this.#rooms.values()].sort(byActivity);
    const counts = rooms.map((room) => this.source.unread(room));
    return {
      isLoaded: this.#isLoaded,
      rooms,
      hasMore: this.#next !== null,
      unread: counts.reduce((sum, count) => sum + count, 0),
      unreadRooms: counts.filter((count) => count > 0).length,
      error: this.#error,
    };
  }

  #change(): void {
    this.#snapshot = null;
    if (!this.#isClosed) this.#changed.emit();
  }
}

/** Times of one form compare as texts; by the rules of a language that takes thirty times as long. */
function byActivity(a: Room, b: Room): number {
  const [before, after] = [activity(a), activity(b)];
  return before === after ? 0 : before < after ? 1 : -1;
}

function activity(room: Room): string {
  return room.last_message_at ?? room.created_at;
}
