// What we sign is what the official SDKs sign, and what they sign is good here: for random inputs. A failure
// prints its input.

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { Person, start } from './parlour.mjs';
import { servers } from './servers.mjs';

const TIMES = 100;
const parlour = await start();
const sdks = servers(parlour.base);
let alice, bob, rooms;

before(async () => {
  [alice, bob] = await Promise.all(['alice', 'auth0|bob'].map((id) => Person.enter(parlour.base, id)));
  const opened = [
    { kind: 'direct', with: 'auth0|bob' },
    { kind: 'support' },
    { kind: 'group', members: ['auth0|bob'] },
  ];
  rooms = await Promise.all(opened.map((room) => alice.call('POST', '/v1/rooms', room)));
});

after(async () => {
  for (const person of [alice, bob]) person?.leave();
  for (const server of sdks) await server.stop();
  await parlour.stop();
});

function socketId() {
  return `${randomInt(2 ** 47)}.${randomInt(2 ** 47)}`;
}

/** Text of every sort that JSON has to write in its own way. */
function text() {
  const odd = ['"', '\\', '/', '\u0000', '\n', 'é', '☕', '\u{1f381}', '\u2028', '+', '%', '&', '=', ' '];
  const some = Array.from({ length: randomInt(1, 30) }, () => odd[randomInt(odd.length)]);
  return some.join('') + randomBytes(randomInt(1, 40)).toString('base64');
}

for (const server of sdks) {
  suite(server.name, () => {
    test('signs each channel that we hand out as we do', async () => {
      for (let i = 0; i < TIMES; i += 1) {
        const channels = [alice.me.channel, ...rooms.map((room) => room.channel)];
        const [socket_id, channel_name] = [socketId(), channels[i % channels.length]];
        const ours = await alice.call('POST', '/v1/realtime/auth', { socket_id, channel_name });
        const theirs = await server.authorizeChannel(socket_id, channel_name);
        assert.equal(ours.auth, theirs.auth, `${socket_id} ${channel_name}`);
      }
    });

    test('signs users in as we do', async () => {
      for (let i = 0; i < TIMES; i += 1) {
        const socket_id = socketId();
        const ours = await [alice, bob][i % 2].call('POST', '/v1/realtime/user', { socket_id });
        const theirs = await server.authenticateUser(socket_id, JSON.parse(ours.user_data));
        assert.deepEqual(JSON.parse(theirs.user_data), JSON.parse(ours.user_data));
        // Over the same text alone: PyPI's puts spaces into JSON.
        if (theirs.user_data === ours.user_data) assert.equal(ours.auth, theirs.auth, socket_id);
        else assert.equal(server.name, 'PyPI pusher');
      }
    });

    test('signs calls that we take, whatever is in them', async () => {
      for (let i = 0; i < TIMES; i += 1) {
        const data = { text: text(), more: [text(), randomInt(1000), null] };
        const channels = Array.from({ length: randomInt(1, 5) }, (_, n) => `c-${n}-${randomInt(1000)}`);
        await assert.doesNotReject(server.trigger(channels, `event ${randomInt(9)}`, data), JSON.stringify(data));
        const batch = channels.map((channel) => ({ channel, name: 'e', data: text() }));
        await assert.doesNotReject(server.triggerBatch(batch), JSON.stringify(batch));
        await server.channels({ filter_by_prefix: ['c-', 'presence-', 'é'][i % 3] });
      }
    });
  });
}
