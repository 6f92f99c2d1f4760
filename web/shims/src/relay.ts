/** What the shims have in common: what a client says goes by HTTP, what it hears comes through the relay. */

import Pusher from 'pusher-js';

/** A token of the application's, or what gives one: it is asked again when a token is refused. */
export type Token = string | (() => string | Promise<string>);

/** What a system's client and server tell each other: nothing is known of it here. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Data = any;

/** Why something failed. */
export interface Refusal extends Error {
  /** What the server said, in the system's own words. */
  body: Data;
  /** Whether the same may succeed later. */
  isPassing: boolean;
}

const refuse = (body: Data, isPassing = false): Refusal =>
  Object.assign(new Error(body.message ?? body.error ?? body.detail), { body, isPassing });

/** Waits for so many seconds. */
export const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What a shim does with what happens. */
export interface Listener {
  /** An event that came through the relay; the next one waits for what this returns. */
  heard(name: string, data: Data, channel: string): unknown;
  /**
   * An answer, after everything that was heard before it, and before everything that is heard later.
   * `isAgain` says that the connection was gone, and that this was said once more by itself.
   */
  said(emit: [name: string, data: Data][], event: string, payload: Data, isAgain: boolean): unknown;
  /** The connection is there, or is gone. */
  changed(isUp: boolean): void;
  /** There is no connection, for now or for good; or what was to be listened to is refused: then which. */
  failed(refusal: Refusal, event?: string, payload?: Data): void;
}

/** An answer is waited for so long. */
const TIMEOUT_MS = 15_000;
/** After so long a relay that wants no more of us is tried again. */
const RETURN_S = 5;
/** How often something is tried. */
const TRIES = 6;

/** An event with its text, which is fetched where it was too long for the relay. */
export async function whole(it: ReturnType<typeof relay>, data: Data, channel: string): Promise<Data> {
  if (data.truncated) {
    const room = /\w{8}-\w{4}-[\w-]{22}/.exec(channel + data.chat_id);
    const { messages } = await it.call(`/v1/rooms/${room}/messages?limit=1&after=${data.seq - 1}`);
    const message = data.message ?? data;
    message['body' in message ? 'body' : 'content'] = messages[0].body;
    delete data.truncated;
    delete data.seq;
  }
  return data;
}

