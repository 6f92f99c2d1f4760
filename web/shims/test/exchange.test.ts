/** Secret Santa: an app that speaks JSON through one WebSocket, and keeps messages in a store. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
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

const DATE = '2099-12-24T18:00:00.000Z';

/** A group whose lots are drawn: each of the two gives to the other. */
async function drawn() {
  const [group, giver, receiver] = [randomUUID(), randomUUID(), randomUUID()];
  const service = await person(program, { sub: 'server', roles: ['service'] });
  const matches = { [giver]: receiver, [receiver]: giver };
  await service.gets('PUT', `/v1/groups/${group}`, { name: 'Work', reveal_at: DATE, matches });
  return { group, giver, receiver, service };
}

/** Another person is another page, which has the one client of its own. */
async function page(me: string): Promise<typeof import('../src/websocket.ts')> {
  return import(`../src/websocket.ts?${me}`);
}

/** The app: it keeps what it is told, and shows what it sends by itself. */
async function app(t: TestContext, me: string, url = program.url) {
  const who = await person(program, { sub: me, name: `Name of ${me}` });
  const { WebSocketClient } = await page(me);
  const client = WebSocketClient.getInstance({ url, token: () => who.token });
  assert.equal(WebSocketClient.getInstance(), client, 'there is one');
  t.after(() => client.close());
  const it = {
    ...who,
    client,
    opens: 0,
    /** What the store holds. */
    messages: [] as Json[],
    errors: [] as Json[],
    contents: (): string[] => it.messages.map(({ content }) => content),
    async matched(group: string): Promise<Json> {
      const { conversation } = await who.gets('POST', `/groups/${group}/conversation`);
      return conversation;
    },
    send(conversationId: string, content: string) {
      const sent = client.sendMessage(JSON.stringify({ type: 'NEW_MESSAGE', conversationId, content }));
      it.messages.push({ conversationId, content, senderId: me, timestamp: new Date().toISOString() });
      return sent;
    },
    async history(id: string): Promise<Json[]> {
      return (await who.gets('GET', `/conversations/${id}/messages`)).messages;
    },
  };
  client.addEventListener('open', () => {
    it.opens += 1;
  });
  client.addEventListener('error', (event) => {
    event.preventDefault();
    it.errors.push(JSON.parse((event as MessageEvent).data));
  });
  client.onMessage((json) => it.messages.push(JSON.parse(json)));
  await eventually(
    () => it.opens > 0,
    () => it.errors,
  );
  return it;
}

/** Mission E9 (dialect). Mission E11 (dialect). Mission E12 (dialect). Mission E13 (dialect). */
test('a giver asks, the receiver answers, and each hears the other and not itself', async (t) => {
  const { group, giver, receiver } = await drawn();
  const atGiver = await app(t, giver);
  const atReceiver = await app(t, receiver);
  const conversation = await atGiver.matched(group);
  assert.deepEqual(keys(conversation), ['createdAt', 'groupId', 'id', 'participants']);
  assert.equal(conversation.groupId, group);
  const { id } = await atGiver.matched(group);
  assert.equal(id, conversation.id, 'it is made once');
  assert.deepEqual(await atGiver.history(id), []);

  assert.equal(await atGiver.send(id, 'Do you like blue or red?'), true);
  await reaches(atReceiver.messages, 1);
  const [asked] = atReceiver.messages;
  assert.deepEqual(keys(asked), ['content', 'conversationId', 'senderId', 'timestamp', 'type']);
  assert.deepEqual(
    [asked.type, asked.conversationId, asked.content],
    ['NEW_MESSAGE', id, 'Do you like blue or red?'],
  );
  assert.ok(conversation.participants.includes(asked.senderId));
  assert.ok(!JSON.stringify(asked).includes(giver), 'nobody learns who gives');

  assert.equal(await atReceiver.send(id, 'I prefer blue!'), true);
  await reaches(atGiver.messages, 2);
  assert.deepEqual(atGiver.messages[1], {
    type: 'NEW_MESSAGE',
    conversationId: id,
    senderId: receiver,
    content: 'I prefer blue!',
    timestamp: atGiver.messages[1].timestamp,
  });
  await atReceiver.send(id, 'Dark blue');
  await reaches(atGiver.messages, 3);
  await atGiver.send(id, 'Thank you');
  await reaches(atReceiver.messages, 4);

  assert.deepEqual(atReceiver.contents(), atGiver.contents());
  const history = await atReceiver.history(id);
  assert.deepEqual(
    history.map(({ content }) => content),
    atGiver.contents(),
  );
  for (const message of history) assert.deepEqual(keys(message), keys(asked));
});

