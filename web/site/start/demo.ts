import { demoPeople as people } from 'parlour-chat/demo-people.ts';
import { demoPeople as agents } from 'parlour-dashboard/demo-people.ts';

/** Besides those whom the chat and the dashboard offer to be: whoever only writes to them, and the app itself. */
const OTHERS = [
  { sub: 'una', name: 'Una Bauer', email: 'una@mail.example' },
  { sub: 'server', name: 'The app', roles: ['service'] },
];

/** What was said, in order. */
type Said = readonly (readonly [who: string, text: string])[];

const DIRECT: Said = [
  ['alice', 'Hi Bob! Are you still coming on Saturday?'],
  ['bob', 'Of course. I bring the big table 🙂'],
  ['alice', 'Perfect. Around four?'],
  ['bob', 'Four it is.'],
];

const GROUP: Said = [
  ['carol', 'I booked the boat for Sunday!'],
  ['alice', 'You are the best. What time do we meet?'],
  ['bob', 'As late as possible, please.'],
  ['carol', '10:30 at the pier. Bring something warm.'],
];

const SUPPORT: Said = [
  ['una', 'Hello, my order from Monday has not arrived yet.'],
  ['agnes', 'Good morning! Let me have a look.'],
  ['una', 'Thank you. It is number 4711.'],
];

const MATCH: Said = [['alice', 'Ho ho ho. Do you prefer tea or coffee?']];

/** Makes people and rooms, as the people themselves would. Doing it again adds nothing. */
export async function makeDemo(tell: (step: string) => void): Promise<void> {
  tell('Making people …');
  const callers = new Map<string, string>();
  for (const claims of [...people, ...agents, ...OTHERS]) {
    const { token } = await call<{ token: string }>('POST', '/dev/tokens', claims);
    callers.set(claims.sub, token);
    await call('GET', '/v1/me', undefined, token);
  }
  const as = (who: string) => callers.get(who) ?? '';
  const opened = async (who: string, room: object) =>
    (await call<{ id: string }>('POST', '/v1/rooms', room, as(who))).id;
  const say = async (room: string, said: Said) => {
    for (const [place, [who, body]] of said.entries()) {
      const message = { body, client_id: await stableId(`${room} ${place}`), retry: true };
      await call('POST', `/v1/rooms/${room}/messages`, message, as(who));
    }
  };

  tell('Letting them talk …');
  await say(await opened('alice', { kind: 'direct', with: 'bob' }), DIRECT);
  const members = { kind: 'group', members: ['bob', 'carol'], title: 'Weekend on the lake' };
  await say(await opened('alice', { ...members, client_id: await stableId('weekend') }), GROUP);
  await say(await opened('una', { kind: 'support' }), SUPPORT);

  tell('Drawing names …');
  const family = {
    name: 'The family',
    reveal_at: '2099-12-24T18:00:00Z',
    matches: { alice: 'bob', bob: 'carol', carol: 'alice' },
  };
  await call('PUT', '/v1/groups/demo-family', family, as('server'));
  await say(await opened('alice', { kind: 'match', group_id: 'demo-family' }), MATCH);
}

async function call<T>(method: string, path: string, body?: object, token?: string): Promise<T> {
  const headers = new Headers();
  if (body) headers.set('content-type', 'application/json');
  if (token) headers.set('authorization', `Bearer ${token}`);
  const answer = await fetch(path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
  return (await answer.json()) as T;
}

/** The same UUID for the same text: what was said once is not said again (RFC 9562, version 8). */
async function stableId(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`demo ${text}`));
  const bytes = new Uint8Array(hash).slice(0, 16);
  const set = (at: number, keep: number, bits: number) => {
    bytes[at] = ((bytes[at] ?? 0) & keep) | bits;
  };
  set(6, 0x0f, 0x80);
  set(8, 0x3f, 0x80);
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
