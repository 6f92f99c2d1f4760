// What a page hears in a real browser: other origin, the browser's own WebSocket, pusher-js as browsers load it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Person, start, within } from './parlour.mjs';

const SCRIPT = new URL('node_modules/pusher-js/dist/web/pusher.min.js', import.meta.url);

/** The Chromium of this machine, if it has one. */
function executable() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}

const executablePath = executable();

suite('a page', { skip: executablePath ? false : 'this machine has no Chromium' }, () => {
  let parlour, server, browser, alice, room, pages;

  before(async () => {
    parlour = await start();
    server = await site();
    // A browser that runs as root has no sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath, args });
    alice = await Person.enter(parlour.base, 'alice');
    const bob = await Person.enter(parlour.base, 'bob');
    room = await alice.call('POST', '/v1/rooms', { kind: 'direct', with: 'bob' });
    pages = { alice: await open(alice), bob: await open(bob) };
    alice.leave();
    bob.leave();
  });

  after(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    await parlour?.stop();
  });

  /** A page of the shop, on which this person listens to the room. */
  async function open({ token }) {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${server.address().port}/`);
    const subscribed = page.evaluate(listen, { base: parlour.base, token, id: room.id });
    await within(subscribed, () => 'the page is subscribed');
    return page;
  }

  /** The next event of this name on the page. */
  function hears(page, name) {
    return within(page.evaluate((name) => globalThis.next(name), name), () => `${name} on the page`);
  }

  test('hears a message as it is stored', async () => {
    const { id, seq } = await alice.call('POST', `/v1/rooms/${room.id}/messages`, { body: 'Hello “☕”' });
    for (const page of Object.values(pages)) {
      const message = await hears(page, 'new_message');
      assert.deepEqual([message.id, message.seq, message.body], [id, seq, 'Hello “☕”']);
    }
  });

  test('hears what another page sends to it', async () => {
    await pages.alice.evaluate(() => globalThis.channel.trigger('client-typing', { on: true }));
    assert.deepEqual(await hears(pages.bob, 'client-typing'), { on: true });
  });

  test('comes back by itself when its connection breaks, and hears again', async () => {
    const back = pages.bob.evaluate(() => globalThis.reconnected());
    await within(back, () => 'the page is subscribed again');
    await alice.call('POST', `/v1/rooms/${room.id}/messages`, { body: 'Again' });
    assert.equal((await hears(pages.bob, 'new_message')).body, 'Again');
  });
});

/** A page that loads pusher-js, and nothing else. */
async function site() {
  const script = await readFile(SCRIPT);
  const server = createServer(({ url }, response) => {
    const [type, body] =
      url === '/pusher.js'
        ? ['text/javascript', script]
        : ['text/html', '<!doctype html><title>A shop</title><script src="/pusher.js"></script>'];
    response.writeHead(200, { 'content-type': type }).end(body);
  }).listen(0, 'localhost');
  await once(server, 'listening');
  return server;
}

/** Runs on the page: what the README tells a client to do. */
async function listen({ base, token, id }) {
  const headers = { Authorization: `Bearer ${token}` };
  const get = async (path) => (await fetch(base + path, { headers })).json();
  const [relay, room] = [await get('/v1/realtime'), await get(`/v1/rooms/${id}`)];
  const pusher = new globalThis.Pusher(relay.key, {
    wsHost: relay.host,
    wsPort: relay.port,
    forceTLS: relay.tls,
    enabledTransports: ['ws'],
    cluster: relay.cluster ?? '',
    channelAuthorization: { endpoint: relay.auth_url, headers },
  });
  const [heard, waiting] = [[], []];
  globalThis.channel = pusher.subscribe(room.channel);
  globalThis.channel.bind_global((name, data) => {
    const at = waiting.findIndex((it) => it.name === name);
    if (at >= 0) waiting.splice(at, 1)[0].resolve(data);
    else heard.push({ name, data });
  });
  globalThis.next = (name) => {
    const at = heard.findIndex((it) => it.name === name);
    if (at >= 0) return heard.splice(at, 1)[0].data;
    return new Promise((resolve) => waiting.push({ name, resolve }));
  };
  globalThis.reconnected = () => {
    const subscribed = globalThis.next('pusher:subscription_succeeded');
    pusher.connection.connection.transport.socket.close();
    return subscribed.then(() => true);
  };
  await globalThis.next('pusher:subscription_succeeded');
}
