// The hub as the official SDKs meet it: pusher-js listens, npm's and PyPI's pusher publish, ask and sign.

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { Client } from './clients.mjs';
import { Hooks } from './hooks.mjs';
import { start } from './parlour.mjs';
import { servers } from './servers.mjs';

const hooks = await Hooks.listen();
const parlour = await start('--subscription-counts', '--webhooks', hooks.url);
const sdks = servers(parlour.base);
const clients = [];

async function connect(server, user) {
  const client = await Client.connect(parlour.base, server, user);
  clients.push(client);
  return client;
}

after(async () => {
  for (const client of clients) client.leave();
  for (const server of sdks) await server.stop();
  await parlour.stop();
  await hooks.stop();
});

/** A name that no other test uses. */
let names = 0;
function fresh(prefix) {
  names += 1;
  return `${prefix}${names}`;
}

for (const server of sdks) {
  suite(server.name, () => {
    test('an event reaches the subscribers of its channel, with its data as it was', async () => {
      const [news, weather] = [fresh('news-'), fresh('weather-')];
      const [reader, other] = [await connect(server), await connect(server)];
      await reader.subscribe(news);
      await other.subscribe(weather);
      const data = { title: 'Grüße “☕”', list: [1, null, true], deep: { er: '\n' } };
      await server.trigger(news, 'headline', data);
      assert.deepEqual((await reader.hears('headline', news)).data, data);
      // A socket hears in order: had the headline been for the other one, it would have come before this.
      await server.trigger(weather, 'rain', {});
      await other.hears('rain', weather);
      assert.deepEqual(other.left('headline'), []);
    });

    test('an event reaches each of a hundred channels', async () => {
      const channels = Array.from({ length: 100 }, () => fresh('many-'));
      const reader = await connect(server);
      for (const name of [channels[0], channels[99]]) await reader.subscribe(name);
      await server.trigger(channels, 'headline', { to: 'all' });
      for (const name of [channels[0], channels[99]]) await reader.hears('headline', name);
    });

    test('the events of a batch come in their order', async () => {
      const channel = fresh('news-');
      const reader = await connect(server);
      await reader.subscribe(channel);
      const batch = Array.from({ length: 10 }, (_, number) => ({ channel, name: 'headline', data: { number } }));
      await server.triggerBatch(batch);
      for (let number = 0; number < 10; number++) {
        assert.deepEqual((await reader.hears('headline')).data, { number });
      }
      await assert.rejects(server.triggerBatch([...batch, ...batch]), /400|BadRequest/);
    });

    test('the socket that caused an event can be left out', async () => {
      const channel = fresh('news-');
      const [author, reader] = [await connect(server), await connect(server)];
      for (const client of [author, reader]) await client.subscribe(channel);
      await server.trigger(channel, 'headline', {}, author.socketId);
      await server.trigger(channel, 'last', {});
      await reader.hears('headline');
      await author.hears('last');
      assert.deepEqual(author.left('headline'), []);
    });

    test('too much data is refused', async () => {
      await assert.rejects(server.trigger('news', 'headline', 'x'.repeat(10_241)), /413/);
    });

    test('a private channel is heard by whom the server lets in', async () => {
      const channel = fresh('private-room-');
      const member = await connect(server);
      await member.subscribe(channel);
      await server.trigger(channel, 'message', { body: 'Hello' });
      assert.deepEqual((await member.hears('message')).data, { body: 'Hello' });
    });

    test('what is said on an encrypted channel arrives decrypted', async () => {
      const [one, other] = [fresh('private-encrypted-room-'), fresh('private-encrypted-cache-room-')];
      const member = await connect(server);
      await member.subscribe(one);
      await server.trigger(one, 'message', { body: 'Secret “☕”' });
      assert.deepEqual((await member.hears('message', one)).data, { body: 'Secret “☕”' });
      await server.triggerBatch([{ channel: other, name: 'message', data: { body: 'Kept' } }]);
      await member.subscribe(other);
      assert.deepEqual((await member.hears('message', other)).data, { body: 'Kept' });
    });

    test('members of a presence channel see each other come and go, each once', async () => {
      const channel = fresh('presence-room-');
      const [alice, phone, laptop] = [await connect(server), await connect(server), await connect(server)];
      const room = await alice.subscribe(channel, { user_id: 'alice', user_info: { name: 'Alice' } });
      assert.equal(room.members.count, 1);
      assert.deepEqual(room.members.me, { id: 'alice', info: { name: 'Alice' } });

      const bobs = await phone.subscribe(channel, { user_id: 'bob', user_info: { name: 'Bob' } });
      assert.deepEqual(bobs.members.get('alice'), { id: 'alice', info: { name: 'Alice' } });
      await laptop.subscribe(channel, { user_id: 'bob', user_info: { name: 'Bob' } });
      const { data: added } = await alice.hears('pusher:member_added');
      assert.deepEqual(added, { id: 'bob', info: { name: 'Bob' } });
      assert.deepEqual(await server.users(channel), { users: [{ id: 'alice' }, { id: 'bob' }] });
      assert.deepEqual(await server.channel(channel, 'user_count,subscription_count'), {
        occupied: true,
        user_count: 2,
        subscription_count: 3,
      });

      phone.leave();
      laptop.leave();
      assert.equal((await alice.hears('pusher:member_removed')).data.id, 'bob');
      assert.deepEqual(alice.left('pusher:member_added'), []);
      assert.equal(room.members.count, 1);
    });

    test('members send each other client events, which say who sent them', async () => {
      const [presence, secret] = [fresh('presence-room-'), fresh('private-encrypted-room-')];
      const [alice, bob] = [await connect(server), await connect(server)];
      await alice.subscribe(presence, { user_id: 'alice' });
      const heard = alice.hearsFrom(presence, 'client-typing');
      const room = await bob.subscribe(presence, { user_id: 'bob' });
      room.trigger('client-typing', { on: true });
      assert.deepEqual(await heard, { data: { on: true }, user_id: 'bob' });

      const encrypted = await bob.subscribe(secret);
      bob.pusher.send_event('client-typing', { on: true }, encrypted.name);
      assert.equal((await bob.hears('error')).data.data.code, null);
    });

    test('the eleventh client event of a second is refused', async () => {
      const channel = fresh('private-room-');
      const [sender, listener] = [await connect(server), await connect(server)];
      await listener.subscribe(channel);
      const room = await sender.subscribe(channel);
      for (let number = 0; number < 11; number++) room.trigger('client-typing', { number });
      assert.equal((await sender.hears('error')).data.data.code, 4301);
      for (let number = 0; number < 10; number++) {
        assert.deepEqual((await listener.hears('client-typing')).data, { number });
      }
    });

    test('who comes late to a cache channel hears the last event, or that there is none', async () => {
      const channel = fresh('cache-news-');
      const [early, late] = [await connect(server), await connect(server)];
      await early.subscribe(channel);
      await early.hears('pusher:cache_miss', channel);
      await server.trigger(channel, 'headline', { number: 1 });
      await server.trigger(channel, 'headline', { number: 2 });
      await late.subscribe(channel);
      assert.deepEqual((await late.hears('headline')).data, { number: 2 });
      const { cache } = await server.channel(channel, 'cache');
      assert.deepEqual(JSON.parse(cache.data), { number: 2 });
    });

    test('subscribers are told how many they are', async () => {
      const channel = fresh('news-');
      const [first, second] = [await connect(server), await connect(server)];
      const subscribed = await first.subscribe(channel);
      await second.subscribe(channel);
      assert.deepEqual((await second.hears('pusher:subscription_count')).data, { subscription_count: 2 });
      await first.hears('pusher:subscription_count');
      await first.hears('pusher:subscription_count');
      assert.equal(subscribed.subscriptionCount, 2);
    });

    test('occupied channels are listed by their prefix', async () => {
      const [one, other] = [fresh('presence-list-'), fresh('private-list-')];
      const member = await connect(server);
      await member.subscribe(one, { user_id: 'alice' });
      await member.subscribe(other);
      const { channels } = await server.channels({ filter_by_prefix: one, info: 'user_count' });
      assert.deepEqual(channels, { [one]: { user_count: 1 } });
      assert.deepEqual((await server.channels({ filter_by_prefix: other })).channels, { [other]: {} });
      assert.deepEqual((await server.channels()).channels[other], {});
      assert.deepEqual(await server.channel(fresh('nobody-')), { occupied: false });
      await assert.rejects(server.channels({ info: 'user_count' }), /400|BadRequest/);
    });

    test('a signed-in user hears what is sent to him, on each of his sockets, and nobody else does', async () => {
      const id = fresh('user-');
      const user = { id, user_info: { name: 'Alice “☕”' } };
      const [phone, laptop] = [await connect(server, user), await connect(server, user)];
      const other = await connect(server, { id: fresh('user-') });
      assert.deepEqual(await phone.signIn(), user);
      await laptop.signIn();
      const stranger = await other.signIn();
      await server.sendToUser(id, 'nudge', { hard: true });
      await server.sendToUser(stranger.id, 'last', {});
      for (const client of [phone, laptop]) {
        assert.deepEqual((await client.hears('nudge', 'user')).data, { hard: true });
      }
      await other.hears('last', 'user');
      assert.deepEqual(other.left('nudge'), []);
    });

    test('a signed-in user is a member without saying so again', async () => {
      const [id, channel] = [fresh('user-'), fresh('presence-room-')];
      const client = await connect(server, { id, user_info: { name: 'Alice' } });
      await client.signIn();
      const room = await client.subscribe(channel);
      assert.deepEqual(room.members.me, { id, info: { name: 'Alice' } });
    });

    test('who watches others is told who is there, who comes and who goes', async () => {
      const [alice, bob, carol] = [fresh('user-'), fresh('user-'), fresh('user-')];
      const watched = await connect(server, { id: bob });
      await watched.signIn();
      const watcher = await connect(server, { id: alice, watchlist: [bob, carol] });
      await watcher.signIn();
      assert.deepEqual((await watcher.hears('online')).data, [bob]);
      assert.deepEqual((await watcher.hears('offline')).data, [carol]);
      const late = await connect(server, { id: carol });
      await late.signIn();
      assert.deepEqual((await watcher.hears('online')).data, [carol]);
      watched.leave();
      assert.deepEqual((await watcher.hears('offline')).data, [bob]);
    });

    test('a user whose connections are terminated is gone and stays away', async () => {
      const id = fresh('user-');
      const client = await connect(server, { id });
      await client.signIn();
      const { socket } = client;
      if (server.name === 'PyPI pusher') {
        // Version 3.3.4 leaves the app out of the path, so no server can know whose user is meant.
        await assert.rejects(server.terminate(id), /404/);
        return;
      }
      await server.terminate(id);
      assert.equal((await client.hears('error')).data.data.code, 4009);
      await client.hears('state:disconnected');
      // The client closes what the hub has closed, and would keep the process waiting for an answer.
      clearTimeout(socket._closeTimer);
    });

    test('webhooks of all seven kinds are signed as the SDK expects it', async () => {
      const [channel, cache] = [fresh('presence-room-'), fresh('cache-news-')];
      const [alice, bob] = [await connect(server), await connect(server)];
      await alice.subscribe(channel, { user_id: 'alice' });
      const room = await bob.subscribe(channel, { user_id: 'bob' });
      room.trigger('client-typing', { on: true });
      await alice.subscribe(cache);
      bob.leave();
      const kinds = [
        { name: 'channel_occupied', channel },
        { name: 'member_added', channel, user_id: 'bob' },
        { name: 'client_event', channel, event: 'client-typing', data: '{"on":true}', user_id: 'bob' },
        { name: 'subscription_count', channel, subscription_count: 2 },
        { name: 'cache_miss', channel: cache },
        { name: 'member_removed', channel, user_id: 'bob' },
      ];
      for (const kind of kinds) await isTold(server, kind);
      alice.leave();
      await isTold(server, { name: 'channel_vacated', channel });

      const { headers, body } = await hooks.tells(kinds[0]);
      const altered = body.replace(channel, `${channel}x`);
      assert.equal(await server.webhook(headers, altered), undefined);
      const forged = { ...headers, 'x-pusher-signature': '0'.repeat(64) };
      assert.equal(await server.webhook(forged, body), undefined);
    });
  });
}

