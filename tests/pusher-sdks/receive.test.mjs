// What a stock Pusher client receives, and what it never does: pusher-js against the local program.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person, start } from './parlour.mjs';

let parlour, alice, bob, mallory, room, refused, first, marker, other, last;

before(async () => {
  parlour = await start();
  [alice, bob, mallory] = await Promise.all(['alice', 'bob', 'mallory'].map((id) => Person.enter(parlour.base, id)));
  room = await alice.call('POST', '/v1/rooms', { kind: 'direct', with: 'bob' });

  await accepted(alice, room.channel, alice.me.channel);
  await accepted(bob, room.channel, bob.me.channel);
  await accepted(mallory, mallory.me.channel);
  refused = await Promise.all([room.channel, bob.me.channel].map((name) => mallory.subscribe(name)));

  // A post is published before it is answered, and a socket hears in order. So whoever has heard a
  // later message has heard all that was meant for them before it: nothing here sleeps for luck.
  first = await post(alice, room, 'Hello, Bob “☕”');
  marker = await post(bob, room, 'Hello, Alice');
  other = await alice.call('POST', '/v1/rooms', { kind: 'direct', with: 'mallory' });
  last = await post(alice, other, 'Hello, Mallory');
});

after(async () => {
  for (const person of [alice, bob, mallory]) person?.leave();
  await parlour?.stop();
});

async function accepted(person, ...channels) {
  for (const name of channels) {
    const { error } = await person.subscribe(name);
    assert.equal(error, undefined, `${person.me.id} may listen to ${name}`);
  }
}

function post(person, { id }, body) {
  return person.call('POST', `/v1/rooms/${id}/messages`, { body });
}

/** The message as it is for everybody: without what depends on who asks. */
function sharedPart({ read_at, reactions = [], ...message }) {
  return { ...message, reactions: reactions.map(({ mine, ...reaction }) => reaction) };
}

/// Mission A15. Mission C6. Mission C7.
test('both members receive new_message: the identical object, and the stored one', async () => {
  const atAlice = await alice.receives('new_message', first);
  const atBob = await bob.receives('new_message', first);
  assert.deepEqual(atBob, atAlice);
  assert.equal(atBob.body, 'Hello, Bob “☕”');
  assert.equal(atBob.sender_id, alice.me.id);
  assert.equal(first.delivered, true);

  for (const person of [alice, bob]) {
    const { messages } = await person.call('GET', `/v1/rooms/${room.id}/messages?limit=1&before=${marker.seq}`);
    assert.deepEqual(messages.map(sharedPart), [atBob]);
  }
});

/// Mission C7.
test('each message comes once to each member, on the room’s channel', async () => {
  for (const person of [alice, bob]) {
    await person.receives('new_message', marker);
    assert.deepEqual(
      person.all('new_message').map(({ channel, data }) => [channel, data.seq]),
      [
        [room.channel, first.seq],
        [room.channel, marker.seq],
      ],
    );
  }
});

/// Mission C8.
test('chat_list_update reaches the receiver, and not the sender', async () => {
  const { updated_at, ...update } = await bob.receives('chat_list_update', first);
  assert.deepEqual(update, {
    room_id: room.id,
    seq: first.seq,
    rev: first.rev,
    last_message: first.body,
    sender_id: alice.me.id,
    unread: 1,
  });
  assert.equal(updated_at, first.created_at);

  // The marker was Bob's. Alice hears of it on her list, so her own message would have come there before it.
  await alice.receives('chat_list_update', marker);
  await bob.receives('new_message', marker);
  assert.deepEqual(lists(alice), [[alice.me.channel, room.id, marker.seq]]);
  assert.deepEqual(lists(bob), [[bob.me.channel, room.id, first.seq]]);
});

function lists(person) {
  return person.all('chat_list_update').map(({ channel, data }) => [channel, data.room_id, data.seq]);
}

/// Mission A14.
test('a stranger is refused on the room and on another person’s channel, and hears nothing of it', async () => {
  assert.deepEqual(
    refused.map(({ channel, error }) => [channel, error.status]),
    [
      [undefined, 403],
      [undefined, 403],
    ],
  );

  // The socket is open all the while: what is meant for Mallory arrives.
  await mallory.receives('chat_list_update', last);
  assert.deepEqual(
    mallory.heard.map(({ event, channel, data }) => [event, channel, data.room_id]),
    [['chat_list_update', mallory.me.channel, other.id]],
  );
});
