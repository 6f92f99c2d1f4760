import type { Storage } from './storage.js';
import type { MessageType } from './types.js';

/** A post as it is stored until the server has answered. */
export interface Post {
  room_id: string;
  client_id: string;
  body: string;
  type: MessageType;
  reply_to: number | null;
  created_at: string;
  /** Orders what was written within a millisecond. */
  order: number;
  /** Whether it may have reached the server. */
  tried: boolean;
  failed: { code: string; message: string; status: number } | null;
}

/**
 * The posts in the storage, each account's apart. A storage that is full or forbidden costs posts their life after
 * a reload, and nothing else.
 */
export class Posts {
  /** Settled as soon as it is known whose posts these are. */
  readonly owned: Promise<string>;
  #setOwned: (owner: string) => void = () => {};
  /** Changes of the storage, one after the other: a slow one must not undo a later one. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #prefix: string;

  constructor(
    readonly storage: Storage,
    url: string,
  ) {
    this.#prefix = `parlour:${url}:`;
    this.owned = new Promise((resolve) => {
      this.#setOwned = resolve;
    });
  }

  /** From now on these are that account's. */
  belongTo(owner: string): void {
    this.#setOwned(owner);
  }

  /** What is stored of an account, in the order in which it was written. */
  async of(owner: string): Promise<Post[]> {
    const posts: Post[] = [];
    for (const key of await this.storage.keys(this.#key(owner)).catch(() => [])) {
      const text = await this.storage.get(key).catch(() => null);
      if (text) posts.push(JSON.parse(text));
    }
    return posts.sort((a, b) => a.created_at.localeCompare(b.created_at) || a.order - b.order);
  }

  /** Stores a post as it is when its turn comes, if it is wanted then. */
  async keep(post: Post, isWanted: () => boolean): Promise<void> {
    const key = this.#key(await this.owned, post.client_id);
    await this.#next(async () => {
      if (isWanted()) await this.storage.set(key, JSON.stringify(post));
    });
  }

  /** Takes out a post: of the owner, or of another account. */
  async remove(clientId: string, owner?: string): Promise<void> {
    const key = this.#key(owner ?? (await this.owned), clientId);
    await this.#next(() => this.storage.remove(key));
  }

  /** Takes out everything of an account; of everybody where it is not known whose they are. */
  clear(owner: string | null): Promise<void> {
    return this.#next(async () => {
      const prefix = owner === null ? this.#prefix : this.#key(owner);
      for (const key of await this.storage.keys(prefix)) await this.storage.remove(key);
    });
  }

  #key(owner: string, clientId = ''): string {
    return `${this.#prefix}${owner}:${clientId}`;
  }

  #next(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change).catch(() => {});
    this.#last = done;
    return done;
  }
}