async function isTold(server, kind) {
  const { headers, body } = await hooks.tells(kind);
  const events = await server.webhook(headers, body);
  assert.ok(events, `not valid: ${body}`);
  assert.ok(events.some((event) => Object.entries(kind).every(([key, value]) => event[key] === value)));
}

test('a page that is loaded again has not left', async () => {
  const [server] = sdks;
  const [channel, other] = [fresh('presence-room-'), fresh('presence-room-')];
  const before = await connect(server);
  await before.subscribe(channel, { user_id: 'alice' });
  await before.subscribe(other, { user_id: 'alice' });
  before.leave();
  const again = await connect(server);
  await again.subscribe(channel, { user_id: 'alice' });
  // Both were left at the same time; so once the one is told of, the other would have been.
  await hooks.tells({ name: 'channel_vacated', channel: other });
  await hooks.tells({ name: 'member_removed', channel: other });
  const about = hooks.events().filter((event) => event.channel === channel && event.name !== 'subscription_count');
  assert.deepEqual(about, [
    { name: 'channel_occupied', channel },
    { name: 'member_added', channel, user_id: 'alice' },
  ]);
});

test('a webhook that is not taken is sent again, the same', async () => {
  const [server] = sdks;
  const channel = fresh('news-');
  const client = await connect(server);
  hooks.refuses = 1;
  await client.subscribe(channel);
  await isTold(server, { name: 'channel_occupied', channel });
  assert.equal(hooks.refuses, 0);
  const { body } = await hooks.tells(JSON.parse(hooks.refused[0]).events[0]);
  assert.equal(body, hooks.refused[0]);
});

test('a client that the hub disconnects comes back by itself', async () => {
  const [server] = sdks;
  const channel = fresh('private-room-');
  const client = await connect(server);
  await client.subscribe(channel);
  const socket = client.socketId;
  client.socket.close();
  await client.hears('state:connecting');
  await client.hears('state:connected');
  assert.notEqual(client.socketId, socket);
  await client.hears('pusher:subscription_succeeded', channel);
  await server.trigger(channel, 'message', {});
  await client.hears('message');
});
