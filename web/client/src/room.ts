import type { Core } from './core.js';
import { Emitter } from './emitter.js';
import { asError, type ParlourError } from './error.js';
import { path } from './http.js';
import { RoomLog } from './log.js';
import type { Draft } from './outbox.js';
import { Reading } from './reading.js';
import type {
  Entry,
  Message,
  ReadMark,
  RoomEvent,
  Room as RoomInfo,
  RoomUpdated,
  UnsentMessage,
} from './types.js';
import { Typing } from './typing.js';

/** An event on the caller's own channel waits so long for the room's own, which says more. */
const GRACE_MS = 1_000;

/** A room as it is now: a new object after each change. */
export interface RoomSnapshot {
  /** `gone`: deleted, left, or the caller was removed. */
  readonly status: 'loading' | 'ready' | 'gone';
  /** The room without its log; null until it was fetched. */
  readonly info: RoomInfo | null;
  /** The log as far as it is held, in order, then what is still to be sent. */
  readonly messages: readonly Entry[];
  readonly hasOlder: boolean;
  /** Whether the window has left the end of the log: `loadNewer` or `loadLatest` lead back. */
  readonly hasNewer: boolean;
  /** The members who are typing. */
  readonly typing: readonly string[];
  readonly unread: number;
  /** Why the room is not up to date, while that is so. */
  readonly error: ParlourError | null;
}

/** An open room: its log, kept whole, and everything that is done in it. */
export class Room {
  readonly #core: Core;
  readonly #log: RoomLog;
  readonly #typing: Typing;
  readonly #reading: Reading;
  readonly #changed = new Emitter();
  readonly #stops: (() => void)[];
  #info: RoomInfo | null;
  #isGone = false;
  #isClosed = false;
  #isRefreshing = false;
  #isStale = false;
  #failures = 0;
  #error: ParlourError | null = null;
  #snapshot: RoomSnapshot | null = null;
  /** The channel that is listened to. */
  #channel: string | null = null;

  /** @internal Rooms come from `Parlour.room` and `Parlour.open`. */
  constructor(
    core: Core,
    readonly id: string,
    info: RoomInfo | null,
  ) {
    this.#core = core;
    this.#info = info;
    this.#log = new RoomLog(core.http, core.timers, id, core.windowSize);
    this.#typing = new Typing(
      core.timers,
      (typing) => this.#tellTyping(typing),
      () => this.#change(),
    );
    const mark = (seq: number) => core.http.send<ReadMark>('PUT', this.#path('/read'), { seq });
    this.#reading = new Reading(core.timers, mark, ({ read }) => this.#read(this.#info?.you.member_id, read));
    this.#stops = [
      this.#log.changed.subscribe(() => this.#logChanged()),
      core.outbox.changed.subscribe((roomId) => roomId === id && this.#change()),
    ];
    if (info) this.#listen(info);
    void this.load();
  }

  get snapshot(): RoomSnapshot {
    this.#snapshot ??= {
      status: this.#isGone ? 'gone' : this.#info && this.#log.isLoaded ? 'ready' : 'loading',
      info: this.#info,
      messages: this.#log.isFollowing
        ? [...this.#log.window.messages, ...this.#core.outbox.of(this.id)]
        : this.#log.window.messages,
      hasOlder: this.#log.hasOlder,
      hasNewer: !this.#log.isFollowing,
      typing: this.#typing.members,
      unread: this.#info ? Math.max(0, Math.max(this.#log.head, this.#info.head) - this.#info.you.read) : 0,
      error: this.#error ?? this.#log.error,
    };
    return this.#snapshot;
  }

  get messages(): readonly Entry[] {
    return this.snapshot.messages;
  }

  /** Calls the listener after each change; returns what ends that. */
  subscribe = (listener: () => void): (() => void) => this.#changed.subscribe(listener);

  /** Adds a message at once and posts it as soon as that is possible, in the order of these calls. */
  post(draft: string | Draft): UnsentMessage {
    this.#typing.set(false);
    return this.#core.outbox.post(this.id, typeof draft === 'string' ? { body: draft } : draft);
  }

  /** Sends a failed post again. */
  retry(clientId: string): void {
    this.#core.outbox.retry(clientId);
  }

  /** Forgets a post that failed, or that is still waiting. */
  discard(clientId: string): void {
    this.#core.outbox.discard(clientId);
  }

  edit(seq: number, body: string): Promise<void> {
    return this.#changes('PATCH', path`/messages/${seq}`, { body });
  }

