import { Emitter } from './emitter.js';
import { type Timers, uuid } from './environment.js';
import { asError, ParlourError } from './error.js';
import { type Http, path } from './http.js';
import { type Post, Posts } from './posts.js';
import type { Storage } from './storage.js';
import type { Tokens } from './tokens.js';
import type { CreatedMessage, Message, MessageType, UnsentMessage } from './types.js';

/** For so long the server knows a client_id again. */
const REPEATABLE_MS = 7 * 24 * 60 * 60 * 1000;

/** What to post. */
export interface Draft {
  body: string;
  type?: MessageType;
  /** The `seq` of the message that this one answers. */
  replyTo?: number;
}

/** A post, how it fares, and the answer, while the log does not show that yet. */
interface Waiting {
  post: Post;
  shown: UnsentMessage;
  answer: Message | null;
}

/**
 * What is to be posted: in order within a room, kept in the storage until the server has answered, repeated
 * until then. Two tabs may hold the same post and both send it: its client_id makes that one message.
 */
export class Outbox {
  /** The id of the room whose posts have changed. */
  readonly changed = new Emitter<string>();
  /** A post was answered: the message that it became. */
  readonly answered = new Emitter<Message>();
  readonly #rooms = new Map<string, Waiting[]>();
  readonly #sending = new Set<string>();
  /** End the pauses between attempts. */
  readonly #hurry = new Set<() => void>();
  readonly #posts: Posts;
  #order = 0;
  #isClosed = false;

  constructor(
    readonly http: Http,
    storage: Storage,
    readonly timers: Timers,
    url: string,
  ) {
    this.#posts = new Posts(storage, url);
  }

