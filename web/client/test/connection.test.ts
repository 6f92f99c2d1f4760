/** One connection that comes back by itself, tokens that are renewed, and an end that leaves nothing. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Pusher from 'pusher-js';
import { standardEnvironment } from '../src/environment.ts';
import { memoryStorage } from '../src/index.ts';
import {
  connected,
  counted,
  disconnected,
  eventually,
  scene,
  settled,
  shows,
  texts,
  until,
} from './support/people.ts';
import { type Program, start, tokenFor } from './support/program.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

/** Mission E14. */
test('after each of 5 drops it is back by itself, with one socket and nothing lost', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const anna = await caller({ sub: 'anna' });
  const { id } = await anna.opens({ kind: 'direct', with: 'bert' });
  // So seldom that only a connection can be what brings it.
  const bert = client({ sub: 'bert' }, { intervals: { polling: 60_000 } });
  const room = bert.room(id);
  for (let drop = 0; drop < 5; drop++) {
    await connected(bert);
    await anna.posts(id, `heard ${drop}`);
    proxy.cut();
    await disconnected(bert);
    await anna.posts(id, `missed ${drop}`);
  }
  await connected(bert);
  // What was missed comes without another event.
  await shows(room, 'missed 4');
  await anna.posts(id, 'the end');
  await shows(room, 'the end');
  const log = await anna.log(id);
  assert.deepEqual(texts(room.messages), texts(log));
  assert.equal(log.length, 11);
  assert.deepEqual(proxy.sockets, { open: 1, most: 1, opened: 6 });
});

test('a socket that died unnoticed is replaced when the app wakes, and what it missed is there at once', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const kim = await caller({ sub: 'kim' });
  const { id } = await kim.opens({ kind: 'direct', with: 'lea' });
  const lea = client({ sub: 'lea' }, { intervals: { polling: 60_000 } });
  const room = lea.room(id);
  await settled(lea);
  await kim.posts(id, 'heard');
  await shows(room, 'heard');
  proxy.silence();
  await kim.posts(id, 'into the dark');
  assert.equal(lea.connection, 'connected', 'nobody has noticed');
  lea.wake();
  await shows(room, 'heard', 'into the dark');
  assert.equal(proxy.sockets.opened, 1, 'fetched, before any other socket is there');
  await disconnected(lea);
  await settled(lea);
  assert.equal(proxy.sockets.opened, 2);
  await kim.posts(id, 'heard again');
  await shows(room, 'into the dark', 'heard again');
});

test('without a socket rooms are looked at every so often', { timeout: 5000 }, async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  proxy.takesSockets = false;
  const carl = await caller({ sub: 'carl' });
  const { id } = await carl.opens({ kind: 'direct', with: 'dora' });
  const dora = client({ sub: 'dora' });
  const room = dora.room(id);
  await carl.posts(id, 'by polling');
  await shows(room, 'by polling');
  room.post('and back');
  await shows(room, 'by polling', 'and back');
  await carl.posts(id, 'again');
  await shows(room, 'by polling', 'and back', 'again');
  await carl.posts(id, 'and again');
  await shows(room, 'again', 'and again');
  assert.equal(proxy.sockets.opened, 0);
});

test('a channel whose authorization fails once is asked for again', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  let refusals = 0;
  proxy.decide = ({ path }) => (path === '/v1/realtime/auth' && refusals++ < 3 ? 'refuse' : 'pass');
  const emil = await caller({ sub: 'emil' });
  const { id } = await emil.opens({ kind: 'direct', with: 'finn' });
  // So seldom that only an event can be what tells.
  const finn = client({ sub: 'finn' }, { intervals: { polling: 60_000 } });
  const room = finn.room(id);
  await until(
    room,
    () => room.snapshot.status === 'ready',
    () => room.snapshot,
  );
  const subscribed = () => proxy.calls.filter(({ path }) => path === '/v1/realtime/auth').length >= 5;
  await eventually(subscribed, () => proxy.calls);
  await emil.posts(id, 'heard');
  await shows(room, 'heard');
});

test('a token that is refused is replaced once', async (t) => {
  const { proxy, client } = await scene(t, program);
  let asked = 0;
  // It ended longer ago than servers forgive, and by this client's clock it is good.
  const now = () => Date.now() - 3_600_000;
  const expired = await tokenFor(program.url, { sub: 'gina', exp: Math.floor(Date.now() / 1000) - 600 });
  const good = await tokenFor(program.url, { sub: 'gina' });
  const token = async () => (asked++ ? good : expired);
  const gina = client({ sub: 'gina' }, { token, environment: { now } });
  assert.equal((await gina.me()).id, 'gina');
  await connected(gina);
  assert.equal(asked, 2);
  assert.equal(proxy.calls.filter(({ path }) => path === '/v1/me').length, 2);
});

