import type { Core } from './core.js';
import { path } from './http.js';
import type {
  BlockList,
  ChangeRoom,
  MemberList,
  MergedGuest,
  Person,
  PersonList,
  Report,
  ReportList,
  ReportState,
  Room,
} from './types.js';

/** People: whom one can write to, and who is online where that is told. */
export class People {
  constructor(readonly core: Core) {}

  /** Those whose name begins so. */
  search(q: string, cursor?: string): Promise<PersonList> {
    return this.core.http.get('/v1/users', { q, cursor });
  }

  /** Somebody's profile, with `online` and `last_seen` where the deployment tells them. */
  get(id: string): Promise<Person> {
    return this.core.http.get(path`/v1/users/${id}`);
  }

  blocked(cursor?: string): Promise<BlockList> {
    return this.core.http.get('/v1/blocks', { cursor });
  }

  /** From now on this user can open no direct room with the caller and post into none. */
  async block(id: string): Promise<void> {
    await this.core.http.send('PUT', path`/v1/blocks/${id}`);
  }

  async unblock(id: string): Promise<void> {
    await this.core.http.send('DELETE', path`/v1/blocks/${id}`);
  }

  /** Who has just signed in gets the room that they had as a guest, with what was not sent yet: `Core.merge`. */
  merge(guestToken: string): Promise<MergedGuest> {
    return this.core.merge(guestToken);
  }
}

/** What is done to a room as a whole, and to who is in it. */
export class Rooms {
  constructor(readonly core: Core) {}

  /** The title for everyone; `hidden`, `muted` and `pinned` for the caller alone. */
  change(id: string, change: ChangeRoom): Promise<Room> {
    return this.#takes(this.core.http.send('PATCH', path`/v1/rooms/${id}`, change));
  }

  members(id: string, cursor?: string): Promise<MemberList> {
    return this.core.http.get(path`/v1/rooms/${id}/members`, { cursor });
  }

  addMembers(id: string, members: string[]): Promise<Room> {
    return this.#takes(this.core.http.send('POST', path`/v1/rooms/${id}/members`, { members }));
  }

  async removeMember(id: string, memberId: string): Promise<void> {
    await this.core.http.send('DELETE', path`/v1/rooms/${id}/members/${memberId}`);
  }

  /** Puts a room of the caller's desk away; refused with 409 if more has come than `seq`. */
  archive(id: string, seq?: number): Promise<Room> {
    return this.#takes(this.core.http.send('POST', path`/v1/rooms/${id}/archive`, { seq }));
  }

  unarchive(id: string): Promise<Room> {
    return this.#takes(this.core.http.send('POST', path`/v1/rooms/${id}/unarchive`, {}));
  }

  async #takes(answer: Promise<Room>): Promise<Room> {
    const info = await answer;
    this.core.held(info.id)?.takes(info);
    return info;
  }
}

/** Reports of messages, for support agents. */
export class Reports {
  constructor(readonly core: Core) {}

  list(state: ReportState = 'open', cursor?: string): Promise<ReportList> {
    return this.core.http.get('/v1/reports', { state, cursor });
  }

  async resolve(id: string, note?: string): Promise<Report> {
    return this.core.http.send('POST', path`/v1/reports/${id}/resolve`, { note });
  }
}
