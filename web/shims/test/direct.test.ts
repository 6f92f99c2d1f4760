/** 1-on-1 chat: an app that was written for socket.io-client. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import Pusher from 'pusher-js';
import { io, type Socket } from '../src/socket.io.ts';
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

/** The app: it connects, registers, joins one room, and shows what it is told. */
async function app(t: TestContext, me: string, other: string, url = program.url) {
  const { token } = await person(program, { sub: me });
  const socket: Socket = io(url, { auth: { token } });
  t.after(() => socket.close());
  const it = {
    socket,
    /** How often it connected. */
    connects: 0,
    ids: [] as (string | undefined)[],
    roomId: null as string | null,
    room: null as Json,
    /** What it shows. */
    list: [] as Json[],
    histories: [] as Json[],
    chatList: [] as Json[],
    errors: [] as Json[],
    more: [] as Json[],
    says(body: string) {
      socket.emit('send_message', { roomId: it.roomId, senderId: me, body });
    },
    bodies: (): string[] => it.list.map(({ body }) => body),
    /** Everything that was said so far is answered: it is said in order. */
    async joined() {
      await eventually(
        () => it.connects > 0 && it.roomId !== null,
        () => it.errors,
      );
      socket.emit('fetch_messages', { roomId: it.roomId, offset: 1_000_000 });
      await reaches(it.more, 1);
      it.more = [];
    },
  };
  socket.on('connect', () => {
    it.connects += 1;
    it.ids.push(socket.id);
    socket.emit('register_user', me);
  });
  socket.emit('join_chat', { userId: me, targetUserId: other });
  socket.on('room_joined', (data) => {
    it.roomId = data.roomId;
    it.room = data.room;
  });
  socket.on('message_history', ({ messages }) => {
    it.histories.push(messages);
    it.list.push(...messages);
  });
  socket.on('new_message', (message) => it.list.push(message));
  socket.on('chat_list_update', (data) => it.chatList.push(data));
  socket.on('more_messages', (data) => {
    it.more.push(data);
    it.list.unshift(...data.messages);
  });
  socket.on('error', (error) => it.errors.push(error));
  return it;
}

/** Mission C14 (dialect). Mission C1 (dialect). Mission C2 (dialect). Mission C3 (dialect). Mission C12 (dialect). Mission C13 (dialect). Mission C6 (dialect). Mission C7 (dialect). Mission C8 (dialect). */
test('two people join their room and both hear a message, the receiver also that its list moved', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const [atAnna, atBert] = [await app(t, anna, bert), await app(t, bert, anna)];
  await Promise.all([atAnna.joined(), atBert.joined()]);
  assert.equal(atAnna.roomId, atBert.roomId);
  assert.deepEqual(keys(atAnna.room), [
    'created_at',
    'id',
    'last_message_at',
    'participant1',
    'participant2',
    'updated_at',
  ]);
  assert.deepEqual([atAnna.histories, atBert.histories], [[[]], [[]]]);
  assert.equal(typeof atAnna.ids[0], 'string');
  assert.ok(atAnna.socket.connected);

  atAnna.says('Hello world!');
  await Promise.all([reaches(atAnna.list, 1), reaches(atBert.list, 1)]);
  await reaches(atBert.chatList, 1);

  const [message] = atAnna.list;
  assert.deepEqual(keys(message), ['body', 'created_at', 'id', 'room_id', 'sender_id']);
  assert.deepEqual(atBert.list, [message]);
  assert.deepEqual(atBert.chatList, [
    { room_id: atAnna.roomId, last_message: 'Hello world!', sender_id: anna, updated_at: message.created_at },
  ]);
  atBert.says('Hello Anna!');
  atBert.says('How are you?');
  await Promise.all([reaches(atAnna.list, 3), reaches(atBert.list, 3)]);
  assert.deepEqual(atAnna.bodies(), ['Hello world!', 'Hello Anna!', 'How are you?']);
  assert.deepEqual(atBert.list, atAnna.list);
  await reaches(atAnna.chatList, 2);
  assert.equal(atBert.chatList.length, 1, 'what one wrote oneself is no news');
  assert.deepEqual([atAnna.errors, atBert.errors], [[], []]);
});

