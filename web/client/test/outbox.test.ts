/** What is posted is stored once and shown once, whatever happens on the way. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { memoryStorage, ParlourError, type UnsentMessage } from '../src/index.ts';
import { connected, eventually, scene, settled, shows, texts, until } from './support/people.ts';
import { type Program, start } from './support/program.ts';
import type { Call } from './support/proxy.ts';

let program: Program;
before(async () => {
  program = await start('--post-rate', '5/40');
});
after(() => program.stop());

const isPost = ({ method, path }: Call) => method === 'POST' && path.endsWith('/messages');

/** Mission E13. Mission B30. */
for (const first of ['answer', 'event'] as const) {
  test(`a post is one entry from the first moment on, when the ${first} comes first`, async (t) => {
    const { proxy, client, caller } = await scene(t, program);
    const { id } = await (await caller({ sub: `ann ${first}` })).opens({ kind: 'direct', with: 'bob' });
    const ann = client({ sub: `ann ${first}` });
    const room = ann.room(id);
    await settled(ann);
    if (first === 'answer') proxy.mangle = () => [];
    const seen: string[] = [];
    room.subscribe(() => seen.push(room.messages.map(({ key, status }) => `${key} ${status}`).join()));
    // The answer is lost: what confirms the post is the event alone.
    if (first === 'event') proxy.decide = (call) => (isPost(call) ? 'lose' : 'pass');
    const { key } = room.post('once');
    assert.deepEqual(
      room.messages.map(({ status, seq }) => [status, seq]),
      [['sending', null]],
    );
    await shows(room, 'once');
    assert.deepEqual([...new Set(seen)], [`${key} sending`, `${key} sent`]);
    assert.deepEqual(texts(await (await caller({ sub: 'bob' })).log(id)), ['once']);
  });
}

/** Invariant: an unanswered post is repeated, and stored once. */
test('a post whose answers are lost is stored once', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const carl = await caller({ sub: 'carl' });
  const { id } = await carl.opens({ kind: 'direct', with: 'dan' });
  const dan = client({ sub: 'dan' });
  const room = dan.room(id);
  await settled(dan);
  let lost = 0;
  proxy.mangle = () => [];
  proxy.decide = (call) => (isPost(call) && lost++ < 2 ? 'lose' : 'pass');
  room.post('only once');
  room.post('and then this');
  await shows(room, 'only once', 'and then this');
  assert.deepEqual(texts(await carl.log(id)), ['only once', 'and then this']);
  const sent = proxy.calls.filter(isPost).map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    sent.map(({ body, retry }) => [body, retry]),
    [
      ['only once', false],
      ['only once', true],
      ['only once', true],
      ['and then this', false],
    ],
  );
  assert.equal(new Set(sent.map(({ client_id }) => client_id)).size, 2);
});

/** Fault F10: a reload, and a second tab with the same storage. */
test('what was written offline survives a reload, and two tabs send it once', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const eva = await caller({ sub: 'eva' });
  const { id } = await eva.opens({ kind: 'direct', with: 'fred' });
  const storage = memoryStorage();
  proxy.decide = () => 'refuse';
  const offline = client({ sub: 'fred' }, { storage });
  const words = ['one', 'two', 'three'];
  for (const word of words) offline.room(id).post(word);
  assert.deepEqual(texts(offline.room(id).messages), words);
  await eventually(
    async () => (await storage.keys('')).length === 3,
    () => storage.keys(''),
  );
  offline.close();

  proxy.decide = () => 'pass';
  const tabs = [client({ sub: 'fred' }, { storage }), client({ sub: 'fred' }, { storage })];
  for (const tab of tabs) await shows(tab.room(id), ...words);
  assert.deepEqual(texts(await eva.log(id)), words);
  await eventually(
    async () => (await storage.keys('')).length === 0,
    () => storage.keys(''),
  );
});

