/** Which agents look at a room, told among agents alone. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { scene, settled, until } from './support/people.ts';
import { type Program, start } from './support/program.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

const agent = (sub: string) => ({ sub, name: `${sub} of the desk`, roles: ['admin'] });

test('agents hear who looks at a room, who writes, and who has left', async (t) => {
  const { client, caller } = await scene(t, program);
  const user = await caller({ sub: 'user' });
  const room = await user.opens({ kind: 'support' });
  const [first, second] = [client(agent('first')), client(agent('second'))];
  for (const it of [first, second]) await settled(it);
  const seen = () => first.viewing.of(room.id);

  second.viewing.look(room.id);
  await until(first.viewing, () => seen().length === 1, seen);
  assert.deepEqual(seen(), [{ id: 'second', name: 'second of the desk', isTyping: false }]);
  second.viewing.look(room.id, true);
  await until(first.viewing, () => seen()[0]?.isTyping === true, seen);

  // Who comes later is told of those who are there.
  first.viewing.look(room.id);
  await until(
    second.viewing,
    () => second.viewing.of(room.id).length === 1,
    () => second.viewing.of(room.id),
  );
  second.viewing.look(null);
  await until(first.viewing, () => seen().length === 0, seen);
});

test('a queue is fetched again where another agent has read further', async (t) => {
  const { client, caller } = await scene(t, program);
  const user = await caller({ sub: 'reader' });
  const room = await user.opens({ kind: 'support' });
  await user.posts(room.id, 'question');
  const [first, second] = [client(agent('first')), client(agent('second'))];
  await first.desk().load();
  for (const it of [first, second]) await settled(it);
  const answer = await (await caller(agent('second'))).posts(room.id, 'answer');
  second.viewing.look(room.id, false, answer.seq);
  const row = () => first.desk().snapshot.rooms.find(({ id }) => id === room.id);
  await until(first.desk(), () => row()?.last_message?.preview === 'answer', row);
  assert.equal(row()?.unread, 0);
});