/** How a socket's client speaks to Parlour. */
export function relay(url: string, dialect: string, token: Token, listener: Listener) {
  let bearer: Promise<string> | undefined;
  let pusher: Pusher | undefined;
  let isOpen = false;
  /** What is said, one after the other. */
  let saying: Promise<unknown> = Promise.resolve();
  /** What is heard, one after the other. */
  let hearing = saying;
  /** What to say again when the connection is back, as JSON, and on which channels it made us listen. */
  const joins = new Map<string, string[]>();
  /** What was shown: no larger than what the app itself keeps. */
  const seen = new Set<string>();

  /** A call of the API, with a body a POST; repeated under the same key, so that it happens once. */
  const call = async (path: string, body?: unknown, tries = TRIES): Promise<Data> => {
    const key = crypto.randomUUID();
    for (let failures = 1; ; failures++) {
      let refusal: Data;
      let seconds = 0;
      let status = 0;
      try {
        bearer ??= (async () => (typeof token === 'function' ? token() : token))();
        const request: Data = {
          method: body ? 'POST' : 'GET',
          headers: {
            authorization: `Bearer ${await bearer}`,
            'content-type': 'application/json',
            'idempotency-key': key,
          },
          body: JSON.stringify(body),
          // React Native has none.
          signal: AbortSignal.timeout?.(TIMEOUT_MS),
        };
        const answer = await fetch(url + path, request);
        seconds = Number(answer.headers.get('retry-after'));
        status = answer.status;
        refusal = await answer.json();
        if (answer.ok) return refusal;
      } catch (thrown) {
        // No answer, or one of something between.
        refusal = { message: `${thrown}` };
      }
      bearer = undefined;
      const isPassing = status < 400 || status === 429 || status > 499;
      const isOld = status === 401 && failures < 2;
      if (!isOld && (!isPassing || failures >= tries || !isOpen)) throw refuse(refusal, isPassing);
      // With jitter, so that clients spread out.
      await pause(seconds || Math.random() * Math.min(failures, 60));
    }
  };

  /** Listens to a channel; false where that is so already. */
  const subscribe = (name: string) => {
    const it = pusher as Pusher;
    const isNew = !it.channel(name);
    const channel = it.subscribe(name);
    if (isNew)
      channel.bind_global((event: string, data: Data) => {
        if (!event.startsWith('pusher'))
          hearing = hearing.then(() => listener.heard(event, data, name)).catch(() => {});
      });
    if (channel.subscribed) return false;
    return new Promise((resolve, reject) => {
      channel.bind('pusher:subscription_succeeded', () => resolve(true));
      channel.bind('pusher:subscription_error', (data: Data) => reject(refuse(data)));
    });
  };

  /** Says something after all that was said before. */
  const say = (event: string, payload: unknown, isAgain = false): Promise<void> => {
    const post = () => call(`/socket/${dialect}/${encodeURIComponent(event)}`, { payload });
    const done = saying.then(async () => {
      let answer = await post();
      const before = hearing;
      let release: Data;
      hearing = new Promise((resolve) => {
        release = resolve;
      });
      try {
        // What happened before a channel was heard is in a later answer alone.
        while ((await Promise.all(answer.listen.map(subscribe))).some(Boolean)) answer = await post();
        if (answer.listen[0]) joins.set(JSON.stringify([event, payload]), answer.listen);
        await before;
        await listener.said(answer.emit, event, payload, isAgain);
      } finally {
        release();
      }
    });
    saying = done.catch(() => {});
    return done;
  };

  /** Says what makes us listen, until it is taken or refused. */
  const join = (event: string, payload: unknown, isAgain = false): Promise<void> =>
    say(event, payload, isAgain).catch((refusal) => {
      if (refusal.isPassing && isOpen) return join(event, payload, isAgain);
      joins.delete(JSON.stringify([event, payload]));
      return listener.failed(refusal, event, payload);
    });

  const connect = ({ key, cluster, host, port, tls }: Data) => {
    const it = new Pusher(key, {
      cluster: cluster ?? '',
      wsHost: host,
      wsPort: port,
      wssPort: port,
      forceTLS: tls,
      enabledTransports: ['ws'],
      channelAuthorization: {
        customHandler: ({ socketId: socket_id, channelName: channel_name }, answer) =>
          call('/v1/realtime/auth', { socket_id, channel_name }, Number.POSITIVE_INFINITY).then(
            // Another connection has asked for itself.
            (auth) => it.connection.socket_id === socket_id && answer(null, auth),
            (refusal) => answer(refusal, null),
          ),
      },
    });
    pusher = it;
    it.connection.bind('state_change', ({ previous, current }: Data) => {
      const up = 'connected';
      if (previous === up) listener.changed(false);
      if (current === up) {
        listener.changed(true);
        for (const key of joins.keys()) {
          const [event, payload] = JSON.parse(key);
          join(event, payload, true);
        }
      }
      if (current === 'unavailable') listener.failed(refuse({ message: current }));
      // The relay refuses this app for good: its key may have been replaced, so ask anew.
      if (current === 'disconnected' && isOpen) saying = hearing = pause(RETURN_S).then(begin);
    });
  };

  const close = () => {
    isOpen = false;
    pusher?.disconnect();
  };

  const begin = async () => {
    while (isOpen) {
      try {
        const settings = await call('/v1/realtime');
        if (isOpen) connect(settings);
        return;
      } catch (thrown) {
        const refusal = thrown as Refusal;
        isOpen &&= refusal.isPassing;
        listener.failed(refusal);
      }
    }
  };

  const open = () => {
    if (isOpen) return;
    isOpen = true;
    // What waited for the connection before waits no more.
    saying = hearing = begin();
  };

  return {
    call,
    say,
    join,
    open,
    close,
    joins,
    /** Whether this is told for the first time. */
    isNew: (key: string): boolean => seen.size < seen.add(key).size,
    get pusher(): Pusher | undefined {
      return pusher;
    },
  };
}
