/** People who talk, for pictures. */

import { type Scene, setClock } from '../test/support/scene.ts';

const DAY = 24 * 60 * 60_000;
const MINUTE = 60_000;

export interface Story {
  alice: string;
  desk: string;
  match: string;
}

/** Fills the rooms; afterwards the clock is the machine's again. Answers the rooms to show. */
export async function tell(scene: Scene): Promise<Story> {
  const now = Date.now();
  const at = (ms: number) => setClock(scene.url, new Date(now - ms).toISOString());
  const person = async (sub: string, name: string) =>
    scene.caller({ sub, name, email: `${sub}@mail.example` });
  const server = await scene.caller({ sub: 'server', roles: ['service'] });
  await at(400 * DAY);
  const [alice, bob, carol, dave, eve, noor] = await Promise.all([
    person('alice', 'Alice Moreau'),
    person('bob', 'Bob Okafor'),
    person('carol', 'Carol Lindqvist'),
    person('dave', 'Dave Tanaka'),
    person('eve', 'Eve Castellanos'),
    person('noor', 'Noor Rahman'),
  ]);
  for (const it of [alice, bob, carol, dave, eve, noor]) await it.call('GET', '/v1/me');
  const joined_at = new Date(now - 412 * DAY).toISOString();
  for (const [id, karma] of [
    ['bob', 1284],
    ['carol', 96],
    ['dave', 5310],
  ] as const)
    await server.call('PUT', `/v1/users/${id}`, { karma, joined_at });

  await at(9 * DAY);
  const eveRoom = await eve.opens({ kind: 'direct', with: 'alice' });
  await eve.posts(eveRoom.id, 'The photos are up, thank you for carrying the tripod.');
  const noorRoom = await noor.opens({ kind: 'direct', with: 'alice' });
  await at(2 * DAY);
  await alice.posts(noorRoom.id, 'See you at the reading on Thursday?');
  await server.call('PUT', '/v1/groups/winter', {
    name: 'Winter party',
    reveal_at: new Date(now + 34 * DAY).toISOString(),
    matches: { carol: 'alice', alice: 'dave', dave: 'carol' },
  });
  const match = await carol.opens({ kind: 'match', group_id: 'winter' });
  await carol.posts(match.id, 'Hello from your secret giver! Tea or coffee?');
  await alice.posts(match.id, 'Tea, always. Something smoky if you can find it.');
  await at(DAY + 40 * MINUTE);
  const group = await carol.opens({
    kind: 'group',
    members: ['alice', 'bob', 'dave'],
    title: 'Weekend hike',
  });
  await carol.posts(group.id, 'Who is in for Saturday?');

  const room = await bob.opens({ kind: 'direct', with: 'alice' });
  await bob.posts(room.id, 'I found the map of the old quarry path.');
  await bob.posts(room.id, 'It is steeper than we thought, but the view is worth it.');
  await at(DAY + 38 * MINUTE);
  const old = await alice.posts(room.id, 'Lovely. Can you send me the first page?');
  await at(26 * MINUTE);
  const first = await bob.posts(room.id, 'Scanned it: https://maps.example/quarry/1');
  await bob.posts(room.id, 'The bus leaves at 8:10 from the station, so let us meet at eight.');
  await alice.call('PUT', `/v1/rooms/${room.id}/messages/${first.seq}/reactions/${encodeURIComponent('❤️')}`);
  await bob.call('PUT', `/v1/rooms/${room.id}/messages/${old.seq}/reactions/${encodeURIComponent('👍')}`);
  await at(24 * MINUTE);
  const wrong = await alice.posts(room.id, 'I can drive us.');
  await alice.call('DELETE', `/v1/rooms/${room.id}/messages/${wrong.seq}`);
  await alice.call('POST', `/v1/rooms/${room.id}/messages`, {
    body: 'Eight it is. I bring the thermos ☕',
    reply_to: first.seq + 1,
  });
  await at(12 * MINUTE);
  await dave.posts(group.id, 'Count me in, and I have a spare pair of poles.');
  await at(3 * MINUTE);
  await bob.call('POST', `/v1/rooms/${room.id}/messages`, { body: '🥾', type: 'sticker' });
  const desk = await support(scene, at);
  await setClock(scene.url, null);
  return { alice: room.id, desk, match: match.id };
}

/** What waits at the support desk; answers the room that is shown. */
async function support(scene: Scene, at: (ms: number) => Promise<void>): Promise<string> {
  const agent = await scene.caller({ sub: 'agnes', name: 'Agnes Keller', roles: ['admin'] });
  const asked = [
    ['ines', 'Inés Duarte', 'Where can I download last year’s invoice?'],
    ['tomasz', 'Tomasz Wójcik', 'The app signs me out every morning.'],
    ['yuki', 'Yuki Arai', 'Can I change the delivery address after ordering?'],
    ['leila', 'Leila Haddad', 'Thank you, that solved it!'],
    ['sam', 'Sam O’Neill', 'My parcel shows as delivered, but nothing is here.'],
  ] as const;
  let room = '';
  for (const [index, [sub, name, body]] of asked.entries()) {
    const user = await scene.caller({ sub, name, email: `${sub}@mail.example` });
    await at((asked.length - index) * 47 * MINUTE);
    room = (await user.opens({ kind: 'support' })).id;
    await user.posts(room, body);
    if (index % 2 === 1) await agent.posts(room, 'I am looking into it and will write back today.');
    if (sub !== 'sam') continue;
    await at(31 * MINUTE);
    await agent.posts(room, 'I am sorry to hear that, Sam. Which order is it?');
    await at(28 * MINUTE);
    await user.posts(room, 'It is order 20-4471.');
    await user.posts(room, 'My neighbours do not have it either.');
    await at(4 * MINUTE);
    await user.posts(room, 'Is there any news?');
  }
  return room;
}