/** Mission C4 (dialect). Mission C9 (dialect). Mission C10 (dialect). */
test('the last 50 messages come first, and older ones until there are none', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const atAnna = await app(t, anna, bert);
  await atAnna.joined();
  const all = Array.from({ length: 75 }, (_, number) => `message ${number}`);
  all.forEach(atAnna.says);
  await reaches(atAnna.list, 75);

  const atBert = await app(t, bert, anna);
  await atBert.joined();
  assert.deepEqual(atBert.bodies(), all.slice(25));
  for (let offset = atBert.list.length, pages = 1; ; pages++) {
    atBert.socket.emit('fetch_messages', { roomId: atBert.roomId, limit: 20, offset });
    await reaches(atBert.more, pages);
    const { messages, offset: next } = atBert.more[pages - 1];
    if (messages.length === 0) break;
    offset = next;
  }

  assert.deepEqual(atBert.bodies(), all);
  assert.deepEqual(
    atBert.more.map(({ messages, offset }) => [messages.length, offset]),
    [
      [20, 70],
      [5, 75],
      [0, 75],
    ],
  );
});

/** Mission C5 (dialect). */
test('what cannot be is an error with a message', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const atAnna = await app(t, anna, bert);
  await atAnna.joined();
  const { socket, roomId, errors } = atAnna;

  socket.emit('join_chat', { userId: anna, targetUserId: 'bert' });
  socket.emit('send_message', { roomId, senderId: bert, body: 'under another name' });
  socket.emit('send_message', { roomId, senderId: anna, body: ' ' });
  socket.emit('no_such_event', {});
  await reaches(errors, 4);

  for (const error of errors) assert.deepEqual([keys(error), typeof error.message], [['message'], 'string']);
  assert.match(errors[0].message, /targetUserId/);
  atAnna.says('and on it goes');
  await reaches(atAnna.list, 1);
});

/** Mission C14 (dialect). */
test('after each of five drops it is back, and shows everything once', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const proxy = await proxied(t, program);
  const [atAnna, atBert] = [await app(t, anna, bert, proxy.url), await app(t, bert, anna)];
  const downs: string[] = [];
  atAnna.socket.on('disconnect', (reason) => downs.push(reason));
  await Promise.all([atAnna.joined(), atBert.joined()]);
  const expected: string[] = [];
  // What still comes through comes twice.
  proxy.mangle = (frame) => [frame, frame];
  for (let drop = 1; drop <= 5; drop++) {
    proxy.cut();
    atBert.says(`missed ${drop}`);
    atAnna.says(`written meanwhile ${drop}`);
    expected.push(`missed ${drop}`, `written meanwhile ${drop}`);
    await eventually(
      () => atAnna.connects > drop,
      () => [drop, downs],
    );
    await reaches(atAnna.list, drop * 3 - 1);
    atBert.says(`heard ${drop}`);
    expected.push(`heard ${drop}`);
    await reaches(atAnna.list, drop * 3);
  }
  assert.deepEqual(downs, Array(5).fill('transport close'));
  assert.deepEqual(atAnna.bodies().sort(), expected.sort());
  assert.equal(new Set(atAnna.ids).size, 6, 'each connection has an id of its own');
  assert.equal(atAnna.histories.length, 1);
  assert.deepEqual(proxy.sockets, { open: 1, most: 1, opened: 6 });
});

test('a message is sent once, though its answer was lost', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const proxy = await proxied(t, program);
  const atAnna = await app(t, anna, bert, proxy.url);
  await atAnna.joined();
  const sends = () => proxy.calls.filter(({ path }) => path.endsWith('send_message')).length;
  proxy.decide = ({ path }) => (path.endsWith('send_message') && sends() < 3 ? 'lose' : 'pass');

  atAnna.says('once');
  await eventually(() => sends() === 3, sends);
  atAnna.says('twice');
  await reaches(atAnna.list, 2);

  const atBert = await app(t, bert, anna);
  await atBert.joined();
  assert.deepEqual(atBert.bodies(), ['once', 'twice']);
  assert.deepEqual(atAnna.list, atBert.list);
});

test('whoever writes faster than the server takes it is heard a little later, in order', async (t) => {
  const slow = await start('--post-rate', '4/2');
  t.after(() => slow.stop());
  const proxy = await proxied(t, slow);
  const [anna, bert] = [randomUUID(), randomUUID()];
  const { token } = await person(slow, { sub: anna });
  const socket = io(proxy.url, { auth: { token } });
  t.after(() => socket.close());
  const [bodies, errors]: [string[], Json[]] = [[], []];
  const written = ['one', 'two', 'three', 'four', 'five'];
  socket.on('new_message', ({ body }) => bodies.push(body)).on('error', (error) => errors.push(error));
  socket.on('room_joined', ({ roomId }) => {
    for (const body of written) socket.emit('send_message', { roomId, senderId: anna, body });
  });
  socket.emit('join_chat', { userId: anna, targetUserId: bert });

  await reaches(bodies, 5);

  assert.deepEqual([bodies, errors], [written, []]);
  const sends = proxy.calls.filter(({ path }) => path.endsWith('send_message'));
  assert.ok(sends.length > 5, 'some were put off');
});

