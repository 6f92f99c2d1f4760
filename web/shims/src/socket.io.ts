/** What an app that was written for socket.io-client needs of it, over Parlour. */

import { type Data, relay, type Token, whole } from './relay.js';

/** What `io` is told. */
export interface Options {
  /** Who connects. */
  auth: {
    /** The token, or what gives one: it is asked again when a token is refused. */
    token: Token;
  };
  /** Which system the app was written for: 1-on-1 chat, or threads. */
  dialect?: 'direct' | 'threads';
}

/** What hears an event. */
export type Listener = (data: Data) => void;

/** A connection, in socket.io-client's words. */
export interface Socket {
  /** The connection's id, while there is one. */
  readonly id: string | undefined;
  readonly connected: boolean;
  /** Says something; what comes of it are events, and `error` if it was refused. */
  emit(event: string, payload?: unknown): Socket;
  /** Beside the system's own events there are `connect`, `disconnect`, `connect_error` and `error`. */
  on(event: string, listener: Listener): Socket;
  once(event: string, listener: Listener): Socket;
  /** Without a listener, all of the event's; without an event, all. */
  off(event?: string, listener?: Listener): Socket;
  connect(): Socket;
  disconnect(): Socket;
  close(): Socket;
}

/** Connects, as socket.io-client's function of this name. */
export function io(url: string, { auth, dialect = 'direct' }: Options): Socket {
  let listeners: [event: string, listener: Listener, isOnce: boolean][] = [];

  const fire = (event: string, data?: Data) => {
    for (const [name, listener, isOnce] of listeners) {
      if (name !== event) continue;
      if (isOnce) off(name, listener);
      // One that throws harms no other.
      queueMicrotask(() => listener(data));
    }
  };
  const show = (message: Data) => {
    if (it.isNew(message.id)) fire('new_message', message);
  };
  const refused = ({ message }: Error) => fire('error', { message });

  const it = relay(url, dialect, auth.token, {
    async heard(name, event, channel) {
      const data = await whole(it, event, channel);
      if (name === 'new_message') show(data);
      else if (name === 'unread') {
        it.call('/chat_threads/unread_count').then((count) => fire('unread_count', count), refused);
      } else fire(name, data);
    },
    said(emit, event, _, isAgain) {
      if (event === 'connect') fire(event);
      for (const [name, data] of emit) {
        if (name === 'new_message') show(data);
        else if (name === 'message_history') {
          if (isAgain) data.messages.forEach(show);
          else {
            for (const { id } of data.messages) it.isNew(id);
            fire(name, data);
          }
        } else if (!isAgain || name !== 'room_joined') fire(name, data);
      }
    },
    changed(isUp) {
      Object.assign(socket, { connected: isUp, id: isUp ? it.pusher?.connection.socket_id : undefined });
      if (!isUp) fire('disconnect', 'transport close');
      else if (dialect === 'direct') fire('connect');
    },
    failed(refusal, event) {
      if (event && event !== 'connect') refused(refusal);
      else fire('connect_error', refusal);
    },
  });

  const chained =
    <A extends unknown[]>(run: (...args: A) => unknown) =>
    (...args: A) => {
      run(...args);
      return socket;
    };
  const on = chained((event: string, listener: Listener, isOnce: Data = false) =>
    listeners.push([event, listener, isOnce]),
  );
  const off = chained((event?: string, listener?: Listener) => {
    listeners = listeners.filter(([name, it]) => event && (name !== event || (listener && it !== listener)));
  });
  const disconnect = chained(() => {
    // Whoever comes back joins anew.
    it.joins.clear();
    it.close();
  });
  const socket: Socket = {
    id: undefined,
    connected: false,
    emit: chained((event, payload = null) => it.say(event, payload).catch(refused)),
    on,
    once: (event, listener) => on(event, listener, true),
    off,
    connect: chained(() => {
      it.open();
      if (dialect !== 'direct') it.join('connect', null);
    }),
    disconnect,
    close: disconnect,
  };
  return socket.connect();
}
