import type PusherClass from 'pusher-js';
import type { Channel } from 'pusher-js';
import { Emitter } from './emitter.js';
import type { Timers } from './environment.js';
import { asError } from './error.js';
import type { Http } from './http.js';
import type { ChannelAuthorization, Connection, RoomEvent } from './types.js';

/** A connection that is asked and says nothing for so long is dead. */
const PONG_MS = 5_000;

export type SocketState = 'connecting' | 'connected' | 'disconnected';

/** Who listens to a channel. */
export interface ChannelListener {
  heard(event: string, data: RoomEvent): void;
  /** From here on everything is heard: what came before is to be fetched. */
  ready(): void;
  /** The channel is not, or no longer, the caller's. */
  refused(): void;
}

/** The one connection to the relay, with any Pusher client: made when the first channel is listened to. */
export class Socket {
  readonly changed = new Emitter<SocketState>();
  state: SocketState = 'connecting';
  #pusher: PusherClass | null = null;
  #isStarting = false;
  #isWaking = false;
  #isClosed = false;
  #failures = 0;
  readonly #listeners = new Map<string, ChannelListener>();
  readonly #refusals = new Map<string, number>();

  constructor(
    readonly Pusher: typeof PusherClass,
    readonly http: Http,
    readonly timers: Timers,
  ) {}

  subscribe(name: string, listener: ChannelListener): void {
    const isNew = !this.#listeners.has(name);
    this.#listeners.set(name, listener);
    if (this.#pusher && isNew) this.#join(this.#pusher, name);
    else void this.#start();
  }

  unsubscribe(name: string): void {
    this.#listeners.delete(name);
    this.#pusher?.channel(name)?.unbind();
    this.#pusher?.unsubscribe(name);
  }

  /** An event from client to client; lost where there is no connection, or the relay takes none. */
  send(name: string, event: string, data: unknown): void {
    const channel = this.#pusher?.channel(name);
    if (channel?.subscribed) channel.trigger(event, data);
  }

  /** Connects at once rather than after the client's usual pause, or finds out whether it still is connected. */
  wake(): void {
    if (this.#isClosed) return;
    const pusher = this.#pusher;
    if (!pusher) return void this.#start();
    const { connection } = pusher;
    if (connection.runner) return;
    // What died while the device slept nobody notices: by itself Pusher's client asks after two minutes.
    // biome-ignore lint/complexity/useLiteralKeys: private in its types alone, and what it does then as well
    if (connection.connection) return connection['sendActivityCheck']();
    // Its state stays `connected` during the pause: only a disconnect ends that.
    this.#isWaking = true;
    pusher.disconnect();
    this.#isWaking = false;
    pusher.connect();
  }

  close(): void {
    this.#isClosed = true;
    this.changed.clear();
    this.#listeners.clear();
    this.#drop();
  }

  #drop(): void {
    const pusher = this.#pusher;
    if (!pusher) return;
    this.#pusher = null;
    for (const channel of pusher.allChannels()) channel.unbind();
    pusher.connection.unbind();
    pusher.disconnect();
    // Pusher keeps every client it ever made.
    this.Pusher.instances.splice(this.Pusher.instances.indexOf(pusher), 1);
  }

  async #start(): Promise<void> {
    if (this.#isStarting || this.#isClosed || this.#pusher || this.#listeners.size === 0) return;
    this.#isStarting = true;
    try {
      const relay = await this.http.get<Connection>('/v1/realtime');
      if (this.#isClosed) return;
      this.#pusher = this.#connect(relay);
      for (const name of this.#listeners.keys()) this.#join(this.#pusher, name);
    } catch {
      this.#startLater();
    } finally {
      this.#isStarting = false;
    }
  }

  #startLater(): void {
    this.#become('disconnected');
    this.#failures += 1;
    this.timers.after(this.timers.backoff(this.#failures), () => void this.#start());
  }

  #connect(relay: Connection): PusherClass {
    const pusher = new this.Pusher(relay.key, {
      cluster: relay.cluster ?? '',
      // Hosted Pusher's hosts follow from its cluster.
      ...(relay.cluster ? {} : { wsHost: relay.host, wsPort: relay.port, wssPort: relay.port }),
      forceTLS: relay.tls,
      enabledTransports: ['ws'],
      pongTimeout: PONG_MS,
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, answer) => {
          const body = { socket_id: socketId, channel_name: channelName };
          this.http.send<ChannelAuthorization>('POST', '/v1/realtime/auth', body).then(
            ({ auth, shared_secret }) => answer(null, shared_secret ? { auth, shared_secret } : { auth }),
            (thrown) => {
              this.#refusals.set(channelName, asError(thrown).status);
              answer(asError(thrown), null);
            },
          );
        },
      },
    });
    // Before each pause: the state itself changes only after it.
    pusher.connection.bind('connecting_in', () => this.#become('disconnected'));
    pusher.connection.bind('state_change', ({ current }: { current: string }) => {
      this.#become(current === 'connected' ? 'connected' : 'disconnected');
      if (current === 'connected') this.#failures = 0;
      if (current !== 'disconnected' || this.#isWaking) return;
      // The relay refuses this app for good: its key may have been replaced, so ask anew.
      this.#drop();
      this.#startLater();
    });
    return pusher;
  }

  #join(pusher: PusherClass, name: string): void {
    const channel = pusher.subscribe(name);
    let failures = 0;
    channel.bind_global((event: string, data: RoomEvent) => {
      const listener = this.#listeners.get(name);
      if (event === 'pusher:subscription_succeeded') {
        failures = 0;
        listener?.ready();
      } else if (event === 'pusher:subscription_error') {
        failures += 1;
        this.#refused(channel, failures);
      } else if (!event.startsWith('pusher')) {
        listener?.heard(event, data);
      }
    });
  }

  /** Pusher's clients give up on a channel after one failure: here only one that the API means is final. */
  #refused(channel: Channel, failures: number): void {
    const isFinal = this.#refusals.get(channel.name) === 403;
    this.#refusals.delete(channel.name);
    if (isFinal) return this.#listeners.get(channel.name)?.refused();
    this.timers.after(this.timers.backoff(failures), () => {
      if (this.#listeners.has(channel.name) && this.state === 'connected') channel.subscribe();
    });
  }

  #become(state: SocketState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed.emit(state);
  }
}
