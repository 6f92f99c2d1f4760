/** Support: a widget and a dashboard that were written for ActionCable's client and a JSON API. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import Pusher from 'pusher-js';
import { createConsumer } from '../src/cable.ts';
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

/** The user's widget: one chat, a badge, a dot for the connection, and a sound. */
async function widget(t: TestContext, url = program.url) {
  const id = randomUUID();
  const who = await person(program, { sub: id, email: `${id}@mail.example` }, url);
  const consumer = createConsumer(url, { token: who.token });
  t.after(() => consumer.disconnect());
  const seenMessageIds = new Set<string>();
  const it = {
    ...who,
    consumer,
    email: `${id}@mail.example`,
    chat: null as Json,
    connected: false,
    connects: 0,
    disconnects: 0,
    sounds: 0,
    failures: [] as Json[],
    subscription: null as Json,
    contents: (): string[] => it.chat.messages.map(({ content }: Json) => content),
    badge: (): number =>
      it.chat.messages.filter((message: Json) => message.sender_type === 'admin' && !message.read_at).length,
    /** What was missed while nobody listened is in the chat. */
    async load() {
      it.chat = await who.gets('GET', '/support_chat');
      for (const message of it.chat.messages) seenMessageIds.add(message.id);
    },
  };
  await it.load();
  it.subscription = consumer.subscriptions.create(
    { channel: 'ChatChannel', chat_id: it.chat.id },
    {
      async connected(): Promise<void> {
        it.connects += 1;
        if (it.connects > 1) await it.load();
        it.connected = true;
      },
      disconnected() {
        it.connected = false;
        it.disconnects += 1;
      },
      received(data: Json): void {
        if (data.type !== 'new_message' || seenMessageIds.has(data.message.id)) return;
        seenMessageIds.add(data.message.id);
        it.chat.messages.push(data.message);
        if (data.message.sender_type === 'admin') it.sounds += 1;
      },
      failed: (error: Json) => it.failures.push(error),
    },
  );
  await eventually(
    () => it.connected,
    () => it,
  );
  return it;
}

/** An agent's dashboard: two lists, a chat that is open, and what users write meanwhile. */
async function dashboard(t: TestContext) {
  const who = await person(program, { sub: randomUUID(), roles: ['admin'] });
  const consumer = createConsumer(program.url, { token: () => who.token });
  t.after(() => consumer.disconnect());
  const it = {
    ...who,
    consumer,
    notices: [] as Json[],
    heard: [] as Json[],
    isListening: false,
    rows: (archived: boolean): Promise<Json[]> => who.gets('GET', `/admin/chats?archived=${archived}`),
    async row(id: string): Promise<Json> {
      return (await it.rows(false)).find((row) => row.id === id);
    },
    /** Opens a chat, and resolves to how to write there. */
    async opens(id: string) {
      const chat = await who.gets('GET', `/admin/chats/${id}`);
      const subscription = consumer.subscriptions.create(
        { channel: 'ChatChannel', chat_id: id },
        {
          received: (data: Json) => it.heard.push(data),
          connected() {
            (this as Json).isOpen = true;
          },
          isOpen: false,
          /** A method of the app's own. */
          says(content: string) {
            return this.perform('send_message', { content });
          },
        },
      );
      await eventually(
        () => subscription.isOpen,
        () => 'not subscribed',
      );
      return { chat, subscription };
    },
  };
  consumer.subscriptions.create('AdminNotificationChannel', {
    connected() {
      it.isListening = true;
    },
    received: (data: Json) => it.notices.push(data),
  });
  await eventually(
    () => it.isListening,
    () => it.notices,
  );
  return it;
}

/** Mission B11 (dialect). Mission B12 (dialect). Mission B17 (dialect). Mission B18 (dialect). Mission B20 (dialect). */
test('a user asks, an agent answers, and the badge goes when the chat is read', async (t) => {
  const [user, agent] = [await widget(t), await dashboard(t)];
  assert.deepEqual(keys(user.chat), ['id', 'messages']);
  assert.equal(JSON.parse(user.subscription.identifier).chat_id, user.chat.id);

  assert.equal(await user.subscription.perform('send_message', { content: 'Help' }), true);
  await reaches(user.chat.messages, 1);
  const { chat, subscription } = await agent.opens(user.chat.id);
  assert.deepEqual(
    chat.messages.map(({ content }: Json) => content),
    ['Help'],
  );
  await subscription.says('How?');
  await reaches(user.chat.messages, 2);
  await reaches(agent.heard, 1);

  assert.deepEqual(user.contents(), ['Help', 'How?']);
  assert.deepEqual([user.badge(), user.sounds], [1, 1]);
  const [{ type, message }] = agent.heard;
  assert.deepEqual(
    [type, keys(message)],
    ['new_message', ['content', 'created_at', 'id', 'read_at', 'sender_type']],
  );
  assert.deepEqual(user.chat.messages[1], message);
  await user.gets('PATCH', '/support_chat/mark_read');
  await user.load();
  assert.deepEqual([user.badge(), user.contents()], [0, ['Help', 'How?']]);

  assert.equal(await user.subscription.perform('send_message', { content: ' ' }), false);
  assert.equal(await user.subscription.send({ action: 'no_such_action' }), false);
  assert.deepEqual(
    user.failures.map((failure) => typeof failure.error),
    ['string', 'undefined'],
  );
  assert.deepEqual(user.contents(), ['Help', 'How?']);
});

