/** What an app that speaks JSON through one WebSocket needs of it, over Parlour. */

import { type Data, pause, type Refusal, relay, type Token } from './relay.js';

/** Where Parlour is, and who connects. */
export interface Options {
  url: string;
  /** The token, or what gives one: it is asked again when a token is refused. */
  token: Token;
}

/**
 * The one connection. Its events are those of a WebSocket: `message`, whose `data` is the JSON of what
 * another person sent; `open`; `close`; and `error`, whose `data` is the JSON of why something failed, and
 * goes to the console unless the event's default is prevented.
 */
export interface WebSocketClient extends EventTarget {
  /**
   * Sends what this JSON says, once, however often it has to be tried. Resolves to whether it was taken;
   * if it was not, there is an `error` too.
   */
  sendMessage(json: string): Promise<boolean>;
  /** Hears what others send, as JSON. Returns what ends that. */
  onMessage(listener: (json: string) => void): () => void;
  /** Ends the connection; the next `getInstance` begins another. */
  close(): void;
}

let instance: WebSocketClient | undefined;

export const WebSocketClient = {
  /** The connection that there is, or a new one: only the first call needs the options. */
  getInstance(options?: Options): WebSocketClient {
    if (!instance && !options) throw new Error('the first call says url and token');
    instance ??= connect(options as Options);
    return instance;
  },
};

function connect({ url, token }: Options): WebSocketClient {
  const events = new EventTarget();
  /** Who one is in each conversation, and up to which place of it everything was handed out. */
  const known = new Map<string, { me: string; head: number }>();
  let isFirst = true;

  const fire = (type: string, data?: unknown) => {
    const event = Object.assign(new Event(type, { cancelable: true }), { data: JSON.stringify(data) });
    if (events.dispatchEvent(event) && type === 'error') console.error(data);
    return false;
  };
  const failed = ({ body }: Refusal) => fire('error', body);

  /**
   * Hands out what is new in the conversations, or in one. Events have no number: the log alone tells which
   * was missed, which came twice, and of two that read the same that they are two.
   */
  const read = async (one?: string) => {
    for (const [conversationId, room] of known) {
      for (let more = !one || one === conversationId; more; ) {
        const path = `/v1/rooms/${conversationId}/messages?limit=200&after=${room.head}`;
        const { messages, has_more }: Data = await it.call(path);
        for (const { seq, sender_id, body: content, created_at: timestamp } of messages) {
          room.head = seq;
          // Some places are empty, and one's own messages the app shows by itself.
          if (!content || sender_id === room.me) continue;
          // A user's id, without the type that a room may put before it.
          const senderId = sender_id.replace(/^user:/, '');
          fire('message', { type: 'NEW_MESSAGE', conversationId, senderId, content, timestamp });
        }
        more = has_more;
        // The next place is taken, and its message is not there yet.
        if (more && !messages[0]) await pause(0.5);
      }
    }
  };

  const it = relay(url, 'exchange', token, {
    heard(name, { conversationId }) {
      if (!known.has(conversationId)) it.join('connect', null);
      return name === 'NEW_MESSAGE' && read(conversationId);
    },
    async said(_, event, _payload, isAgain) {
      if (event !== 'connect') return;
      const { rooms } = await it.call('/v1/rooms?kind=match&limit=100');
      for (const { id, head, you } of rooms)
        if (!known.has(id)) known.set(id, { me: you.member_id, head: isFirst ? head : 0 });
      if (!isFirst) await read();
      // From here on everything is heard: what came before is in the history.
      if (isFirst || isAgain) fire('open');
      isFirst = false;
    },
    changed: (isUp) => isUp || fire('close'),
    failed,
  });
  it.open();
  it.join('connect', null);

  return Object.assign(events, {
    sendMessage: (json: string) => it.say('message', JSON.parse(json)).then(() => true, failed),
    onMessage(listener: (json: string) => void) {
      const run = (event: Event) => listener((event as MessageEvent).data);
      events.addEventListener('message', run);
      return () => events.removeEventListener('message', run);
    },
    close() {
      it.close();
      instance = undefined;
    },
  });
}
