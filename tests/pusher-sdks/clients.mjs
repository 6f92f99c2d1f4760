// pusher-js as an app uses it: its own server answers what it may hear and who it is.

import Pusher from 'pusher-js';
import { within } from './parlour.mjs';
import { APP } from './servers.mjs';

/** Somebody with a socket. What comes is kept, to be waited for by its name. */
export class Client {
  heard = [];
  #waiting = [];

  /** @param server whose SDK signs; @param user whom it signs in */
  static async connect(base, server, user) {
    const client = new Client(base, server, user);
    await client.connected();
    return client;
  }

  constructor(base, server, user) {
    const { hostname, port } = new URL(base);
    this.members = {};
    this.pusher = new Pusher(APP.key, {
      cluster: '',
      wsHost: hostname,
      wsPort: Number(port),
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, callback) =>
          answer(server.authorizeChannel(socketId, channelName, this.members[channelName]), callback),
      },
      userAuthentication: {
        customHandler: ({ socketId }, callback) => answer(server.authenticateUser(socketId, user), callback),
      },
    });
    this.pusher.connection.bind('state_change', ({ current }) => this.#hear({ event: `state:${current}` }));
    this.pusher.connection.bind('error', (error) => this.#hear({ event: 'error', data: error }));
    for (const name of ['online', 'offline']) {
      this.pusher.user.watchlist.bind(name, ({ user_ids }) => this.#hear({ event: name, data: user_ids }));
    }
    this.pusher.user.bind_global((event, data) => this.#hear({ event, data, channel: 'user' }));
  }

  /** The WebSocket itself. */
  get socket() {
    return this.pusher.connection.connection.transport.socket;
  }

  get socketId() {
    return this.pusher.connection.socket_id;
  }

  async connected() {
    if (this.pusher.connection.state !== 'connected') await this.hears('state:connected');
  }

  /** Subscribes, on a presence channel as this member; the channel, once that has succeeded. */
  async subscribe(name, member) {
    this.members[name] = member;
    const channel = this.pusher.subscribe(name);
    channel.bind_global((event, data) => this.#hear({ event, data, channel: name }));
    const { event, data } = await this.#first(
      ({ event, channel }) => channel === name && /^pusher:subscription_(succeeded|error)$/.test(event),
      `an answer about ${name}`,
    );
    if (event === 'pusher:subscription_error') throw new Error(`${name}: ${JSON.stringify(data)}`);
    return channel;
  }

  /** Signs in; the user's data, once the hub has agreed. */
  async signIn() {
    this.pusher.connection.bind('message', ({ event, data, channel }) => {
      // The hub has taken the subscription to what is sent to the user.
      if (event === 'pusher:signin_success') this.#hear({ event, data });
      const isReady = event === 'pusher_internal:subscription_succeeded' && channel.startsWith('#');
      if (isReady) this.#hear({ event: 'user:ready' });
    });
    this.pusher.signin();
    await this.hears('user:ready');
    return this.pusher.user.user_data;
  }

  /** The next of this name that was not waited for yet: `{event, channel, data}`. */
  hears(name, on) {
    return this.#first(({ event, channel }) => event === name && (!on || on === channel), name);
  }

  /** The next of this name on a channel, and who sent it; only a handler of its own is told that. */
  hearsFrom(channel, name) {
    const heard = new Promise((resolve) => {
      this.pusher.channel(channel).bind(name, (data, { user_id }) => resolve({ data, user_id }));
    });
    return within(heard, () => `${name} on ${channel}`);
  }

  /** All that has come of this name and was not waited for. */
  left(name) {
    return this.heard.filter(({ event }) => event === name);
  }

  leave() {
    this.pusher.disconnect();
  }

  #first(wanted, what) {
    const at = this.heard.findIndex(wanted);
    if (at >= 0) return Promise.resolve(this.heard.splice(at, 1)[0]);
    const found = new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
    return within(found, () => `${what}; heard ${JSON.stringify(this.heard)}`);
  }

  #hear(it) {
    const at = this.#waiting.findIndex(({ wanted }) => wanted(it));
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(it);
    else this.heard.push(it);
  }
}

/** Gives the client what the server's SDK has signed. */
function answer(signed, callback) {
  signed.then((auth) => callback(null, auth), callback);
}