test('what the log shows already is not shown as waiting, however late the storage is read', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const olga = await caller({ sub: 'olga' });
  const { id } = await olga.opens({ kind: 'direct', with: 'paul' });
  const storage = memoryStorage();
  proxy.mangle = () => [];
  proxy.decide = (call) => (isPost(call) ? 'lose' : 'pass');
  const before = client({ sub: 'paul' }, { storage });
  before.room(id).post('arrived');
  await eventually(
    async () => (await olga.log(id)).length === 1,
    () => olga.log(id),
  );
  before.close();

  proxy.decide = () => 'pass';
  let read = () => {};
  const isRead = new Promise<void>((resolve) => {
    read = resolve;
  });
  const slow = { ...storage, keys: (prefix: string) => isRead.then(() => storage.keys(prefix)) };
  const after = client({ sub: 'paul' }, { storage: slow });
  const room = after.room(id);
  await shows(room, 'arrived');
  read();
  await eventually(
    async () => (await storage.keys('')).length === 0,
    () => storage.keys(''),
  );
  await shows(room, 'arrived');
  assert.equal(room.messages.length, 1);
  assert.equal((await olga.log(id)).length, 1);
});

/** A guest of the program, with a client, as a visitor of a page is. */
async function visits(client: Awaited<ReturnType<typeof scene>>['client']) {
  const storage = memoryStorage();
  const answer = await fetch(`${program.url}/v1/guests`, { method: 'POST' });
  const { token } = (await answer.json()) as { token: string };
  const guest = client({ sub: 'guest' }, { storage, token: async () => token });
  return { token, storage, guest, room: await guest.open({ kind: 'support' }) };
}

test('what a guest had not sent is sent, once, by who they are after signing in', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const { token, storage, guest, room } = await visits(client);
  await settled(guest);
  room.post('before');
  await shows(room, 'before');
  // The one has arrived and its answer has not, the other never left.
  proxy.mangle = () => [];
  proxy.decide = (call) => (isPost(call) ? 'lose' : 'pass');
  room.post('halfway');
  const agent = await caller({ sub: 'agnes', roles: ['admin'] });
  await eventually(
    async () => (await agent.log(room.id)).length === 2,
    () => agent.log(room.id),
  );
  room.post('not yet');
  guest.close();
  proxy.decide = () => 'pass';
  proxy.mangle = (frame) => [frame];

  const una = client({ sub: 'una' }, { storage });
  await una.people.merge(token);
  const hers = una.room(room.id);
  await shows(hers, 'before', 'halfway', 'not yet');
  assert.equal(hers.messages.length, 3);
  assert.deepEqual(texts(await agent.log(room.id)), ['before', 'halfway', 'not yet']);
  await eventually(
    async () => (await storage.keys('')).length === 0,
    () => storage.keys(''),
  );
});

test('what a guest had not sent goes into the support room that they had before', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const vera = await caller({ sub: 'vera' });
  const own = await vera.opens({ kind: 'support' });
  await vera.posts(own.id, 'long ago');
  const { token, storage, guest, room } = await visits(client);
  await settled(guest);
  room.post('to answer');
  await shows(room, 'to answer');
  proxy.decide = () => 'refuse';
  room.post({ body: 'as a guest', replyTo: 1 });
  guest.close();
  proxy.decide = () => 'pass';

  const signedIn = client({ sub: 'vera' }, { storage });
  await assert.rejects(signedIn.people.merge(token), { status: 409, code: 'has_support_room' });
  await shows(signedIn.room(own.id), 'long ago', 'as a guest');
  const log = await vera.log(own.id);
  assert.deepEqual(texts(log), ['long ago', 'as a guest']);
  assert.equal(log[1]?.reply_to ?? null, null, 'what it answered is in another room');
  await eventually(
    async () => (await storage.keys('')).length === 0,
    () => storage.keys(''),
  );
});

