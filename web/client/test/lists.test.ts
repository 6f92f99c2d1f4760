/** The inbox and the desk: in order, paged and live. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { RoomList } from '../src/index.ts';
import { eventually, scene, settled, shows, until } from './support/people.ts';
import { type Program, start } from './support/program.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

function rows(list: RoomList): unknown[] {
  return list.snapshot.rooms.map(({ id, you, last_message }) => [id, you.unread, last_message?.preview]);
}

async function untilRows(list: RoomList, expected: unknown[]): Promise<void> {
  const holds = () => JSON.stringify(rows(list)) === JSON.stringify(expected);
  await until(list, holds, () => [rows(list), expected]);
}

/** Mission C8. Mission E6. */
test('the inbox is in order of activity, counts what is unread, and is live', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const [bert, cleo] = [await caller({ sub: 'bert' }), await caller({ sub: 'cleo' })];
  const first = await bert.opens({ kind: 'direct', with: 'anna' });
  await bert.posts(first.id, 'from Bert');
  const anna = client({ sub: 'anna' });
  const { inbox } = anna;
  await inbox.load();
  await settled(anna);
  assert.deepEqual(rows(inbox), [[first.id, 1, 'from Bert']]);

  const second = await cleo.opens({ kind: 'direct', with: 'anna' });
  await cleo.posts(second.id, 'from Cleo');
  await untilRows(inbox, [
    [second.id, 1, 'from Cleo'],
    [first.id, 1, 'from Bert'],
  ]);
  // Its row may be fetched once more, for the message after the opening.
  await settled(anna);
  proxy.calls = [];
  await bert.posts(first.id, 'again');
  await untilRows(inbox, [
    [first.id, 2, 'again'],
    [second.id, 1, 'from Cleo'],
  ]);
  const fetched = proxy.calls.filter(({ path }) => path.endsWith(first.id));
  assert.deepEqual(fetched, [], 'the event was enough');
  assert.deepEqual([inbox.snapshot.unread, inbox.snapshot.unreadRooms], [3, 2]);

  const room = anna.room(second.id);
  await shows(room, 'from Cleo');
  room.markRead();
  await untilRows(inbox, [
    [first.id, 2, 'again'],
    [second.id, 0, 'from Cleo'],
  ]);
  room.post('my own');
  await untilRows(inbox, [
    [second.id, 0, 'my own'],
    [first.id, 2, 'again'],
  ]);

  await anna.rooms.change(first.id, { hidden: true });
  await untilRows(inbox, [[second.id, 0, 'my own']]);
  await bert.posts(first.id, 'back');
  await untilRows(inbox, [
    [first.id, 3, 'back'],
    [second.id, 0, 'my own'],
  ]);
  await anna.rooms.change(first.id, { pinned: true, muted: true });
  const you = () => inbox.snapshot.rooms[0]?.you;
  await until(
    inbox,
    () => you()?.pinned === true && you()?.muted === true,
    () => inbox.snapshot,
  );
});

test('what one posts from another device moves the room up, with its words', async (t) => {
  const { client, caller } = await scene(t, program);
  const [petra, quinn] = [await caller({ sub: 'petra' }), await caller({ sub: 'quinn' })];
  const older = await petra.opens({ kind: 'direct', with: 'rosa' });
  await petra.posts(older.id, 'from Petra');
  const newer = await quinn.opens({ kind: 'direct', with: 'rosa' });
  await quinn.posts(newer.id, 'from Quinn');
  // So seldom that only an event can be what tells.
  const laptop = client({ sub: 'rosa' }, { intervals: { polling: 60_000 } });
  const shown = laptop.room(older.id);
  await laptop.inbox.load();
  await settled(laptop);
  await untilRows(laptop.inbox, [
    [newer.id, 1, 'from Quinn'],
    [older.id, 1, 'from Petra'],
  ]);
  const phone = client({ sub: 'rosa' });
  phone.room(older.id).post('from my phone');
  await untilRows(laptop.inbox, [
    [older.id, 0, 'from my phone'],
    [newer.id, 1, 'from Quinn'],
  ]);
  await shows(shown, 'from Petra', 'from my phone');

  // Of a room that is not open nobody tells the sender's other devices: they see it when they wake.
  phone.room(newer.id).post('and again');
  await shows(phone.room(newer.id), 'from Quinn', 'and again');
  laptop.wake();
  await untilRows(laptop.inbox, [
    [newer.id, 0, 'and again'],
    [older.id, 0, 'from my phone'],
  ]);
});