/** Mission B13 (dialect). Mission B14 (dialect). Mission B15 (dialect). Mission B16 (dialect). Mission B19 (dialect). */
test('the dashboard is told of what users write, lists it, and puts it away', async (t) => {
  const [user, agent] = [await widget(t), await dashboard(t)];
  const { id } = user.chat;
  await user.subscription.perform('send_message', { content: 'Help' });
  await reaches(agent.notices, 1);
  const [notice] = agent.notices;
  assert.deepEqual(keys(notice), ['chat_id', 'message', 'type', 'user_email']);
  assert.deepEqual(
    [notice.type, notice.chat_id, notice.user_email, notice.message.content],
    ['new_user_message', id, user.email, 'Help'],
  );

  const row = await agent.row(id);
  assert.deepEqual(
    [row.user_email, row.last_message_preview, row.last_message_sender, row.message_count],
    [user.email, 'Help', 'user', 1],
  );
  assert.deepEqual([row.unread, row.archived], [true, false]);
  const { subscription } = await agent.opens(id);
  assert.equal((await agent.row(id)).unread, false);
  await subscription.says('Solved?');
  await agent.gets('POST', `/admin/chats/${id}/archive`);
  assert.equal(await agent.row(id), undefined);
  assert.ok((await agent.rows(true)).some((row) => row.id === id && row.archived));
  await agent.gets('POST', `/admin/chats/${id}/unarchive`);
  assert.equal((await agent.row(id)).archived, false);

  await agent.gets('POST', `/admin/chats/${id}/archive`);
  await user.subscription.perform('send_message', { content: 'Not yet' });
  await reaches(agent.notices, 2);
  assert.equal((await agent.row(id)).message_count, 3, 'it came back by itself');
  assert.equal((await user.call('GET', '/admin/chats')).status, 403);
});

/** Mission B17 (dialect). Mission B19 (dialect). */
test('what is not for this caller is rejected, and whoever unsubscribes hears no more', async (t) => {
  const [user, other] = [await widget(t), await widget(t)];
  const rejected: string[] = [];
  for (const identifier of [
    { channel: 'ChatChannel', chat_id: other.chat.id },
    { channel: 'AdminNotificationChannel' },
    { channel: 'NoSuchChannel' },
  ]) {
    user.consumer.subscriptions.create(identifier, {
      rejected: () => rejected.push(identifier.channel),
      connected: () => assert.fail(identifier.channel),
    });
  }
  await reaches(rejected, 3);
  assert.deepEqual(rejected, ['ChatChannel', 'AdminNotificationChannel', 'NoSuchChannel']);

  const agent = await dashboard(t);
  const twice: Json[] = [];
  const opened = await agent.opens(user.chat.id);
  const again = await agent.opens(user.chat.id);
  again.subscription.received = (data: Json) => twice.push(data);
  await user.subscription.perform('send_message', { content: 'both' });
  await reaches(agent.heard, 1);
  await reaches(twice, 1);
  opened.subscription.unsubscribe();
  await user.subscription.perform('send_message', { content: 'one' });
  await reaches(twice, 2);
  again.subscription.unsubscribe();
  agent.consumer.subscriptions.create({ channel: 'ChatChannel', chat_id: user.chat.id }).unsubscribe();
  // Said after that, and so is what comes of it.
  await opened.subscription.says('not for me');
  await user.subscription.perform('send_message', { content: 'none' });
  await reaches(agent.notices, 3);
  assert.deepEqual([agent.heard.length, twice.length], [1, 2]);
  const channels = Pusher.instances.map((pusher) => pusher.allChannels().map(({ name }) => name));
  const listening = channels.filter((names) => names.some((name) => name.endsWith(user.chat.id)));
  assert.equal(listening.length, 1, 'the user alone');
});

/** Mission B21 (dialect). */
test('after each of five drops the widget is connected again, and has everything once', async (t) => {
  const proxy = await proxied(t, program);
  const [user, agent] = [await widget(t, proxy.url), await dashboard(t)];
  const { subscription } = await agent.opens(user.chat.id);
  const expected: string[] = [];
  // What still comes through comes twice.
  proxy.mangle = (frame) => [frame, frame];
  for (let drop = 1; drop <= 5; drop++) {
    proxy.cut();
    await subscription.says(`missed ${drop}`);
    await user.subscription.perform('send_message', { content: `written meanwhile ${drop}` });
    await eventually(
      () => user.connected && user.connects > drop,
      () => [drop, user.connects],
    );
    await subscription.says(`heard ${drop}`);
    expected.push(`missed ${drop}`, `written meanwhile ${drop}`, `heard ${drop}`);
    await reaches(user.chat.messages, expected.length);
  }
  assert.deepEqual(user.contents(), expected);
  assert.equal(user.disconnects, 5);
  await user.load();
  assert.deepEqual(user.contents(), expected);
});
