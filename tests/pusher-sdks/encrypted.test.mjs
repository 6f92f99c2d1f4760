// Rooms that the relay cannot read, and signing in, as a stock Pusher client does both.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, start, within } from './parlour.mjs';

let parlour, alice, bob, mallory, room;

before(async () => {
  process.env.PARLOUR_RELAY_ENCRYPTION_KEY = Buffer.alloc(32, 'k').toString('base64');
  parlour = await start();
  [alice, bob, mallory] = await Promise.all(['alice', 'bob', 'mallory'].map((id) => Person.enter(parlour.base, id)));
  room = await alice.call('POST', '/v1/rooms', { kind: 'direct', with: 'bob' });
});

after(async () => {
  for (const person of [alice, bob, mallory]) person?.leave();
  await parlour?.stop();
});

test('pusher-js opens what is sealed for a member', async () => {
  assert.match(room.channel, /^private-encrypted-room-/);
  const { channel } = await bob.subscribe(room.channel);
  const opened = new Promise((resolve) => channel.bind('new_message', resolve));

  const posted = await alice.call('POST', `/v1/rooms/${room.id}/messages`, { body: 'a secret “☕”' });

  const message = await within(opened, () => 'new_message');
  assert.equal(message.body, 'a secret “☕”');
  assert.equal(message.id, posted.id);
  // The frame itself told nobody.
  const sealed = bob.all('new_message').map(({ data }) => Object.keys(data).sort());
  assert.deepEqual(sealed, [['ciphertext', 'nonce']]);
  assert.ok(!JSON.stringify(bob.heard).includes('a secret'));
});

test('a stranger gets neither a signature nor a key', async () => {
  const { error } = await mallory.subscribe(room.channel);
  assert.equal(error.status, 403);
});

test('a connection signs in as the account of its token', async () => {
  const signedIn = alice.signsIn();
  const { id } = await within(signedIn, () => 'signed in');
  assert.equal(alice.me.channel, `private-user-${id}`);
});