  /** Takes up what this person left behind. Nothing is sent or stored before it is known who that is. */
  async open(owner: string): Promise<void> {
    const posts = await this.#posts.of(owner);
    // Closed meanwhile, what was written before is still to be stored.
    this.#posts.belongTo(owner);
    if (this.#isClosed) return;
    for (const roomId of new Set(posts.map((post) => post.room_id))) {
      const kept = posts.filter((post) => post.room_id === roomId).map(waiting);
      this.#rooms.set(roomId, [...kept, ...(this.#rooms.get(roomId) ?? [])]);
      this.changed.emit(roomId);
    }
    for (const roomId of this.#rooms.keys()) void this.#send(roomId);
  }

  /** Repeats what another account may have sent already: only from that one does the server know it again. */
  async repeat(owner: string, tokens: Tokens): Promise<void> {
    for (const post of await this.#posts.of(owner)) {
      if (!post.tried || post.failed) continue;
      try {
        await this.#deliver(post, tokens);
        await this.#posts.remove(post.client_id, owner);
      } catch (thrown) {
        const error = asError(thrown);
        // 401 and 429: it is not stored, or nobody can tell any more.
        if (error.code === 'closed' || (error.isPassing && ![401, 429].includes(error.status))) throw error;
      }
    }
  }

  /** Takes over what another account of the same person has not sent, and posts it into this room. */
  async adopt(owner: string, roomId: string): Promise<void> {
    await this.#posts.owned;
    for (const post of await this.#posts.of(owner)) {
      if (this.#isClosed) return;
      // In another room what it answers is another message, or none.
      const reply_to = post.room_id === roomId ? post.reply_to : null;
      const moved = waiting({ ...post, room_id: roomId, reply_to });
      // Somebody who closed the page between the two storings below has it here already.
      if (!this.#find(post.client_id)) this.#add(moved);
      await this.#keep(moved);
      await this.#posts.remove(post.client_id, owner);
    }
    void this.#send(roomId);
  }

  /** What of a room is not in its log yet. */
  of(roomId: string): readonly UnsentMessage[] {
    return (this.#rooms.get(roomId) ?? []).map(({ shown }) => shown);
  }

  post(roomId: string, { body, type = 'text', replyTo }: Draft): UnsentMessage {
    const { environment } = this.timers;
    const added = waiting({
      room_id: roomId,
      client_id: uuid(environment.random),
      body,
      type,
      reply_to: replyTo ?? null,
      created_at: new Date(environment.now()).toISOString(),
      order: this.#order++,
      tried: false,
      failed: null,
    });
    this.#add(added);
    void this.#keep(added).then(() => this.#send(roomId));
    return added.shown;
  }

  /** Sends a post that failed again. */
  retry(clientId: string): void {
    const found = this.#find(clientId);
    if (found?.shown.status !== 'failed') return;
    found.post.failed = null;
    this.#show(found, 'sending', null);
    void this.#keep(found).then(() => this.#send(found.post.room_id));
  }

  /** Forgets a post. One that is on its way may still arrive. */
  discard(clientId: string): void {
    const found = this.#find(clientId);
    if (found) this.#remove(found);
  }

  /** The log shows these messages: what was to be sent is not shown beside them. */
  confirm(roomId: string, isShown: (message: { client_id: string; seq: number | null }) => boolean): void {
    for (const it of this.#rooms.get(roomId) ?? []) {
      if (isShown({ client_id: it.post.client_id, seq: it.answer?.seq ?? null })) this.#remove(it);
    }
  }

  /** Tries again at once. */
  wake(): void {
    for (const hurry of [...this.#hurry]) hurry();
  }

  /** Takes what this person wrote out of the storage. */
  async clear(owner: string | null): Promise<void> {
    this.close();
    this.#rooms.clear();
    // Of whom this is may not be known, offline: then nobody's stays.
    await this.#posts.clear(owner);
  }

  /** Sends nothing any more. What was written until now is still stored. */
  close(): void {
    this.#isClosed = true;
    this.#hurry.clear();
    this.changed.clear();
    this.answered.clear();
  }

  async #send(roomId: string): Promise<void> {
    if (this.#sending.has(roomId)) return;
    this.#sending.add(roomId);
    try {
      await this.#posts.owned;
      for (let failures = 0, next = this.#next(roomId); next; next = this.#next(roomId)) {
        const pause = await this.#attempt(next, failures);
        failures = pause === null ? 0 : failures + 1;
        if (pause !== null && !this.#isClosed) await this.#pause(pause);
      }
    } finally {
      this.#sending.delete(roomId);
    }
  }

  #next(roomId: string): Waiting | undefined {
    const posts = this.#isClosed ? [] : (this.#rooms.get(roomId) ?? []);
    return posts.find(({ shown, answer }) => shown.status === 'sending' && !answer);
  }

  /** One attempt; how long to wait before the next one of the same post, or null where it is settled. */
  async #attempt(it: Waiting, failures: number): Promise<number | null> {
    const { client_id, tried } = it.post;
    try {
      it.post.tried = true;
      // Kept before it is sent, so that after a reload it is known for a repetition.
      if (!tried) await this.#keep(it);
      const answer = await this.#deliver({ ...it.post, tried });
      const { delivered: _, ...message } = answer;
      it.answer = message;
      await this.#posts.remove(client_id);
      if (!this.#isClosed) this.answered.emit(message);
      return null;
    } catch (thrown) {
      const error = asError(thrown);
      if (this.#isClosed || !this.#find(client_id)) return null;
      if (error.isPassing) {
        this.#show(it, 'sending', error);
        return error.retryAfter ?? this.timers.backoff(failures);
      }
      it.post.failed = { code: error.code, message: error.message, status: error.status };
      this.#show(it, 'failed', error);
      await this.#keep(it);
      return null;
    }
  }

  async #deliver(post: Post, tokens?: Tokens): Promise<CreatedMessage> {
    const { room_id, client_id, body, type, reply_to, tried, created_at } = post;
    if (tried && this.timers.environment.now() - Date.parse(created_at) > REPEATABLE_MS) {
      throw new ParlourError('expired', 'too old to be repeated: it may have been stored');
    }
    const sent = { body, type, client_id, reply_to, retry: tried };
    return this.http.send('POST', path`/v1/rooms/${room_id}/messages`, sent, tokens);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#hurry.delete(end);
        resolve();
      };
      const cancel = this.timers.after(ms, end);
      this.#hurry.add(end);
    });
  }

  #show(it: Waiting, status: UnsentMessage['status'], error: ParlourError | null): void {
    it.shown = { ...it.shown, status, error };
    this.changed.emit(it.post.room_id);
  }

  #find(clientId: string): Waiting | undefined {
    return [...this.#rooms.values()].flat().find(({ post }) => post.client_id === clientId);
  }

  #add(it: Waiting): void {
    if (this.#isClosed) return;
    const roomId = it.post.room_id;
    this.#rooms.set(roomId, [...(this.#rooms.get(roomId) ?? []), it]);
    this.changed.emit(roomId);
  }

  #remove(it: Waiting): void {
    const roomId = it.post.room_id;
    this.#rooms.set(
      roomId,
      (this.#rooms.get(roomId) ?? []).filter((other) => other !== it),
    );
    void this.#posts.remove(it.post.client_id);
    this.changed.emit(roomId);
  }

  #keep(it: Waiting): Promise<void> {
    // Meanwhile discarded, or the person has signed out: nothing may be left behind.
    return this.#posts.keep(it.post, () => this.#find(it.post.client_id) === it);
  }
}

function waiting(post: Post): Waiting {
  const { room_id, client_id, type, body, reply_to, created_at, failed } = post;
  const error = failed && new ParlourError(failed.code, failed.message, failed.status);
  const status = failed ? 'failed' : 'sending';
  const shown = {
    key: client_id,
    status,
    error,
    room_id,
    client_id,
    seq: null,
    type,
    body,
    reply_to,
    created_at,
  } as const;
  return { post, shown, answer: null };
}