  delete(seq: number): Promise<void> {
    return this.#changes('DELETE', path`/messages/${seq}`);
  }

  react(seq: number, emoji: string): Promise<void> {
    return this.#changes('PUT', path`/messages/${seq}/reactions/${emoji}`);
  }

  unreact(seq: number, emoji: string): Promise<void> {
    return this.#changes('DELETE', path`/messages/${seq}/reactions/${emoji}`);
  }

  /** Shows support agents a copy of somebody else's message. */
  async report(seq: number, reason: string): Promise<void> {
    await this.#core.http.send('POST', this.#path(path`/messages/${seq}/report`), { reason });
  }

  /** Everything up to here is read; up to the end unless said otherwise. */
  markRead(seq = this.#log.head): void {
    this.#reading.set(seq);
  }

  /** To be called while the person types; false when the input was emptied. */
  setTyping(isTyping = true): void {
    this.#typing.set(isTyping);
  }

  loadOlder(): Promise<void> {
    return this.#log.loadOlder();
  }

  loadNewer(): Promise<void> {
    return this.#log.loadNewer();
  }

  loadLatest(): Promise<void> {
    return this.#log.loadLatest();
  }

  /** Shows the part of the log around a message: for a link to it. */
  loadAround(seq: number): Promise<void> {
    return this.#log.loadAround(seq);
  }

  /** Fetches the room itself again: for what changes by the clock alone, as who gave on the day of a reveal. */
  refresh(): Promise<void> {
    return this.load(true);
  }

  /** Stops listening. Posts that wait are sent all the same. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    if (this.#channel) this.#core.socket.unsubscribe(this.#channel);
    this.#log.close();
    this.#typing.close();
    this.#reading.close();
    this.#changed.clear();
    this.#core.forget(this);
  }

  /** @internal For `/v1/sync`; null while there is nothing to compare. */
  get place(): [number, number] | null {
    return this.#log.isLoaded && !this.#isGone ? this.#log.place : null;
  }