test('what comes while the inbox is fetched is not undone by the answer', async (t) => {
  const { client, caller } = await scene(t, program);
  const [sam, tess] = [await caller({ sub: 'sam' }), await caller({ sub: 'tess' })];
  const first = await sam.opens({ kind: 'direct', with: 'uma' });
  await sam.posts(first.id, 'from Sam');
  const left = await sam.opens({ kind: 'group', members: ['uma'], title: 'Trip' });
  // Pages come down, and are held up before the client sees them.
  const pages = { areHeld: false, onTheWay: 0, held: [] as (() => void)[] };
  const slow: typeof fetch = async (input, init) => {
    if (!String(input).includes('/v1/rooms?')) return fetch(input, init);
    pages.onTheWay += 1;
    const answer = await fetch(input, init);
    pages.onTheWay -= 1;
    if (pages.areHeld) await new Promise<void>((resolve) => pages.held.push(resolve));
    return answer;
  };
  const uma = client({ sub: 'uma' }, { environment: { fetch: slow }, intervals: { polling: 60_000 } });
  const { inbox } = uma;
  await inbox.load();
  await settled(uma);
  pages.areHeld = true;
  const loading = inbox.load();
  await eventually(
    () => pages.held.length > 0 && pages.onTheWay === 0,
    () => pages,
  );
  const second = await tess.opens({ kind: 'direct', with: 'uma' });
  await tess.posts(second.id, 'from Tess');
  await sam.posts(first.id, 'again');
  await sam.call('DELETE', `/v1/rooms/${left.id}/members/uma`);
  const expected = [
    [first.id, 2, 'again'],
    [second.id, 1, 'from Tess'],
  ];
  await untilRows(inbox, expected);
  pages.areHeld = false;
  for (const goOn of pages.held) goOn();
  await loading;
  assert.deepEqual(rows(inbox), expected);
});

test('what the inbox missed without a connection it finds afterwards', async (t) => {
  const { proxy, client, caller } = await scene(t, program);
  const dora = await caller({ sub: 'dora' });
  const group = await dora.opens({ kind: 'group', members: ['emil'], title: 'Trip' });
  const gone = await dora.opens({ kind: 'group', members: ['emil'], title: 'Gone' });
  const emil = client({ sub: 'emil' });
  const { inbox } = emil;
  await inbox.load();
  await settled(emil);
  assert.equal(inbox.snapshot.rooms.length, 2);
  proxy.mangle = () => [];
  await dora.call('PATCH', `/v1/rooms/${group.id}`, { title: 'Journey' });
  await dora.posts(group.id, 'missed');
  await dora.call('DELETE', `/v1/rooms/${gone.id}/members/emil`);
  emil.wake();
  await untilRows(inbox, [[group.id, 1, 'missed']]);
  assert.equal(inbox.snapshot.rooms[0]?.title, 'Journey');
});

/** Mission B13: exact order, also over pages. */
test('130 rooms come in pages, each once, while new ones move up', async (t) => {
  const { client, caller } = await scene(t, program);
  const finn = client({ sub: 'finn' });
  const others = await Promise.all(Array.from({ length: 130 }, (_, i) => caller({ sub: `friend ${i}` })));
  const ids: string[] = [];
  for (const other of others) {
    const { id } = await other.opens({ kind: 'direct', with: 'finn' });
    await other.posts(id, 'hello');
    ids.unshift(id);
  }
  const { inbox } = finn;
  await inbox.load();
  assert.equal(inbox.snapshot.rooms.length, 100);
  assert.ok(inbox.snapshot.hasMore);
  // The last one of all moves up before its page is fetched.
  const last = ids.pop() as string;
  await settled(finn);
  await others[0]?.posts(last, 'hello again');
  ids.unshift(last);
  await until(
    inbox,
    () => inbox.snapshot.rooms[0]?.id === last,
    () => rows(inbox),
  );
  await inbox.loadMore();
  assert.deepEqual(
    inbox.snapshot.rooms.map(({ id }) => id),
    ids,
  );
  assert.ok(!inbox.snapshot.hasMore);
  assert.equal(inbox.snapshot.unread, 131);
});

