// Helpers: the local program as a process, and people who use it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Pusher from 'pusher-js';

const SECONDS = 1000;
const PROGRAM = process.env.PARLOUR_BIN ?? fileURLToPath(new URL('../../target/debug/parlour', import.meta.url));

/** Fails with `what` rather than hanging. */
export function within(promise, what, ms = 15 * SECONDS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms / SECONDS} s: ${what()}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Starts the local program on a free port, with nothing on disk. */
export async function start(...options) {
  const process = spawn(PROGRAM, ['--listen', '127.0.0.1:0', '--data', ':memory:', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(process, 'exit');
  const listening = new Promise((resolve) => {
    // Read to the end: a full pipe would stop the program.
    createInterface({ input: process.stdout }).on('line', (line) => {
      const address = /listening on (http:\S+)/.exec(line);
      if (address) resolve(address[1]);
    });
  });
  const base = await within(
    Promise.race([
      listening,
      ended.then(([code]) => Promise.reject(new Error(`${PROGRAM} ended with ${code} before it listened`))),
    ]),
    () => `${PROGRAM} says where it listens`,
  );
  return {
    base,
    async stop() {
      process.kill();
      await ended;
    },
  };
}

/** Somebody with a token, who calls the API and listens with a stock Pusher client. */
export class Person {
  static async enter(base, id) {
    const person = new Person(base);
    const { token } = await person.call('POST', '/dev/tokens', { sub: id });
    person.token = token;
    person.me = await person.call('GET', '/v1/me');
    await person.connect(await person.call('GET', '/v1/realtime'));
    return person;
  }

  /** All that came over the socket: `{event, channel, data}`, oldest first. */
  heard = [];
  #waiting = [];

  constructor(base) {
    this.base = base;
  }

  async call(method, path, body) {
    const headers = {};
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (body) headers['content-type'] = 'application/json';
    const answer = await fetch(this.base + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** Everything the client needs to know comes from the API's settings. */
  async connect(settings) {
    this.pusher = new Pusher(settings.key, {
      cluster: settings.cluster ?? '',
      wsHost: settings.host,
      wsPort: settings.port,
      wssPort: settings.port,
      forceTLS: settings.tls,
      enabledTransports: ['ws', 'wss'],
      channelAuthorization: {
        endpoint: settings.auth_url,
        headers: { Authorization: `Bearer ${this.token}` },
      },
      userAuthentication: {
        endpoint: settings.user_auth_url,
        headers: { Authorization: `Bearer ${this.token}` },
      },
    });
    this.pusher.connection.bind('message', (message) => {
      if (!/^pusher(_internal)?:/.test(message.event)) this.#hear(message);
    });
    const connected = new Promise((resolve) => this.pusher.connection.bind('connected', resolve));
    await within(connected, () => `connected; it is ${this.pusher.connection.state}`);
  }

  /** Resolves with the channel, or with what the client reports when it is refused. */
  subscribe(name) {
    const channel = this.pusher.subscribe(name);
    const settled = new Promise((resolve) => {
      channel.bind('pusher:subscription_succeeded', () => resolve({ channel }));
      channel.bind('pusher:subscription_error', (error) => resolve({ error }));
    });
    return within(settled, () => `an answer about ${name}`);
  }

  /** Signs the connection in; who it is then, once the relay has agreed. */
  signsIn() {
    const agreed = new Promise((resolve) => {
      this.pusher.connection.bind('message', ({ event, data }) => {
        if (event === 'pusher:signin_success') resolve(JSON.parse(data.user_data));
      });
    });
    this.pusher.signin();
    return agreed;
  }

  /** The data of this event about this room and seq, as soon as it has come. */
  receives(event, { room_id, seq }) {
    const wanted = (it) => it.event === event && it.data.room_id === room_id && it.data.seq === seq;
    const come = this.heard.find(wanted);
    const found = come ? Promise.resolve(come) : new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
    return within(found, () => `${event} ${seq}; heard ${JSON.stringify(this.heard)}`).then((it) => it.data);
  }

  all(event) {
    return this.heard.filter((it) => it.event === event);
  }

  leave() {
    this.pusher?.disconnect();
  }

  #hear({ event, channel, data }) {
    const it = { event, channel, data };
    this.heard.push(it);
    this.#waiting = this.#waiting.filter(({ wanted, resolve }) => !wanted(it) || resolve(it));
  }
}