/** Mission E9 (dialect). */
test('before the raffle there is no conversation', async () => {
  const { service } = await drawn();
  const group = randomUUID();
  await service.gets('PUT', `/v1/groups/${group}`, { name: 'Work', reveal_at: DATE });
  const { call } = await person(program, { sub: randomUUID() });
  const { status, json } = await call('POST', `/groups/${group}/conversation`);
  assert.deepEqual([status >= 400, json.success, typeof json.error], [true, false, 'string']);
});

/** Mission E11 (dialect). */
test('what is refused is told, and what is sent twice comes twice', async (t) => {
  const { group, giver, receiver } = await drawn();
  const atGiver = await app(t, giver);
  const atReceiver = await app(t, receiver);
  const { id } = await atGiver.matched(group);

  const taken = await Promise.all([
    atGiver.send(id, 'x'.repeat(501)),
    atGiver.send(id, ' '),
    atGiver.send(randomUUID(), 'to nobody'),
    atGiver.client.sendMessage(JSON.stringify({ type: 'TYPING', conversationId: id, content: '…' })),
  ]);

  assert.deepEqual(taken, [false, false, false, false]);
  assert.equal(atGiver.errors.length, 4);
  for (const error of atGiver.errors)
    assert.deepEqual([keys(error), error.success], [['error', 'success'], false]);
  assert.throws(() => atGiver.client.sendMessage('no JSON'), SyntaxError);
  const same = await Promise.all([1, 2, 3].map(() => atGiver.send(id, 'ho')));
  assert.deepEqual(same, [true, true, true]);
  await reaches(atReceiver.messages, 3);
  assert.deepEqual(atReceiver.contents(), ['ho', 'ho', 'ho']);
});

/** Mission E14 (dialect). */
test('five drops of the connection lose nothing and double nothing', async (t) => {
  const { group, giver, receiver } = await drawn();
  const proxy = await proxied(t, program);
  const atGiver = await app(t, giver);
  const { id } = await atGiver.matched(group);
  await atGiver.send(id, 'before');
  const atReceiver = await app(t, receiver, proxy.url);
  // Whatever came before is in the history.
  const expected: string[] = [];
  await atGiver.send(id, 'first');
  expected.push('first');
  await reaches(atReceiver.messages, 1);
  // Of what still gets through, each event comes twice.
  proxy.mangle = (frame) => [frame, frame];
  for (let drop = 1; drop <= 5; drop++) {
    proxy.cut();
    await atGiver.send(id, `missed ${drop}`);
    const answered = atReceiver.send(id, `answered meanwhile ${drop}`);
    await atGiver.send(id, `missed again ${drop}`);
    assert.equal(await answered, true);
    expected.push(`answered meanwhile ${drop}`, `missed ${drop}`, `missed again ${drop}`, `heard ${drop}`);
    await eventually(
      () => atReceiver.opens > drop,
      () => drop,
    );
    await atGiver.send(id, `heard ${drop}`);
    await reaches(atReceiver.messages, drop * 4 + 1);
  }

  assert.deepEqual(atReceiver.contents(), expected);
  assert.deepEqual(proxy.sockets, { open: 1, most: 1, opened: 6 });
  const log = await atReceiver.history(id);
  assert.equal(log.length, 22);
  assert.deepEqual(
    atReceiver.contents().sort(),
    log
      .map(({ content }) => content)
      .slice(1)
      .sort(),
  );
});

/** Mission E14 (dialect). */
test('a conversation that begins while the connection is gone is heard of when it is back', async (t) => {
  const { group, giver, receiver } = await drawn();
  const proxy = await proxied(t, program);
  const atReceiver = await app(t, receiver, proxy.url);
  const atGiver = await app(t, giver);
  proxy.cut();
  const { id } = await atGiver.matched(group);
  await atGiver.send(id, 'Hello');
  await atGiver.send(id, 'Red or blue?');

  await reaches(atReceiver.messages, 2);
  assert.deepEqual(atReceiver.contents(), ['Hello', 'Red or blue?']);
});

test('a message is sent once, though its answer was lost', async (t) => {
  const { group, giver, receiver } = await drawn();
  const proxy = await proxied(t, program);
  const atGiver = await app(t, giver, proxy.url);
  const atReceiver = await app(t, receiver);
  const { id } = await atGiver.matched(group);
  const sends = () => proxy.calls.filter(({ path }) => path.endsWith('/message')).length;
  proxy.decide = ({ path }) => (path.endsWith('/message') && sends() < 3 ? 'lose' : 'pass');

  assert.equal(await atGiver.send(id, 'once'), true);
  assert.equal(sends(), 3);
  assert.equal(await atGiver.send(id, 'twice'), true);

  await reaches(atReceiver.messages, 2);
  assert.deepEqual(
    (await atReceiver.history(id)).map(({ content }) => content),
    ['once', 'twice'],
  );
});