test('what is said between the answer and the subscription is in the history', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const proxy = await proxied(t, program);
  const atBert = await app(t, bert, anna);
  await atBert.joined();
  proxy.decide = async ({ path, body }) => {
    if (path.endsWith('/auth') && body.includes(`${atBert.roomId}`)) {
      atBert.says('just now');
      await reaches(atBert.list, 1);
    }
    return 'pass' as const;
  };

  const atAnna = await app(t, anna, bert, proxy.url);
  await atAnna.joined();

  assert.deepEqual(atAnna.histories, [atBert.list]);
  assert.deepEqual(atAnna.bodies(), ['just now']);
});

/** Fault F2. */
test('a text that is too long for the relay is heard whole', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const [atAnna, atBert] = [await app(t, anna, bert), await app(t, bert, anna)];
  await Promise.all([atAnna.joined(), atBert.joined()]);
  const long = 'é'.repeat(9_000);

  atAnna.says(long);
  atAnna.says('short');
  await reaches(atBert.list, 2);

  assert.deepEqual(atBert.bodies(), [long, 'short']);
  await reaches(atAnna.list, 2);
  assert.deepEqual(atBert.list, atAnna.list);
});

test('a token is asked for again when it is refused, and one that never works is a connect_error', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const { token } = await person(program, { sub: anna });
  const tokens = ['stale', token];
  const socket = io(program.url, { auth: { token: async () => tokens.shift() ?? token } });
  t.after(() => socket.close());
  const rooms: Json[] = [];
  socket.once('room_joined', (data) => rooms.push(data));
  socket.emit('join_chat', { userId: anna, targetUserId: bert });
  await reaches(rooms, 1);
  assert.equal(tokens.length, 0);

  const refused = io(program.url, { auth: { token: 'no token' } });
  t.after(() => refused.close());
  const errors: Json[] = [];
  refused.on('connect_error', (error) => errors.push(error));
  await reaches(errors, 1);
  assert.ok(errors[0] instanceof Error && errors[0].message.length > 0, String(errors[0]));
  assert.equal(refused.connected, false);
});

test('whoever disconnects hears nothing, and comes back by connecting', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const [atAnna, atBert] = [await app(t, anna, bert), await app(t, bert, anna)];
  await Promise.all([atAnna.joined(), atBert.joined()]);
  const heard: string[] = [];
  const listener = () => heard.push('on');
  atAnna.socket.on('new_message', listener).off('new_message', listener);
  atAnna.socket.once('new_message', () => heard.push('once'));

  atAnna.socket.disconnect();
  await eventually(
    () => !atAnna.socket.connected,
    () => 'still connected',
  );
  atBert.says('nobody listens');
  await reaches(atBert.list, 1);
  assert.deepEqual([atAnna.list, atAnna.socket.id], [[], undefined]);
  atAnna.socket.connect();
  await eventually(
    () => atAnna.connects === 2,
    () => atAnna.connects,
  );
  atAnna.socket.emit('join_chat', { userId: anna, targetUserId: bert });
  await eventually(
    () => atAnna.histories.length === 2,
    () => atAnna.errors,
  );
  atBert.says('now she does');
  atBert.says('still');
  await reaches(atAnna.list, 3);
  assert.deepEqual(atAnna.bodies(), ['nobody listens', 'now she does', 'still']);
  assert.deepEqual(heard, ['once']);
});

test('where the relay wants no more of a connection there is another, which hears what was missed', async (t) => {
  const [anna, bert] = [randomUUID(), randomUUID()];
  const [atAnna, atBert] = [await app(t, anna, bert), await app(t, bert, anna)];
  await Promise.all([atAnna.joined(), atBert.joined()]);

  // So Pusher's client takes a refusal that is for good: by itself it never connects again.
  Pusher.instances.find(({ connection }) => connection.socket_id === atAnna.socket.id)?.disconnect();
  assert.equal(atAnna.socket.connected, false);
  atBert.says('missed');
  await reaches(atAnna.list, 1);
  atBert.says('heard');
  await reaches(atAnna.list, 2);

  assert.deepEqual(atAnna.bodies(), ['missed', 'heard']);
  assert.equal(atAnna.connects, 2);
});
