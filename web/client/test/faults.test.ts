/** The log is the server's, whatever happens on the way to it. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Message, RoomHandle } from '../src/index.ts';
import { connected, disconnected, scene, seeded, sent, settled, shows, until } from './support/people.ts';
import { type Caller, type Program, start } from './support/program.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

/** What two views of a message must agree on. */
function plain(message: Message): unknown {
  const { seq, id, sender_id, body, client_id, rev, edited_at, deleted_at, reactions } = message;
  return [seq, id, sender_id, body, client_id, rev, edited_at, deleted_at, reactions];
}

/** Fails at the first snapshot that is not in order, or shows something twice. */
function watch(room: RoomHandle): void {
  room.subscribe(() => {
    const keys = room.messages.map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length, 'each once');
    const places = sent(room).map(({ seq }) => seq);
    assert.ok(
      places.every((seq, i) => i === 0 || seq === (places[i - 1] ?? 0) + 1),
      `dense and in order: ${places}`,
    );
  });
}

/** Loses, doubles and mixes up events. */
function mangler(random: (below: number) => number): (frame: string) => string[] {
  const late: string[] = [];
  return (frame) => {
    switch (random(6)) {
      case 0:
        return [];
      case 1:
        return [frame, frame];
      case 2:
        late.push(frame);
        return [];
      default:
        return [frame, ...late.splice(0, random(3))];
    }
  };
}

/** Something that one of the writers does. */
async function acts(random: (below: number) => number, writers: Caller[], room: string, posts: string[]) {
  const writer = writers[random(writers.length)] as Caller;
  const seq = random(posts.length) + 1;
  const isOwn = posts[seq - 1] === writer.id;
  const path = `/v1/rooms/${room}/messages/${seq}`;
  const emoji = encodeURIComponent(['\u{1f381}', '\u{1f44d}'][random(2)] as string);
  const what = random(12);
  // Another may delete the message at the same moment: then this is refused.
  const unlessDeleted = (error: Error) => assert.match(error.message, /message_deleted/);
  if (what < 2 && isOwn) {
    await writer.call('PATCH', path, { body: `again ${random(1000)}` }).catch(unlessDeleted);
  } else if (what === 2 && isOwn) {
    await writer.call('DELETE', path);
    posts[seq - 1] = 'nobody';
  } else if (what < 5 && posts[seq - 1] && posts[seq - 1] !== 'nobody') {
    await writer.call(random(3) ? 'PUT' : 'DELETE', `${path}/reactions/${emoji}`).catch(unlessDeleted);
  } else {
    // Now and then one that is too long for an event.
    const { seq } = await writer.posts(room, what === 11 ? 'long '.repeat(1990) : `word ${random(1000)}`);
    posts[seq - 1] = writer.id;
  }
}

/** Fault F13. */
test('after 100 cuts, with events lost, doubled and mixed up, the log is the server’s', async (t) => {
  const random = seeded(13);
  const { proxy, client, caller } = await scene(t, program);
  const writers = await Promise.all(['anna', 'bert', 'cleo'].map((sub) => caller({ sub })));
  const [anna] = writers as [Caller];
  const { id } = await anna.opens({ kind: 'group', members: ['bert', 'cleo', 'dora'] });
  const dora = client({ sub: 'dora' }, { windowSize: 5000 });
  const room = dora.room(id);
  watch(room);
  proxy.mangle = mangler(random);
  const posts: string[] = [];
  for (let round = 0; round < 100; round++) {
    await connected(dora);
    await Promise.all(Array.from({ length: 1 + random(4) }, () => acts(random, writers, id, posts)));
    if (round % 5 === 0) room.post(`from Dora ${round}`);
    proxy.cut();
    await acts(random, writers, id, posts);
    await disconnected(dora);
    dora.wake();
  }
  proxy.mangle = (frame) => [frame];
  await until(
    room,
    () => room.messages.every(({ status }) => status === 'sent'),
    () => room.messages,
  );
  const last = await anna.posts(id, 'the end');
  await connected(dora);
  await until(
    room,
    () => sent(room).at(-1)?.seq === last.seq,
    () => room.snapshot,
  );
  const expected = (await (await caller({ sub: 'dora' })).log(id)).map(plain);
  const same = () => JSON.stringify(sent(room).map(plain)) === JSON.stringify(expected);
  await until(room, same, () => 'the same log', 5000).catch(() =>
    assert.deepEqual(sent(room).map(plain), expected),
  );
  assert.ok(proxy.sockets.opened > 100, `${proxy.sockets.opened} sockets`);
  assert.equal(proxy.sockets.most, 1);
  assert.equal(posts.filter(Boolean).length + 20 + 1, expected.length);
});

/** Fault F13: who hears everything in order fetches no messages. */
test('a client that misses nothing fetches nothing', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const anna = await caller({ sub: 'anna' });
  const { id } = await anna.opens({ kind: 'direct', with: 'emil' });
  const emil = client({ sub: 'emil' });
  const room = emil.room(id);
  await settled(emil);
  proxy.calls = [];
  for (let i = 0; i < 20; i++) await anna.posts(id, `word ${i}`);
  await shows(room, 'word 18', 'word 19');
  assert.equal(room.messages.length, 20);
  assert.deepEqual(
    proxy.calls.filter(({ path }) => /messages|changes/.test(path)),
    [],
  );
});

/** Fault F24. */
test('of 10,000 missed messages a window is held, and all are there by paging', {
  timeout: 60_000,
}, async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const anna = await caller({ sub: 'anna' });
  const { id } = await anna.opens({ kind: 'direct', with: 'finn' });
  await anna.posts(id, 'before');
  const finn = client({ sub: 'finn' }, { windowSize: 300 });
  const room = finn.room(id);
  watch(room);
  let most = 0;
  room.subscribe(() => {
    most = Math.max(most, room.messages.length);
  });
  await connected(finn);
  await shows(room, 'before');

  proxy.decide = () => 'refuse';
  proxy.takesSockets = false;
  proxy.cut();
  for (let i = 0; i < 10_000; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, j) => anna.posts(id, `missed ${i + j}`)));
  }
  proxy.decide = () => 'pass';
  proxy.takesSockets = true;
  proxy.calls = [];
  finn.wake();
  await until(
    room,
    () => sent(room).at(-1)?.seq === 10_001,
    () => sent(room).at(-1),
  );
  const pages = proxy.calls.filter(({ path }) => path.includes('/messages'));
  assert.ok(pages.length <= 3, `${pages.length} pages to be up to date`);

  const seen = new Map(sent(room).map((message) => [message.seq, message.body]));
  while (room.snapshot.hasOlder) {
    await room.loadOlder();
    for (const { seq, body } of sent(room)) seen.set(seq, body);
  }
  assert.deepEqual(seen, new Map((await anna.log(id)).map(({ seq, body }) => [seq, body])));
  assert.ok(most <= 300, `${most} held`);

  assert.ok(room.snapshot.hasNewer, 'the window is at the beginning');
  await anna.posts(id, 'now');
  await room.loadLatest();
  await shows(room, 'now');
  assert.ok(!room.snapshot.hasNewer);
});
