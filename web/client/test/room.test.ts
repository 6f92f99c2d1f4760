/** A room as its members see it: what each does, the others see. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, scene, sent, settled, shows, texts, until } from './support/people.ts';
import { type Program, start } from './support/program.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

/** Mission D8. Mission D9. Mission D10. */
test('edits, deletions and reactions are seen by both', async (t) => {
  const { client } = await scene(t, program);
  const [anna, bert] = [client({ sub: 'anna' }), client({ sub: 'bert' })];
  const hers = await anna.open({ kind: 'direct', with: 'bert' });
  const his = bert.room(hers.id);
  await Promise.all([settled(anna), settled(bert)]);
  hers.post('one');
  hers.post('two');
  await shows(his, 'one', 'two');
  await shows(hers, 'one', 'two');

  await hers.edit(1, 'changed');
  assert.equal(hers.messages[0]?.body, 'changed', 'at once');
  await shows(his, 'changed', 'two');
  await his.react(1, '\u{1f44d}');
  const reactions = (room: typeof his) => sent(room)[0]?.reactions;
  assert.deepEqual(reactions(his), [{ emoji: '\u{1f44d}', count: 1, mine: true }]);
  await until(
    hers,
    () => reactions(hers)?.length === 1,
    () => hers.messages,
  );
  assert.deepEqual(reactions(hers), [{ emoji: '\u{1f44d}', count: 1, mine: false }]);
  await his.unreact(1, '\u{1f44d}');
  await until(
    hers,
    () => reactions(hers)?.length === 0,
    () => hers.messages,
  );
  await hers.delete(2);
  await until(
    his,
    () => sent(his)[1]?.deleted_at != null,
    () => his.messages,
  );
  assert.deepEqual(texts(his.messages), ['changed', null]);
  await his.report(1, 'rude');
  await assert.rejects(his.edit(1, 'not mine'), { status: 403 });
});

/** An event that tells of a message without its text: it is fetched. Fault F2. */
test('a message that is too long for an event comes all the same', async (t) => {
  const { client, caller } = await scene(t, program);
  const carl = await caller({ sub: 'carl' });
  const { id } = await carl.opens({ kind: 'direct', with: 'dora' });
  const dora = client({ sub: 'dora' });
  const room = dora.room(id);
  await settled(dora);
  const long = '\u{1f381}'.repeat(10_000);
  await carl.posts(id, long);
  await shows(room, long);
});

/** Fault F25. */
test('who was removed from a group hears no more of it, and the others hear on', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const owner = await caller({ sub: 'owner' });
  const { id } = await owner.opens({ kind: 'group', members: ['emil', 'finn'] });
  const [emil, finn] = [client({ sub: 'emil' }), client({ sub: 'finn' })];
  const [out, stays] = [emil.room(id), finn.room(id)];
  await Promise.all([settled(emil), settled(finn)]);
  const { channel } = stays.snapshot.info ?? {};
  await owner.posts(id, 'to all');
  await Promise.all([shows(out, 'to all'), shows(stays, 'to all')]);

  await owner.call('DELETE', `/v1/rooms/${id}/members/emil`);
  await until(
    out,
    () => out.snapshot.status === 'gone',
    () => out.snapshot,
  );
  await until(
    stays,
    () => stays.snapshot.info?.channel !== channel,
    () => stays.snapshot,
  );
  await settled(finn);
  proxy.calls = [];
  proxy.frames = [];
  await owner.posts(id, 'without Emil');
  await shows(stays, 'to all', 'without Emil');
  assert.deepEqual(texts(out.messages), ['to all']);
  const heard = proxy.frames.filter((frame) => frame.includes('new_message'));
  assert.equal(heard.length, 1, 'by one of them');
  assert.deepEqual(proxy.calls, [], 'and without a fetch');
});

test('a removal that was not heard is found out by the next look', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const owner = await caller({ sub: 'owner' });
  const { id } = await owner.opens({ kind: 'group', members: ['gina'] });
  const gina = client({ sub: 'gina' });
  const room = gina.room(id);
  await settled(gina);
  proxy.mangle = () => [];
  await owner.call('DELETE', `/v1/rooms/${id}/members/gina`);
  gina.wake();
  await until(
    room,
    () => room.snapshot.status === 'gone',
    () => room.snapshot,
  );
});

