/** The local program, and people who call it as their own servers and apps would, without the library. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Message, MessageList, Room } from '../../src/index.ts';

const BUILT = new URL('../../../../target/debug/parlour', import.meta.url);
const PROGRAM = process.env.PARLOUR_BIN ?? fileURLToPath(BUILT);

export interface Program {
  url: string;
  stop(): Promise<void>;
}

/** Starts the local program on a free port, with nothing on disk. */
export async function start(...options: string[]): Promise<Program> {
  const child = spawn(PROGRAM, ['--listen', '127.0.0.1:0', '--data', ':memory:', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    // Read to the end: a full pipe would stop the program.
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /listening on (http:\S+)/.exec(line)?.[1];
      if (address) resolve(address);
    });
    ended.then(([code]) => reject(new Error(`${PROGRAM} ended with ${code} before it listened`)), reject);
  });
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { url, stop };
}

export type Claims = { sub: string; [claim: string]: unknown };

export async function tokenFor(url: string, claims: Claims): Promise<string> {
  const answer = await fetch(`${url}/dev/tokens`, { method: 'POST', ...json(claims) });
  const { token } = (await answer.json()) as { token: string };
  return token;
}

/** Somebody who calls the API directly. */
export class Caller {
  static async enter(url: string, claims: Claims): Promise<Caller> {
    return new Caller(url, claims.sub, await tokenFor(url, claims));
  }

  constructor(
    readonly url: string,
    readonly id: string,
    readonly token: string,
  ) {}

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { headers = {}, ...rest } = body === undefined ? {} : json(body);
    const answer = await fetch(this.url + path, {
      method,
      headers: { ...headers, authorization: `Bearer ${this.token}` },
      ...rest,
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text || 'null') as T;
  }

  opens(room: unknown): Promise<Room> {
    return this.call('POST', '/v1/rooms', room);
  }

  posts(room: string, body: string): Promise<Message> {
    return this.call('POST', `/v1/rooms/${room}/messages`, { body });
  }

  /** The log as the server has it. */
  async log(room: string): Promise<Message[]> {
    const log: Message[] = [];
    for (let after = 0; ; ) {
      const page = await this.call<MessageList>('GET', `/v1/rooms/${room}/messages?limit=200&after=${after}`);
      log.push(...page.messages.filter((slot): slot is Message => 'id' in slot));
      after = page.messages.at(-1)?.seq ?? after;
      if (!page.has_more) return log;
    }
  }
}

function json(body: unknown): { headers: Record<string, string>; body: string } {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
