/** Threads: an app that was written for Flask's JSON and its Socket.IO. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { io } from '../src/socket.io.ts';
import {
  eventually,
  type Json,
  keys,
  type Program,
  person,
  proxied,
  reaches,
  start,
} from './support/people.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

/** The app: its threads, one of them open, and how much is unread. */
async function app(t: TestContext, url = program.url) {
  const who = await person(program, { sub: randomUUID() });
  const socket = io(url, { auth: { token: who.token }, dialect: 'threads' });
  t.after(() => socket.close());
  const it = {
    ...who,
    socket,
    connects: 0,
    unread: [] as number[],
    events: [] as [name: string, data: Json][],
    errors: [] as Json[],
    /** What the thread that is open shows. */
    thread: null as Json,
    contents: (): string[] => it.thread.messages.map(({ content }: Json) => content),
    async threads(): Promise<Json[]> {
      return (await who.gets('GET', '/chat_threads')).ChatThreads;
    },
    async starts(receiverId: string): Promise<Json> {
      return (await who.gets('POST', '/chat_threads', { receiverId })).chatThread;
    },
    async opens(threadId: string) {
      socket.emit('join', { threadId });
      socket.emit('read', { threadId });
      const { length } = it.unread;
      // The answer to the second comes after the first.
      await eventually(
        () => it.unread.length > length,
        () => it.errors,
      );
      it.thread = await who.gets('GET', `/chat_threads/${threadId}`);
    },
  };
  socket.on('connect', () => {
    it.connects += 1;
  });
  socket.on('unread_count', ({ unreadCount }) => it.unread.push(unreadCount));
  socket.on('error', (error) => it.errors.push(error));
  for (const name of [
    'new_message',
    'message_updated',
    'message_deleted',
    'reaction_added',
    'reaction_removed',
  ])
    socket.on(name, (data) => it.events.push([name, data]));
  await eventually(
    () => it.connects === 1,
    () => it.errors,
  );
  await reaches(it.unread, 1);
  return it;
}

/** Mission D18 (dialect). Mission D19 (dialect). Mission D20 (dialect). Mission D21 (dialect). Mission D22 (dialect). */
test('two people talk in a thread, react, and take back', async (t) => {
  const [anna, bert] = [await app(t), await app(t)];
  assert.deepEqual([await anna.threads(), anna.unread], [[], [0]]);
  const { id } = await anna.starts(bert.id);
  assert.deepEqual(
    (await bert.threads()).map((thread) => thread.id),
    [id],
  );
  assert.notEqual((await anna.starts(bert.id)).id, id, 'each start is another thread');
  await anna.opens(id);

  anna.socket.emit('send_message', { threadId: id, content: 'hello' });
  await reaches(anna.events, 1);
  await reaches(bert.unread, 2);
  assert.equal(bert.unread[1], 1, 'a thread that is not open is unread');
  await bert.opens(id);
  assert.deepEqual([bert.contents(), bert.unread.at(-1)], [['hello'], 0]);
  const [[name, sent]] = anna.events as [[string, Json]];
  assert.deepEqual(
    [name, keys(sent)],
    [
      'new_message',
      ['content', 'createdAt', 'id', 'reactions', 'read', 'receiverId', 'senderId', 'threadId'],
    ],
  );

  bert.socket.emit('add_reaction', { messageId: sent.id, emoji: '❤️' });
  await reaches(bert.events, 1);
  bert.socket.emit('remove_reaction', { messageId: sent.id, emoji: '❤️' });
  await reaches(bert.events, 2);
  const posted = await bert.gets('POST', `/chat_threads/${id}/messages`, { content: 'hello, Anna' });
  await bert.gets('PUT', `/chat_threads/messages/${posted.id}`, { content: 'hello, Anna!' });
  await reaches(bert.events, 4);
  anna.socket.emit('delete_message', { messageId: sent.id });
  await reaches(bert.events, 5);
  await reaches(anna.events, 6);

  const reaction = { threadId: id, messageId: sent.id, emoji: '❤️', userId: bert.id };
  assert.deepEqual(anna.events.slice(1), bert.events);
  assert.deepEqual(bert.events.slice(0, 2), [
    ['reaction_added', { ...reaction, count: 1 }],
    ['reaction_removed', { ...reaction, count: 0 }],
  ]);
  assert.deepEqual(
    bert.events.slice(2).map(([event, { content }]) => [event, content]),
    [
      ['new_message', 'hello, Anna'],
      ['message_updated', 'hello, Anna!'],
      ['message_deleted', '[message deleted]'],
    ],
  );
  const reloaded = await anna.gets('GET', `/chat_threads/${id}`);
  assert.deepEqual(
    reloaded.messages.map(({ content }: Json) => content),
    ['[message deleted]', 'hello, Anna!'],
  );
  const missing = await anna.gets('GET', '/chat_threads/7');
  assert.deepEqual(missing, { message: 'Chat not found' });
});

/** Mission D21 (dialect). */
test('what is refused is an error with a message', async (t) => {
  const [anna, bert, eve] = [await app(t), await app(t), await app(t)];
  const { id } = await anna.starts(bert.id);
  const posted = await anna.gets('POST', `/chat_threads/${id}/messages`, { content: 'hello' });

  eve.socket.emit('join', { threadId: id });
  eve.socket.emit('send_message', { threadId: id, content: 'let me in' });
  bert.socket.emit('delete_message', { messageId: posted.id });
  await reaches(eve.errors, 2);
  await reaches(bert.errors, 1);

  for (const error of [...eve.errors, ...bert.errors]) assert.equal(typeof error.message, 'string');
  assert.deepEqual(eve.events, []);
});

/** Mission D22 (dialect). */
test('when the connection is back the app is told, loads its thread again, and hears on', async (t) => {
  const proxy = await proxied(t, program);
  const [anna, bert] = [await app(t), await app(t, proxy.url)];
  const { id } = await anna.starts(bert.id);
  await Promise.all([anna.opens(id), bert.opens(id)]);
  for (let drop = 1; drop <= 2; drop++) {
    proxy.cut();
    await anna.gets('POST', `/chat_threads/${id}/messages`, { content: `missed ${drop}` });
    await eventually(
      () => bert.connects > drop && bert.unread.at(-1) === 1,
      () => [bert.connects, bert.unread],
    );
    await bert.opens(id);
    assert.deepEqual(bert.thread.messages.at(-1).content, `missed ${drop}`);
    anna.socket.emit('send_message', { threadId: id, content: `heard ${drop}` });
    await eventually(
      () => bert.events.at(-1)?.[1].content === `heard ${drop}`,
      () => bert.events,
    );
    await bert.opens(id);
  }
  assert.deepEqual(bert.contents(), ['missed 1', 'heard 1', 'missed 2', 'heard 2']);
});

test('a token that never works is a connect_error', async (t) => {
  const socket = io(program.url, { auth: { token: 'no token' }, dialect: 'threads' });
  t.after(() => socket.close());
  const errors: Json[] = [];
  socket.on('connect_error', (error) => errors.push(error));
  socket.on('connect', () => assert.fail('connected'));
  await eventually(
    () => errors.length > 0,
    () => errors,
  );
  assert.ok(errors[0] instanceof Error);
});
