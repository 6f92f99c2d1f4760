// The official server SDKs behind one interface, so that a sentence is tested with each of them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import PusherServer from 'pusher';

/** The app of the local program: demo values. */
export const APP = { appId: 'parlour', key: 'parlour-key', secret: 'parlour-secret' };

/** 32 bytes, known to the app's servers alone. */
const ENCRYPTION_KEY = Buffer.alloc(32, 'k').toString('base64');

/** npm's `pusher`. */
class NodeSdk {
  name = 'npm pusher';

  constructor({ hostname, port }) {
    const options = { host: hostname, port, useTLS: false, cluster: '', encryptionMasterKeyBase64: ENCRYPTION_KEY };
    this.sdk = new PusherServer({ ...APP, ...options });
  }

  async trigger(channels, event, data, except) {
    await this.sdk.trigger(channels, event, data, except && { socket_id: except });
  }

  async triggerBatch(batch) {
    await this.sdk.triggerBatch(batch);
  }

  async sendToUser(user, event, data) {
    await this.sdk.sendToUser(user, event, data);
  }

  async terminate(user) {
    await this.sdk.terminateUserConnections(user);
  }

  async authorizeChannel(socketId, channel, member) {
    return this.sdk.authorizeChannel(socketId, channel, member);
  }

  async authenticateUser(socketId, user) {
    return this.sdk.authenticateUser(socketId, user);
  }

  async channels(params = {}) {
    return this.#get('/channels', params);
  }

  async channel(name, info) {
    return this.#get(`/channels/${name}`, info ? { info } : {});
  }

  async users(name) {
    return this.#get(`/channels/${name}/users`, {});
  }

  /** The events of a webhook; none if it is not the hub's. */
  async webhook(headers, rawBody) {
    const hook = this.sdk.webhook({ headers, rawBody });
    return hook.isValid() ? hook.getEvents() : undefined;
  }

  async stop() {}

  async #get(path, params) {
    const answer = await this.sdk.get({ path, params });
    return answer.json();
  }
}

/** PyPI's `pusher`, in a process of its own. */
class PythonSdk {
  name = 'PyPI pusher';
  #waiting = [];

  constructor({ hostname, port }) {
    const file = (path) => fileURLToPath(new URL(path, import.meta.url));
    const python = process.env.PARLOUR_PYTHON ?? file('../../.tools/pusher/bin/python');
    const program = file('sdk.py');
    this.process = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface({ input: this.process.stdout });
    answers.on('line', (line) => this.#waiting.shift().resolve(JSON.parse(line)));
    this.ended = once(this.process, 'exit').then(([code]) => {
      for (const { reject } of this.#waiting) reject(new Error(`${python} ended with ${code}`));
    });
    const { appId: app_id, key, secret } = APP;
    this.#write({ app_id, key, secret, host: hostname, port: Number(port), encryption_key: ENCRYPTION_KEY });
  }

  trigger(channels, event_name, data, socket_id = null) {
    return this.#call('trigger', { channels, event_name, data, socket_id });
  }

  triggerBatch(batch) {
    return this.#call('trigger_batch', { batch });
  }

  sendToUser(user_id, event_name, data) {
    return this.#call('send_to_user', { user_id, event_name, data });
  }

  terminate(user_id) {
    return this.#call('terminate_user_connections', { user_id });
  }

  authorizeChannel(socket_id, channel, custom_data = null) {
    return this.#call('authenticate', { channel, socket_id, custom_data });
  }

  authenticateUser(socket_id, user_data) {
    return this.#call('authenticate_user', { socket_id, user_data });
  }

  channels({ filter_by_prefix = null, info = '' } = {}) {
    return this.#call('channels_info', { prefix_filter: filter_by_prefix, attributes: list(info) });
  }

  channel(channel, info = '') {
    return this.#call('channel_info', { channel, attributes: list(info) });
  }

  users(channel) {
    return this.#call('users_info', { channel });
  }

  async webhook(headers, body) {
    const [key, signature] = [headers['x-pusher-key'], headers['x-pusher-signature']];
    return (await this.#call('validate_webhook', { key, signature, body }))?.events;
  }

  async stop() {
    this.process.stdin.end();
    await this.ended;
  }

  async #call(name, args) {
    const answered = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#write([name, args]);
    const { answer, error, says } = await answered;
    if (error) throw new Error(`${error}: ${says}`);
    return answer;
  }

  #write(line) {
    this.process.stdin.write(`${JSON.stringify(line)}\n`);
  }
}

function list(info) {
  return info.split(',').filter(Boolean);
}

/** One of each. */
export function servers(base) {
  const url = new URL(base);
  return [new NodeSdk(url), new PythonSdk(url)];
}