test('a token is renewed before it ends', async (t) => {
  const { proxy, client } = await scene(t, program);
  let [asked, ahead] = [0, 0];
  const now = () => Date.now() + ahead;
  const token = () => {
    asked += 1;
    return tokenFor(program.url, { sub: 'hugo', exp: Math.floor(now() / 1000) + 300 });
  };
  const hugo = client({ sub: 'hugo' }, { token, environment: { now } });
  await hugo.me();
  await hugo.people.get('hugo');
  assert.equal(asked, 1);
  ahead = 280_000;
  await Promise.all([hugo.people.get('hugo'), hugo.people.get('hugo')]);
  assert.equal(asked, 2, 'and asked for once at a time');
  assert.ok(proxy.calls.length >= 4);
});

test('a token that never holds fails with 401, and an app that has none with its reason', async (t) => {
  const { proxy, client } = await scene(t, program);
  const bad = client({ sub: 'x' }, { token: async () => 'bad' });
  await assert.rejects(bad.me(), { name: 'ParlourError', status: 401 });
  bad.close();
  proxy.calls = [];
  const none = client({ sub: 'x' }, { token: () => Promise.reject(new Error('signed out')) });
  await assert.rejects(none.me(), { code: 'token', message: 'signed out', status: 0 });
  assert.deepEqual(proxy.calls, []);
});

/** Mission B32: nothing leaks after 100 mounts. */
test('a client that is closed leaves no socket, timer or listener', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const ida = await caller({ sub: 'ida' });
  const { id } = await ida.opens({ kind: 'direct', with: 'jim' });
  const { left, environment } = counted();
  for (let mount = 0; mount < 100; mount++) {
    const jim = client({ sub: 'jim' }, { environment });
    const room = jim.room(id);
    const heard = { count: 0 };
    room.subscribe(() => heard.count++);
    void jim.inbox.load().catch(() => {});
    // At every stage of its life: some before they are connected, some long after.
    if (mount % 10 === 0) {
      await connected(jim);
      room.setTyping();
      room.markRead();
      await ida.posts(id, `word ${mount}`);
    }
    if (mount % 3 === 0) room.post(`from Jim ${mount}`);
    jim.close();
    heard.count = 0;
    await Promise.resolve();
    assert.equal(heard.count, 0, 'nothing is told after the end');
    await assert.rejects(jim.people.get('jim'), { code: 'closed' });
  }
  await eventually(
    () => proxy.sockets.open === 0,
    () => proxy.sockets,
  );
  await eventually(
    () => left.timers.size === 0,
    () => [...left.timers].length,
  );
  assert.equal(left.lifecycles, 0);
  assert.deepEqual(Pusher.instances, []);
});

test('a client that is closed sends nothing more, and the next one sends what it had kept', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const olaf = await caller({ sub: 'olaf' });
  const { id } = await olaf.opens({ kind: 'direct', with: 'pia' });
  const storage = memoryStorage();
  const { left, environment } = counted();
  const pia = client({ sub: 'pia' }, { storage, environment });
  const room = pia.room(id);
  await pia.inbox.load();
  await settled(pia);
  proxy.decide = ({ method }) => (method === 'GET' ? 'pass' : 'refuse');
  // Everything that waits for something: a post for its next attempt, a mark, what is typed.
  room.post('refused so far');
  await until(
    room,
    () => room.messages.some((it) => it.status === 'sending' && it.error),
    () => room.messages,
  );
  room.markRead();
  room.setTyping();
  room.post('never tried');
  pia.close();
  assert.equal(left.lifecycles, 0);
  // Calls under way end, each with its timer, as soon as they hear of it.
  await eventually(
    () => left.timers.size === 0,
    () => left.timers.size,
  );
  assert.deepEqual(
    [pia.heard.size, pia.touched.size, pia.sync.looked.size, pia.outbox.changed.size],
    [0, 0, 0, 0],
  );
  await eventually(
    () => proxy.sockets.open === 0,
    () => proxy.sockets,
  );
  await eventually(
    async () => (await storage.keys('')).length === 2,
    () => storage.keys(''),
  );
  proxy.decide = () => 'pass';
  proxy.calls = [];
  // Whatever of it were still alive would act on this.
  pia.wake();
  room.post('too late');
  assert.deepEqual([left.timers.size, proxy.calls], [0, []]);

  const again = client({ sub: 'pia' }, { storage });
  await shows(again.room(id), 'refused so far', 'never tried');
  await eventually(
    async () => (await storage.keys('')).length === 0,
    () => storage.keys(''),
  );
  assert.deepEqual(texts(await olaf.log(id)), ['refused so far', 'never tried']);
});

/** The same in a browser's window: what the standard environment listens to, it lets go of. */
test('the standard environment takes its listeners away', () => {
  const stop = standardEnvironment.lifecycle(() => {});
  assert.equal(stop(), undefined);
  const listeners: string[] = [];
  const target = {
    visibilityState: 'visible',
    addEventListener: (name: string) => void listeners.push(name),
    removeEventListener: (name: string) => void listeners.splice(listeners.indexOf(name), 1),
  };
  Object.assign(globalThis, { window: target, document: target });
  try {
    const stop = standardEnvironment.lifecycle(() => {});
    assert.deepEqual(listeners, ['online', 'focus', 'visibilitychange']);
    stop();
    assert.deepEqual(listeners, []);
  } finally {
    Object.assign(globalThis, { window: undefined, document: undefined });
  }
});
