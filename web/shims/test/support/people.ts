/** What the tests' apps have: who they are, what their own servers would do, and ways to wait. */

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from '../../../client/test/support/people.ts';
import { type Claims, type Program, tokenFor } from '../../../client/test/support/program.ts';
import { FaultyProxy } from '../../../client/test/support/proxy.ts';

export { type Program, start, tokenFor } from '../../../client/test/support/program.ts';
export { eventually, FaultyProxy };

// biome-ignore lint/suspicious/noExplicitAny: what the systems answer is theirs
export type Json = any;

/** Somebody's calls over HTTP. */
export type Calls = (method: string, path: string, body?: unknown) => Promise<{ status: number; json: Json }>;

/** Somebody with a token of these claims, who calls `url` as an app does. */
export async function person(program: Program, claims: Claims, url = program.url) {
  const token = await tokenFor(program.url, claims);
  const call: Calls = async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: answer.status, json: JSON.parse((await answer.text()) || 'null') };
  };
  /** The answer of a call that has to succeed. */
  const gets: (...args: Parameters<Calls>) => Promise<Json> = async (...args) => {
    const { status, json } = await call(...args);
    assert.ok(status < 300, `${args[0]} ${args[1]}: ${status} ${JSON.stringify(json)}`);
    return json;
  };
  return { id: claims.sub, token, call, gets };
}

export type Person = Awaited<ReturnType<typeof person>>;

/** A proxy before the program, which ends with the test. */
export async function proxied(t: TestContext, program: Program): Promise<FaultyProxy> {
  const proxy = await FaultyProxy.before(program.url);
  t.after(() => proxy.stop());
  return proxy;
}

/** Until the list holds so many. */
export async function reaches(list: readonly unknown[], length: number): Promise<void> {
  await eventually(
    () => list.length >= length,
    () => list,
  );
  assert.equal(list.length, length, JSON.stringify(list));
}

export function keys(it: object): string[] {
  return Object.keys(it).sort();
}
