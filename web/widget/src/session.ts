import { Core, type NewGuest, ParlourError, type RoomHandle } from 'parlour-client/core';
import Pusher from 'pusher-js';
import { Memory } from './memory.ts';
import type { Shell } from './shell.ts';

/** What a guest tells of itself, if anything. */
export interface Profile {
  name?: string;
  email?: string;
}

/** Who the visitor is, and the room with the support desk that is theirs. */
export class Session {
  /** `new`: a guest who has not written yet, and of whom nothing is known or kept. */
  phase: 'new' | 'loading' | 'ready' | 'error' = 'loading';
  room: RoomHandle | null = null;
  isConnected = false;
  readonly #memory: Memory;
  #core: Core | null = null;
  #profile: Profile | null = null;
  #hasBegun = false;
  /** Counts beginnings: what an earlier one still waits for is not used any more. */
  #run = 0;

  constructor(
    readonly shell: Shell,
    readonly changed: () => void,
  ) {
    this.#memory = new Memory(shell.key);
  }

  /** Begins where there is a chat to go on with. */
  resume(): void {
    if (this.#memory.kept.guest || this.#memory.kept.room) this.start();
  }

  /** Begins where that has not been done. */
  start(): void {
    if (!this.#hasBegun) void this.begin();
  }

  /** Finds out who this is, and opens the room; with a profile, as a guest who is new. */
  async begin(profile: Profile | null = this.#profile): Promise<void> {
    this.#hasBegun = true;
    this.#profile = profile;
    this.#end();
    const run = this.#run;
    this.#becomes('loading');
    try {
      const core = await this.#enter();
      if (!core) return run === this.#run ? this.#becomes('new') : undefined;
      if (run !== this.#run) return core.close();
      this.#core = core;
      core.onConnection(() => this.#looks());
      const { room: id } = this.#memory.kept;
      const room = id ? core.room(id) : await core.open({ kind: 'support' });
      if (run !== this.#run) return;
      this.#memory.kept = { ...this.#memory.kept, room: room.id };
      this.room = room;
      room.subscribe(() => this.#looks());
      this.#looks();
    } catch (error) {
      if (run !== this.#run) return;
      this.#becomes('error');
      this.shell.tell('error', error);
    }
  }

  /** Whoever is signed in has changed. */
  async signIn(): Promise<void> {
    if (!this.shell.token) {
      // Nothing of who was here stays for the next one.
      void this.#core?.signOut();
      this.#memory.kept = {};
    }
    if (this.#hasBegun) await this.begin();
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    this.#run += 1;
    this.#core?.close();
    this.#core = null;
    this.room = null;
    this.isConnected = false;
  }

  /** A client in the name of whoever this is; null where that is nobody yet. */
  async #enter(): Promise<Core | null> {
    const { shell } = this;
    let token = (await shell.token?.()) ?? null;
    const { guest, room } = this.#memory.kept;
    if (!token) {
      // Whose room it was has signed out.
      if (!guest && room) this.#memory.kept = {};
      if (!guest && !this.#profile && shell.options.ask !== 'none') return null;
      return this.#connect(this.#guestToken(guest ?? (await this.#newGuest())));
    }
    const core = this.#connect(async () => {
      const next = token ?? (await shell.token?.());
      token = null;
      if (!next) throw new Error('nobody is signed in any more');
      return next;
    });
    if (guest) this.#memory.kept = { room: await this.#merge(core, guest) };
    return core;
  }

  #connect(token: () => Promise<string>): Core {
    return new Core({ url: this.shell.options.api, token, Pusher });
  }

  async #newGuest(): Promise<string> {
    const { token } = await this.#call<NewGuest>('/v1/guests', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.#profile ?? {}),
    });
    this.#memory.kept = { guest: token };
    return token;
  }

  /** The guest's token. Asked for again it has ended or was refused, unless the clock here is wrong. */
  #guestToken(guest: string): () => Promise<string> {
    let isFirst = true;
    return async () => {
      if (isFirst) isFirst = false;
      else await this.#verify(guest);
      return guest;
    };
  }

  async #verify(guest: string): Promise<void> {
    try {
      await this.#call('/v1/me', { headers: { authorization: `Bearer ${guest}` } });
    } catch (error) {
      if (error instanceof ParlourError && [401, 403].includes(error.status)) this.#forget();
      throw error;
    }
  }

  /** This guest, or the room, is not there any more: begins anew. */
  #forget(): void {
    this.#memory.kept = {};
    queueMicrotask(() => void this.begin());
  }

  /** Gives a guest's room to who has signed in, and what waits there; the id of the room, if it had one. */
  async #merge(core: Core, guest: string): Promise<string | undefined> {
    try {
      return (await core.merge(guest)).room?.id;
    } catch (error) {
      // 409: they have a room already, which is shown. Other refusals: there is no such guest any more.
      if (error instanceof ParlourError && !error.isPassing) return undefined;
      core.close();
      throw error;
    }
  }

  async #call<T>(path: string, request: RequestInit): Promise<T> {
    const answer = await fetch(this.shell.options.api + path, request);
    const body = await answer.json();
    if (!answer.ok) throw new ParlourError(body.code, body.detail, answer.status);
    return body;
  }

  #looks(): void {
    const snapshot = this.room?.snapshot;
    this.isConnected = this.#core?.connection === 'connected';
    const status = snapshot?.error?.status ?? 0;
    if (snapshot?.status === 'gone') {
      const { guest } = this.#memory.kept;
      this.#memory.kept = { guest };
      void this.begin();
    } else if (snapshot?.status === 'ready') this.#becomes('ready');
    else
      this.#becomes(snapshot?.error && (status > 0 || snapshot.messages.length === 0) ? 'error' : 'loading');
  }

  #becomes(phase: Session['phase']): void {
    this.phase = phase;
    this.changed();
  }
}