/** Mission E6. Mission B32. */
test('the reading mark is told once, never goes back, and is seen by the other side', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const hugo = client({ sub: 'hugo' });
  const his = await hugo.open({ kind: 'direct', with: 'ida' });
  const ida = client({ sub: 'ida' });
  const hers = ida.room(his.id);
  await Promise.all([settled(hugo), settled(ida)]);
  const server = await caller({ sub: 'hugo' });
  for (const word of ['one', 'two', 'three']) await server.posts(his.id, word);
  await shows(hers, 'one', 'two', 'three');
  assert.equal(hers.snapshot.unread, 3);
  for (const seq of [1, 2, 3, 2]) hers.markRead(seq);
  const read = (room: typeof hers) => room.snapshot.info?.members.find(({ id }) => id === 'ida')?.read;
  await until(
    his,
    () => read(his) === 3,
    () => his.snapshot,
  );
  await until(
    hers,
    () => hers.snapshot.unread === 0,
    () => hers.snapshot,
  );
  hers.markRead(1);
  hers.markRead();
  await server.posts(his.id, 'four');
  await shows(hers, 'four');
  assert.equal(hers.snapshot.unread, 1);
  const counts = new Set<number>();
  hers.subscribe(() => counts.add(hers.snapshot.unread));
  hers.post('an answer');
  await shows(hers, 'an answer');
  assert.equal(hers.snapshot.unread, 0, 'who writes has read');
  assert.deepEqual([...counts], [1, 0], 'and what was written is never unread');
  const marks = proxy.calls.filter(({ path }) => path.endsWith('/read')).map(({ body }) => body);
  assert.deepEqual(marks, ['{"seq":3}']);
});

/** Mission E7. */
test('typing is seen by the other side, and ends with the message', async (t) => {
  const { proxy, client } = await scene(t, program);
  const [jim, kim] = [client({ sub: 'jim' }), client({ sub: 'kim' })];
  const his = await jim.open({ kind: 'direct', with: 'kim' });
  const hers = kim.room(his.id);
  await Promise.all([settled(jim), settled(kim)]);
  for (let key = 0; key < 10; key++) his.setTyping();
  await until(
    hers,
    () => hers.snapshot.typing.length > 0,
    () => hers.snapshot,
  );
  assert.deepEqual(hers.snapshot.typing, ['jim']);
  assert.deepEqual(his.snapshot.typing, []);
  his.post('said');
  await until(
    hers,
    () => hers.snapshot.typing.length === 0,
    () => hers.snapshot,
  );
  await shows(hers, 'said');
  // The message may overtake what ends it.
  const told = () => proxy.frames.filter((frame) => frame.includes('client-typing')).length;
  await eventually(() => told() > 1, told);
  assert.equal(told(), 2, 'that it began, and that it ended');
});

test('a link leads to a message deep in the log, and from there to both ends', async (t) => {
  const { client, caller } = await scene(t, program);
  const mia = await caller({ sub: 'mia' });
  const { id } = await mia.opens({ kind: 'direct', with: 'noa' });
  for (let i = 1; i <= 400; i++) await mia.posts(id, `${i}`);
  const noa = client({ sub: 'noa' });
  const room = noa.room(id);
  await settled(noa);
  await room.loadAround(200);
  const places = () => sent(room).map(({ seq }) => seq);
  assert.ok(
    places().includes(200) && places().length <= 50 && room.snapshot.hasNewer && room.snapshot.hasOlder,
  );
  await mia.posts(id, 'news');
  // What is new belongs to the end, which the window has left; what changes in the window is seen.
  await mia.call('PATCH', `/v1/rooms/${id}/messages/200`, { body: 'changed' });
  await until(
    room,
    () => texts(room.messages).includes('changed'),
    () => room.messages,
  );
  assert.ok(!texts(room.messages).includes('news'));
  while (room.snapshot.hasNewer) await room.loadNewer();
  await shows(room, '400', 'news');
  while (room.snapshot.hasOlder) await room.loadOlder();
  assert.deepEqual(
    places(),
    Array.from({ length: 401 }, (_, i) => i + 1),
  );
  await mia.posts(id, 'and live again');
  await shows(room, 'news', 'and live again');
});

test('a room that is not one’s own is gone, and one that is not there yet comes with the network', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const otto = await caller({ sub: 'otto' });
  const { id } = await otto.opens({ kind: 'direct', with: 'pia' });
  await otto.posts(id, 'waiting');
  const stranger = client({ sub: 'stranger' }).room(id);
  await until(
    stranger,
    () => stranger.snapshot.status === 'gone',
    () => stranger.snapshot,
  );
  proxy.decide = () => 'refuse';
  const pia = client({ sub: 'pia' });
  const room = pia.room(id);
  await until(
    room,
    () => room.snapshot.error?.code === 'network',
    () => room.snapshot,
  );
  proxy.decide = () => 'pass';
  await shows(room, 'waiting');
  await eventually(
    () => room.snapshot.error === null,
    () => room.snapshot,
  );
});
