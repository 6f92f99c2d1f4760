/** The marketplace: mobile apps with JSON over HTTP, and Pusher's own client. They need no shim. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import Pusher from 'pusher-js';
import { eventually, type Json, keys, type Program, person, reaches, start } from './support/people.ts';

let program: Program;
before(async () => {
  program = await start();
});
after(() => program.stop());

type Side = 'User' | 'Merchant';

/** The app of a user, or of a merchant. */
async function app(t: TestContext, type: Side, id: string) {
  const who = await person(program, { sub: id, type: type.toLowerCase() });
  const relay = await who.gets('GET', '/v1/realtime');
  const pusher = new Pusher(relay.key, {
    cluster: '',
    wsHost: relay.host,
    wsPort: relay.port,
    forceTLS: relay.tls,
    enabledTransports: ['ws'],
    channelAuthorization: {
      endpoint: relay.auth_url,
      transport: 'ajax',
      headers: { Authorization: `Bearer ${who.token}` },
    },
  });
  t.after(() => pusher.disconnect());
  const it = {
    ...who,
    heard: [] as Json[],
    /** Resolves to whether it may listen. */
    listens(roomId: string): Promise<boolean> {
      const channel = pusher.subscribe(`private-chat_${roomId}`);
      channel.bind('new_message', (data: Json) => it.heard.push(data));
      return new Promise((resolve) => {
        channel.bind('pusher:subscription_succeeded', () => resolve(true));
        channel.bind('pusher:subscription_error', () => resolve(false));
      });
    },
    says(roomId: string, receiver: string, content: string, more: object = {}) {
      const chat_message = {
        content,
        sender_id: id,
        sender_type: type,
        receiver_id: receiver,
        receiver_type: type === 'User' ? 'Merchant' : 'User',
        ...more,
      };
      return who.call('POST', `/chat_rooms/${roomId}/chat_messages`, { chat_message });
    },
  };
  return it;
}

/** A listing with a user's room, and the apps of both. */
async function shop(t: TestContext) {
  const [user, merchant, listing] = [randomUUID(), randomUUID(), randomUUID()];
  const service = await person(program, { sub: 'server', roles: ['service'] });
  await service.gets('PUT', `/v1/listings/${listing}`, { title: 'A bike', merchant_id: merchant });
  const [atUser, atMerchant] = [await app(t, 'User', user), await app(t, 'Merchant', merchant)];
  const room = await atUser.gets('POST', '/chat_rooms', { chat_room: { listing_id: listing } });
  return { atUser, atMerchant, room, listing };
}

/** Mission A8 (dialect). Mission A13 (dialect). Mission A14 (dialect). Mission A15 (dialect). Mission A16 (dialect). */
test('a user and a merchant talk about a listing, and hear it through the Pusher client they have', async (t) => {
  const { atUser, atMerchant, room, listing } = await shop(t);
  assert.deepEqual([room.listing_id, room.user_id], [listing, atUser.id]);
  const again = await atUser.gets('POST', '/chat_rooms', { chat_room: { listing_id: listing } });
  assert.equal(again.id, room.id, 'one room for a user and a listing');
  assert.deepEqual(await Promise.all([atUser.listens(room.id), atMerchant.listens(room.id)]), [true, true]);

  const { status, json: asked } = await atUser.says(room.id, atMerchant.id, 'Still there?');
  assert.equal(status, 200);
  const { json: answered } = await atMerchant.says(room.id, atUser.id, 'Yes');
  await Promise.all([reaches(atUser.heard, 2), reaches(atMerchant.heard, 2)]);

  assert.deepEqual(keys(asked), [
    'chat_room_id',
    'content',
    'created_at',
    'id',
    'receiver_id',
    'receiver_type',
    'sender_id',
    'sender_type',
  ]);
  assert.deepEqual([asked.sender_type, asked.receiver_type], ['User', 'Merchant']);
  assert.deepEqual([answered.sender_type, answered.receiver_type], ['Merchant', 'User']);
  assert.deepEqual(atUser.heard, [
    { message: 'Still there?', sender_id: atUser.id, receiver_id: atMerchant.id },
    { message: 'Yes', sender_id: atMerchant.id, receiver_id: atUser.id },
  ]);
  assert.deepEqual(atMerchant.heard, atUser.heard);
});

/** Mission A9 (dialect). Mission A10 (dialect). Mission A11 (dialect). */
test('what is wrong is an error with a status, and nobody hears it', async (t) => {
  const { atUser, atMerchant, room } = await shop(t);
  assert.equal(await atMerchant.listens(room.id), true);
  const stranger = await app(t, 'User', randomUUID());
  assert.equal(await stranger.listens(room.id), false);

  const refused = await Promise.all([
    atUser.says(room.id, atMerchant.id, ''),
    atUser.says(room.id, stranger.id, 'to somebody else'),
    atUser.says(room.id, atMerchant.id, 'under another name', { sender_id: stranger.id }),
    atUser.says(randomUUID(), atMerchant.id, 'nowhere'),
    stranger.says(room.id, atMerchant.id, 'let me in'),
    atUser.call('POST', `/chat_rooms/${room.id}/chat_messages`, { content: 'without the wrapper' }),
  ]);
  assert.deepEqual(
    refused.map(({ status }) => status),
    [422, 422, 403, 404, 404, 400],
  );
  for (const { json } of refused) assert.deepEqual([keys(json), typeof json.error], [['error'], 'string']);

  const id = randomUUID();
  const { json: sent } = await atUser.says(room.id, atMerchant.id, 'with more', { id, created_at: '1999' });
  assert.notEqual(sent.id, id, 'only the five attributes are taken');
  await reaches(atMerchant.heard, 1);
  await eventually(
    () => atMerchant.heard[0].message === 'with more',
    () => atMerchant.heard,
  );
  assert.deepEqual(stranger.heard, []);
});