/** Mission B7. Mission B9. Mission B10. Mission B34. */
test('an agent’s desk shows who waits, live, and what was put away', async (t) => {
  const { client } = await scene(t, program);
  const agent = client({ sub: 'agnes', roles: ['admin'] });
  const [active, archived] = [agent.desk(), agent.desk('archived')];
  await Promise.all([active.load(), archived.load()]);
  await settled(agent);
  const una = client({ sub: 'una', name: 'Una', email: 'una@mail.example' });
  const hers = await una.open({ kind: 'support' });
  hers.post('Help!');
  const waiting = () => active.snapshot.rooms.find(({ id }) => id === hers.id);
  await until(
    active,
    () => waiting()?.unread === 1,
    () => active.snapshot,
  );
  assert.equal(waiting()?.user?.email, 'una@mail.example');
  assert.equal(active.snapshot.unread, 1);

  const room = agent.room(hers.id);
  await shows(room, 'Help!');
  room.markRead();
  await until(
    active,
    () => active.snapshot.unread === 0,
    () => active.snapshot,
  );
  room.post('What is it?');
  await shows(hers, 'Help!', 'What is it?');
  await agent.rooms.archive(hers.id);
  await until(
    archived,
    () => archived.snapshot.rooms.length === 1,
    () => archived.snapshot,
  );
  await until(
    active,
    () => !waiting(),
    () => active.snapshot,
  );
  hers.post('It is broken');
  await until(
    active,
    () => waiting()?.last_message?.preview === 'It is broken',
    () => active.snapshot,
  );
  await until(
    archived,
    () => archived.snapshot.rooms.length === 0,
    () => archived.snapshot,
  );
});

/** Mission D11. Mission D12. */
test('people are searched, blocked and reported; agents see the reports', async (t) => {
  const { client, caller } = await scene(t, program);
  const troll = await caller({ sub: 'troll', name: 'Trolly' });
  await troll.call('GET', '/v1/me');
  const gina = client({ sub: 'gina', name: 'Gina' });
  const found = await gina.people.search('Trol');
  assert.deepEqual(
    found.users.map(({ id }) => id),
    ['troll'],
  );
  const room = await gina.open({ kind: 'direct', with: 'troll' });
  await troll.posts(room.id, 'rude words');
  await shows(room, 'rude words');
  await room.report(1, 'rude');
  await gina.people.block('troll');
  assert.deepEqual(
    (await gina.people.blocked()).users.map(({ id }) => id),
    ['troll'],
  );
  await gina.people.unblock('troll');

  const agent = client({ sub: 'agnes', roles: ['admin'] });
  const [report] = (await agent.reports.list()).reports;
  assert.deepEqual([report?.reason, report?.body], ['rude', 'rude words']);
  await agent.reports.resolve(report?.id ?? '', 'talked to them');
  assert.deepEqual((await agent.reports.list()).reports, []);
  assert.equal((await agent.reports.list('resolved')).reports.length, 1);
});

test('a group’s members are listed, come and go, and who leaves has left', async (t) => {
  const { client } = await scene(t, program);
  const [hugo, ida] = [client({ sub: 'hugo' }), client({ sub: 'ida' })];
  const his = await hugo.open({ kind: 'group', members: ['ida'], title: 'Two' });
  await ida.inbox.load();
  const hers = ida.room(his.id);
  await Promise.all([settled(hugo), settled(ida)]);
  await hugo.rooms.addMembers(his.id, ['jim']);
  await until(
    hers,
    () => hers.snapshot.info?.member_count === 3,
    () => hers.snapshot,
  );
  const { members } = await hugo.rooms.members(his.id);
  assert.deepEqual(members.map(({ id }) => id).sort(), ['hugo', 'ida', 'jim']);
  await hugo.rooms.removeMember(his.id, 'jim');
  await ida.leave(hers);
  assert.equal(hers.snapshot.status, 'gone');
  await until(
    his,
    () => his.snapshot.info?.member_count === 1,
    () => his.snapshot,
  );
  await until(
    ida.inbox,
    () => ida.inbox.snapshot.rooms.length === 0,
    () => ida.inbox.snapshot,
  );
});

test('a row follows its open room: an edit, a deletion, and what one wrote elsewhere', async (t) => {
  const { client, caller } = await scene(t, program);
  const [eve, elsewhere] = [await caller({ sub: 'row-eve' }), await caller({ sub: 'row-me' })];
  const { id } = await eve.opens({ kind: 'direct', with: 'row-me' });
  await eve.posts(id, 'first');
  const me = client({ sub: 'row-me' });
  await me.inbox.load();
  const room = me.room(id);
  await shows(room, 'first');
  await settled(me);
  const preview = () => me.inbox.snapshot.rooms[0]?.last_message;
  await elsewhere.posts(id, 'from another device');
  await until(me.inbox, () => preview()?.preview === 'from another device', preview);
  await room.edit(2, 'edited');
  await until(me.inbox, () => preview()?.preview === 'edited', preview);
  await elsewhere.call('DELETE', `/v1/rooms/${id}/messages/2`);
  await until(me.inbox, () => preview()?.deleted === true, preview);
});
