import { Emitter } from './emitter.js';
import type { Timers } from './environment.js';
import { asError, type ParlourError } from './error.js';
import { type Http, path } from './http.js';
import type { ChangeList, Message, MessageList, RoomEvent, Slot } from './types.js';
import { isPending, LogWindow } from './window.js';

const PAGE = 50;
/** What the API gives at most. */
const LARGEST_PAGE = 200;
const LARGEST_CHANGES = 100;
/** A slot is pending for two seconds at most; asking so often, each time later, outlasts that. */
const PATIENCE = 6;

/**
 * The log of a room, held to the server's by the rules of docs/realtime.md: events that come next are taken
 * as they are, any other news is fetched.
 */
export class RoomLog {
  readonly window: LogWindow;
  readonly changed = new Emitter();
  /** Why the log cannot be read, while that is so. */
  error: ParlourError | null = null;
  isLoaded = false;
  hasOlder = false;
  /** Whether the window ends where the room does, and moves on with it. */
  isFollowing = true;
  /** Every change up to this revision is in the window. */
  #rev = 0;
  /** The furthest that anything told of. */
  #told = { head: 0, rev: 0 };
  #isCatchingUp = false;
  #isClosed = false;
  /** How often there was news and nothing to be had, or no answer. */
  #failures = 0;
  #cancelRetry = () => {};
  /** Fetches come one after the other, so that none brings back what an earlier one replaced. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly http: Http,
    readonly timers: Timers,
    readonly roomId: string,
    limit: number,
  ) {
    this.window = new LogWindow(Math.max(limit, LARGEST_PAGE));
  }

  /** Up to where the log is known, for `/v1/sync`. */
  get place(): [number, number] {
    return [this.isFollowing ? this.window.last : this.head, this.#rev];
  }

  /** The room's highest place that is known of. */
  get head(): number {
    return Math.max(this.window.last, this.#told.head);
  }

  /** Takes an event, or an answer that has its form, if it is the next message; else fetches what it tells of. */
  hears(name: string, event: RoomEvent): void {
    const head = event.seq ?? event.head ?? 0;
    const rev = event.rev ?? 0;
    // Where more was told of already a fetch is due, and the event may be older than what that finds.
    const isNext = head === this.window.last + 1 && head > this.#told.head && rev <= this.#rev;
    if (name === 'new_message' && isNext && this.isLoaded && this.isFollowing && !event.truncated) {
      this.#told.head = head;
      this.#append([event as unknown as Message]);
      this.changed.emit();
    } else {
      this.told(head, rev);
    }
  }

  /** There is news up to here. */
  told(head: number, rev: number): void {
    this.#told = { head: Math.max(head, this.#told.head), rev: Math.max(rev, this.#told.rev) };
    void this.#catchUp();
  }

  /** Puts in a message as a call answered it. */
  replace(message: Message): void {
    if (this.window.replace(message)) this.changed.emit();
  }

  /** The newest page, and on from there. */
  loadLatest(): Promise<void> {
    return this.#load(() => this.#latest());
  }

  /** One page further back. */
  loadOlder(): Promise<void> {
    return this.#load(async () => {
      if (!this.isLoaded) return this.#latest();
      const page = await this.#page({ before: this.window.first, limit: PAGE });
      const settled = page.messages.slice(page.messages.map(isPending).lastIndexOf(true) + 1);
      if (this.window.prepend(settled)) this.isFollowing = false;
      this.hasOlder = page.has_more || settled.length < page.messages.length;
    });
  }