  /** @internal Fetches what is not there yet, and the room itself; again later, if that fails. */
  async load(isNews = false): Promise<void> {
    // The answer that is awaited may be older than the news.
    if (this.#isRefreshing) this.#isStale ||= isNews;
    if (this.#isGone || this.#isClosed || this.#isRefreshing) return;
    this.#isRefreshing = true;
    this.#isStale = false;
    try {
      const info = this.#core.http.get<RoomInfo>(this.#path(''));
      const loads = this.#log.isLoaded ? null : this.#log.loadLatest();
      loads?.catch(() => {});
      this.takes(await info);
      await loads;
      this.#failures = 0;
      this.#error = null;
    } catch (thrown) {
      this.#fails(asError(thrown));
    } finally {
      this.#isRefreshing = false;
      this.#change();
    }
    if (this.#isStale) await this.load();
  }

  /** @internal The room as an answer shows it. */
  takes(info: RoomInfo): void {
    if (this.#isClosed) return;
    // Marks never go back, and an answer may have been overtaken.
    const read = Math.max(info.you.read, this.#info?.you.read ?? 0);
    this.#info = { ...info, you: { ...info.you, read } };
    this.#reading.knows(read);
    this.#listen(info);
    this.#log.told(info.head, info.rev);
    this.#change();
  }

  /** @internal What a look at all rooms found of this one. */
  told(head: number, rev: number): void {
    this.#log.told(head, rev);
    this.#reading.flush();
    if (!this.#log.isLoaded || !this.#info) void this.load();
  }

  /** @internal An event on this or another channel, or an answer in its form. */
  hears(event: string, data: RoomEvent, isOwnChannel = false): void {
    if (event === 'client-typing') return this.#hearsTyping(data);
    if (isOwnChannel && event !== 'room_updated') {
      this.#core.timers.after(GRACE_MS, () => this.#log.told(data.seq ?? 0, data.rev ?? 0));
      return;
    }
    if (event === 'room_updated') this.#isUpdated(data);
    if (event === 'messages_read') this.#read(String(data.member_id), Number(data.read));
    if (event === 'new_message') this.#typing.heard(String(data.sender_id), false);
    if (event === 'message_updated' || event === 'message_deleted') this.#touch(data.seq ?? 0);
    this.#log.hears(event, data);
  }

  /** @internal The room is not there any more, or not the caller's. */
  leaves(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#channel) this.#core.socket.unsubscribe(this.#channel);
    this.#channel = null;
    this.#log.close();
    this.#change();
  }

  #path(rest: string): string {
    return path`/v1/rooms/${this.id}` + rest;
  }

  async #changes(method: 'PATCH' | 'PUT' | 'DELETE', rest: string, body?: unknown): Promise<void> {
    const message = await this.#core.http.send<Message>(method, this.#path(rest), body);
    this.#log.replace(message);
    if (method !== 'PUT') this.#touch(message.seq);
  }

  /** Lists show the last message: where that was edited or deleted, or is one's own from elsewhere, they fetch it. */
  #touch(seq: number): void {
    if (seq >= this.#log.head) this.#core.touched.emit(this.id);
  }

  #fails(error: ParlourError): void {
    if (error.status === 404) return this.leaves();
    this.#error = error;
    if (!error.isPassing || this.#isClosed) return;
    this.#failures += 1;
    this.#core.timers.after(this.#core.timers.backoff(this.#failures), () => void this.load());
  }

  #listen({ channel }: RoomInfo): void {
    if (this.#channel === channel || this.#isGone) return;
    if (this.#channel) this.#core.socket.unsubscribe(this.#channel);
    this.#channel = channel;
    this.#core.socket.subscribe(channel, {
      heard: (event, data) => this.hears(event, data),
      ready: () => this.#core.sync.request(),
      // It has another name now, or the room is not ours any more: the room tells.
      refused: () => void this.load(true),
    });
  }

  #isUpdated(update: RoomUpdated): void {
    if (update.removed || update.deleted) return this.leaves();
    // The name of the channel, and who is in it: not all of that is in the event.
    if (update.channel || update.member_count != null) void this.load(true);
    if (!this.#info) return;
    this.#info = withUpdate(this.#info, update);
    this.#change();
  }

  #read(memberId: string | undefined, read: number): void {
    this.#marks(memberId, read);
    this.#change();
  }

  #marks(memberId: string | undefined, read: number): void {
    const info = this.#info;
    if (!info) return;
    const members = info.members.map((it) =>
      it.id === memberId ? { ...it, read: Math.max(it.read ?? 0, read) } : it,
    );
    const isMine = memberId === info.you.member_id;
    const you = isMine ? { ...info.you, read: Math.max(info.you.read, read) } : info.you;
    if (isMine) {
      this.#reading.knows(you.read);
      // Lists show how much is unread, and hear of it nowhere else.
      this.#core.heard.emit({ event: 'messages_read', data: { room_id: this.id, read: you.read } });
    }
    this.#info = { ...info, members, you };
  }

  #hearsTyping(data: RoomEvent): void {
    const memberId = String(data.member_id);
    if (memberId !== this.#info?.you.member_id) this.#typing.heard(memberId, data.typing === true);
  }

  #tellTyping(typing: boolean): void {
    const memberId = this.#info?.you.member_id;
    if (!memberId || !this.#channel) return;
    this.#core.socket.send(this.#channel, 'client-typing', { member_id: memberId, typing });
  }

  #logChanged(): void {
    if (this.#log.error?.status === 404) return this.leaves();
    const { messages, last } = this.#log.window;
    // Who posts has read up to there: the server moves the mark as well.
    const you = this.#info?.you;
    const own = you && messages.filter((message) => message.sender_id === you.member_id).at(-1);
    if (own && own.seq > you.read) {
      this.#touch(own.seq);
      this.#marks(you.member_id, own.seq);
    }
    const shown = new Set(messages.map((message) => message.client_id));
    this.#core.outbox.confirm(
      this.id,
      ({ client_id, seq }) => shown.has(client_id) || (seq !== null && seq <= last),
    );
    this.#change();
  }

  #change(): void {
    this.#snapshot = null;
    if (!this.#isClosed) this.#changed.emit();
  }
}

/** A room after an event about it. */
export function withUpdate(info: RoomInfo, update: RoomUpdated): RoomInfo {
  const changed: RoomInfo = { ...info, you: { ...info.you } };
  if (update.title !== undefined) changed.title = update.title;
  if (update.state !== undefined) changed.state = update.state;
  if (update.archived_at !== undefined) changed.archived_at = update.archived_at;
  if (update.member_count != null) changed.member_count = update.member_count;
  for (const key of ['hidden', 'muted', 'pinned'] as const)
    changed.you[key] = update[key] ?? changed.you[key];
  return changed;
}
