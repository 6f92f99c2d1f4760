import PusherClass from 'pusher-js';
import { Core, type CoreOptions } from './core.js';
import { RoomList } from './list.js';
import { People, Reports, Rooms } from './people.js';
import type { RoomState } from './types.js';
import { VIEWING, Viewing } from './viewing.js';

/** The API's largest page: the total of unread messages is that of as many rooms as `/v1/me` counts. */
const LIST_PAGE = 100;

export type ParlourOptions = Omit<CoreOptions, 'Pusher'> & Partial<Pick<CoreOptions, 'Pusher'>>;

/** Everything that one person does: rooms, the inbox, the desk, people and reports, over one connection. */
export class Parlour extends Core {
  readonly people = new People(this);
  readonly rooms = new Rooms(this);
  readonly reports = new Reports(this);
  /** Who else of the caller's desk looks at a room. */
  readonly viewing = new Viewing(this);
  readonly #lists = new Map<string, RoomList>();

  constructor(options: ParlourOptions) {
    super({ Pusher: PusherClass, ...options });
  }

  /** The caller's rooms without those that are hidden. `load()` fetches it; from then on it is live. */
  get inbox(): RoomList {
    return this.#list('inbox', () => ({
      path: '/v1/rooms',
      query: { limit: LIST_PAGE },
      unread: (room) => room.you.unread,
      includes: (room) => !room.you.hidden,
      concerns: (event) => event === 'chat_list_update' || event === 'room_updated',
    }));
  }

  /** The queue of the caller's desk, for support agents and merchants. */
  desk(state: RoomState = 'active'): RoomList {
    return this.#list(`desk ${state}`, () => ({
      path: '/v1/desk/rooms',
      query: { limit: LIST_PAGE, state },
      unread: (room) => room.unread ?? 0,
      includes: (room) => room.state === state && (room.kind === 'support' || room.kind === 'listing'),
      concerns: (event) => event === 'new_user_message' || event === 'room_updated' || event === VIEWING,
    }));
  }

  override close(): void {
    this.viewing.close();
    for (const list of this.#lists.values()) list.close();
    super.close();
  }

  #list(name: string, source: () => RoomList['source']): RoomList {
    const list = this.#lists.get(name) ?? new RoomList(this, source());
    this.#lists.set(name, list);
    return list;
  }
}
