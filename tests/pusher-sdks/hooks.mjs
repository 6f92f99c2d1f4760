// The app's server, as far as webhooks go: each one is checked with the server SDKs' own means.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { within } from './parlour.mjs';

/** Takes webhooks on a free port. */
export class Hooks {
  /** `{headers, body}` of each. */
  #came = [];
  #waiting = [];
  /** How many are refused before one is taken. */
  refuses = 0;
  refused = [];

  static async listen() {
    const hooks = new Hooks();
    hooks.server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request) body += part;
      const refuse = hooks.refuses > 0;
      if (refuse) {
        hooks.refuses -= 1;
        hooks.refused.push(body);
      }
      response.writeHead(refuse ? 503 : 200).end();
      if (!refuse) hooks.#take({ headers: request.headers, body });
    }).listen(0, '127.0.0.1');
    await once(hooks.server, 'listening');
    hooks.url = `http://127.0.0.1:${hooks.server.address().port}/webhooks`;
    return hooks;
  }

  /** The webhook with an event that looks like this, whenever it came. */
  tells(wanted) {
    const matches = ({ body }) =>
      JSON.parse(body).events.some((event) => Object.entries(wanted).every(([key, value]) => event[key] === value));
    const come = this.#came.find(matches);
    const found = come ? Promise.resolve(come) : new Promise((resolve) => this.#waiting.push({ matches, resolve }));
    return within(found, () => `${JSON.stringify(wanted)}; came ${JSON.stringify(this.events())}`);
  }

  /** All events that came. */
  events() {
    return this.#came.flatMap(({ body }) => JSON.parse(body).events);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  #take(hook) {
    this.#came.push(hook);
    this.#waiting = this.#waiting.filter(({ matches, resolve }) => !matches(hook) || resolve(hook));
  }
}