/** A stranger on the same device neither sees nor sends what somebody else wrote. */
test('a post belongs to who wrote it', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const { id } = await (await caller({ sub: 'gina' })).opens({ kind: 'direct', with: 'hugo' });
  const storage = memoryStorage();
  proxy.decide = () => 'refuse';
  const gina = client({ sub: 'gina' }, { storage });
  gina.room(id).post('mine');
  await eventually(
    async () => (await storage.keys('')).length === 1,
    () => storage.keys(''),
  );
  gina.close();
  // One of hers may still be on its way.
  proxy.decide = (call) => (isPost(call) ? 'refuse' : 'pass');
  const hugo = client({ sub: 'hugo' }, { storage });
  await until(
    hugo.room(id),
    () => hugo.room(id).snapshot.status === 'ready',
    () => 'ready',
  );
  assert.deepEqual(hugo.room(id).messages, []);
  assert.equal((await storage.keys('')).length, 1);
});

test('after signing out nothing is left in the storage', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const { id } = await (await caller({ sub: 'ida' })).opens({ kind: 'direct', with: 'jim' });
  const storage = memoryStorage();
  const ida = client({ sub: 'ida' }, { storage });
  const room = ida.room(id);
  await connected(ida);
  room.post(' ');
  await until(
    room,
    () => room.messages[0]?.status === 'failed',
    () => room.messages,
  );
  proxy.decide = () => 'refuse';
  room.post('never sent');
  await eventually(
    async () => (await storage.keys('')).length === 2,
    () => storage.keys(''),
  );
  room.post('not even stored');
  await ida.signOut();
  assert.deepEqual(await storage.keys(''), []);
  assert.deepEqual((await (await caller({ sub: 'jim' })).log(id)).length, 0);
});

test('a refused post says why, holds up nothing, and can be sent again or discarded', async (t) => {
  const { client, caller } = await scene(t, program);
  const kim = await caller({ sub: 'kim' });
  const { id } = await kim.opens({ kind: 'direct', with: 'lea' });
  const lea = client({ sub: 'lea' });
  const room = lea.room(id);
  await connected(lea);
  const failed = () => room.messages.filter((it): it is UnsentMessage => it.status === 'failed');
  const blank = room.post('  ');
  room.post('words');
  await until(
    room,
    () => failed().length === 1 && room.messages.length === 2,
    () => room.messages,
  );
  const error = failed()[0]?.error;
  assert.ok(error instanceof ParlourError);
  assert.deepEqual([error.status, error.code, error.fields[0]?.field], [422, 'invalid', 'body']);
  room.discard(blank.client_id);
  await shows(room, 'words');
  assert.equal(room.messages.length, 1);

  await kim.call('PUT', '/v1/blocks/lea');
  const { client_id } = room.post('hello?');
  await until(
    room,
    () => failed().length === 1,
    () => room.messages,
  );
  assert.equal(failed()[0]?.error?.status, 403);
  await kim.call('DELETE', '/v1/blocks/lea');
  room.retry(client_id);
  await shows(room, 'words', 'hello?');
});

/** 429: after `Retry-After`, in order, none lost. */
test('who posts too fast waits and loses nothing', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const mia = await caller({ sub: 'mia' });
  const { id } = await mia.opens({ kind: 'direct', with: 'noa' });
  const noa = client({ sub: 'noa' });
  const room = noa.room(id);
  await connected(noa);
  // 30 at once and five a second: a slow machine, too, is faster than ten a second.
  const words = Array.from({ length: 60 }, (_, i) => `word ${i}`);
  let waited: ParlourError | undefined;
  room.subscribe(() => {
    for (const it of room.messages) if (it.status === 'sending' && it.error) waited = it.error;
  });
  for (const word of words) room.post(word);
  await shows(room, ...words);
  assert.deepEqual(texts(await mia.log(id)), words);
  assert.equal(waited?.status, 429);
  assert.ok((waited?.retryAfter ?? 0) > 0);
  assert.ok(proxy.calls.filter(isPost).length < 75);
});
