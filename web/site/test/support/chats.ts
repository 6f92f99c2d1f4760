/** Very many support chats, each opened and written in by its own user. */

import { Agent, request } from 'node:http';

const AT_ONCE = 16;

/** Opens those that are numbered so, over a few connections that are kept: a new one for each call would take longer than the calls. */
export async function openSupportChats(url: string, from: number, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const post = <T>(path: string, token: string | null, body: object) =>
    new Promise<T>((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const call = request(url + path, { agent, method: 'POST', headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(text) as T);
          else reject(new Error(`${path}: ${answer.statusCode} ${text}`));
        });
      });
      call.on('error', reject).end(JSON.stringify(body));
    });
  let next = from;
  const work = async () => {
    while (next < from + count) {
      const n = next++;
      const who = { sub: `customer-${n}`, name: `Customer ${n}`, email: `customer-${n}@mail.example` };
      const { token } = await post<{ token: string }>('/dev/tokens', null, who);
      const { id } = await post<{ id: string }>('/v1/rooms', token, { kind: 'support' });
      await post(`/v1/rooms/${id}/messages`, token, { body: `Where is order ${n}?` });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work)).finally(() => agent.destroy());
}