  /** One page forward, in a window that has left the end of the log. */
  loadNewer(): Promise<void> {
    return this.#load(async () => {
      if (this.isFollowing) return;
      this.#append((await this.#page({ after: this.window.last, limit: PAGE })).messages);
      this.isFollowing = this.window.last >= this.#told.head;
    });
  }

  /** The part of the log around a place: for links to a message. */
  loadAround(seq: number): Promise<void> {
    return this.#load(async () => {
      const page = await this.#page({ around: seq, limit: PAGE });
      this.#start(page);
      this.isFollowing = this.window.last >= page.head;
    });
  }

  /** After this nothing is fetched by itself. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    this.changed.clear();
  }

  async #load(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    await done;
    this.changed.emit();
    void this.#catchUp();
  }

  /** Fetches until everything that was told is held. */
  async #catchUp(): Promise<void> {
    if (this.#isCatchingUp || this.#isClosed || !this.isLoaded) return;
    this.#isCatchingUp = true;
    this.#cancelRetry();
    try {
      for (let step = this.#nextStep(); step; step = this.#nextStep()) {
        const done = this.#last.then(step);
        this.#last = done.catch(() => {});
        const hasMoved = await done;
        if (this.#isClosed) return;
        if (!hasMoved) return this.#later();
        this.#failures = 0;
        this.error = null;
        this.changed.emit();
      }
    } catch (thrown) {
      this.error = asError(thrown);
      this.changed.emit();
      if (this.error.isPassing) this.#later();
    } finally {
      this.#isCatchingUp = false;
    }
  }

  #nextStep(): (() => Promise<boolean>) | null {
    const missing = this.#told.head - this.window.last;
    if (this.isFollowing && missing > 0) {
      // More than the window holds: only the end of it would be left in the end, so begin there.
      return missing > this.window.limit ? () => this.#latest().then(() => true) : () => this.#readOn();
    }
    return this.#told.rev > this.#rev ? () => this.#fetchChanges() : null;
  }

  /** What is told and not to be had is still being written, or was told by somebody with a newer view. */
  #later(): void {
    this.#failures += 1;
    if (this.#failures < PATIENCE) {
      this.#cancelRetry = this.timers.after(
        this.timers.backoff(this.#failures, 200),
        () => void this.#catchUp(),
      );
    } else {
      // The next event, or the next look at all rooms, tells again.
      this.#told = { head: this.place[0], rev: this.#rev };
      this.#failures = 0;
    }
  }

  async #latest(): Promise<void> {
    this.#start(await this.#page({ limit: this.isLoaded ? LARGEST_PAGE : PAGE }));
    this.isFollowing = true;
  }

  #start(page: MessageList): void {
    const pending = page.messages.findIndex(isPending);
    const slots = pending < 0 ? page.messages : page.messages.slice(0, pending);
    this.window.reset(slots, (page.messages[0]?.seq ?? page.head + 1) - 1);
    // What changed in the page meanwhile is beyond this, and so fetched.
    this.#rev = page.rev;
    this.hasOlder = page.has_more;
    this.isLoaded = true;
    this.error = null;
  }

  async #readOn(): Promise<boolean> {
    const { last } = this.window;
    const page = await this.#page({ after: last, limit: LARGEST_PAGE });
    this.#append(page.messages);
    return this.window.last > last;
  }

  #append(slots: readonly Slot[]): void {
    if (this.window.append(slots)) this.hasOlder = true;
  }

  async #fetchChanges(): Promise<boolean> {
    const { messages, rev } = await this.http.get<ChangeList>(path`/v1/rooms/${this.roomId}/changes`, {
      after_rev: this.#rev,
      limit: LARGEST_CHANGES,
    });
    const furthest = Math.max(0, ...messages.map(({ seq }) => seq));
    if (this.isFollowing && furthest > this.window.last) {
      // Read on before: else an old event of that message would be taken for the next one, without its change.
      this.#told.head = Math.max(this.#told.head, furthest);
      return (await this.#readOn()) || furthest <= this.window.last;
    }
    for (const message of messages) this.window.replace(message);
    const hasMoved = rev > this.#rev;
    this.#rev = rev;
    return hasMoved;
  }

  async #page(query: {
    before?: number;
    after?: number;
    around?: number;
    limit: number;
  }): Promise<MessageList> {
    const page = await this.http.get<MessageList>(path`/v1/rooms/${this.roomId}/messages`, query);
    this.#told.head = Math.max(this.#told.head, page.head);
    this.#told.rev = Math.max(this.#told.rev, page.rev);
    return page;
  }
}
