/** Clients as an app has them, and ways to wait for what they show. */

import type { TestContext } from 'node:test';
import Pusher from 'pusher-js';
import { standardEnvironment } from '../../src/environment.ts';
import {
  memoryStorage,
  Parlour,
  type ParlourOptions,
  type RoomHandle,
  type SentMessage,
} from '../../src/index.ts';
import { Caller, type Claims, type Program, tokenFor } from './program.ts';
import { FaultyProxy } from './proxy.ts';

/** A proxy before the program, and clients behind it; all of them end with the test. */
export async function scene(t: TestContext, program: Program) {
  const proxy = await FaultyProxy.before(program.url);
  const clients: Parlour[] = [];
  t.after(async () => {
    for (const it of clients) it.close();
    await proxy.stop();
  });
  const client = (claims: Claims, options: Partial<ParlourOptions> = {}) => {
    const it = new Parlour({
      url: proxy.url,
      token: () => tokenFor(program.url, claims),
      storage: memoryStorage(),
      intervals: { polling: 200 },
      ...options,
    });
    clients.push(it);
    return it;
  };
  const caller = (claims: Claims) => Caller.enter(program.url, claims);
  return { proxy, client, caller };
}

/** Something to subscribe to. */
export interface Observable {
  subscribe(listener: () => void): () => void;
}

/** Resolves as soon as this holds; fails with `what` rather than hanging. */
export function until(it: Observable, holds: () => boolean, what: () => unknown, ms = 20_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      stop();
      clearTimeout(timer);
    };
    const look = () => {
      if (!holds()) return;
      end();
      resolve();
    };
    const stop = it.subscribe(look);
    const timer = setTimeout(() => {
      end();
      reject(new Error(`not within ${ms / 1000} s: ${JSON.stringify(what())}`));
    }, ms);
    look();
  });
}

/** Asks again and again, where nothing tells. */
export function eventually(holds: () => boolean | Promise<boolean>, what: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setInterval>;
  let is = false;
  const ticking = {
    subscribe(listener: () => void) {
      timer = setInterval(async () => {
        is = await holds();
        listener();
      }, 20);
      return () => clearInterval(timer);
    },
  };
  return until(ticking, () => is, what);
}

export function connected(it: Parlour): Promise<void> {
  const connection = { subscribe: (listener: () => void) => it.onConnection(listener) };
  return until(
    connection,
    () => it.connection === 'connected',
    () => it.connection,
  );
}

/** Until the client has noticed that its connection is gone. */
export function disconnected(it: Parlour): Promise<void> {
  const connection = { subscribe: (listener: () => void) => it.onConnection(listener) };
  return until(
    connection,
    () => it.connection !== 'connected',
    () => it.connection,
  );
}

/** Until every channel is listened to, and everything that came before was fetched. */
export async function settled(it: Parlour): Promise<void> {
  await connected(it);
  const channels = () => Pusher.instances.flatMap((pusher) => pusher.allChannels());
  const isListening = () => channels().length > 0 && channels().every((channel) => channel.subscribed);
  await eventually(isListening, () => channels().map(({ name, subscribed }) => [name, subscribed]));
  // The first may have been under way before.
  for (let look = 0; look < 2; look++) await looked(it);
}

function looked(it: Parlour): Promise<void> {
  let looks = 0;
  const counting = (listener: () => void) =>
    it.sync.looked.subscribe(() => {
      looks += 1;
      listener();
    });
  it.sync.request();
  return until(
    { subscribe: counting },
    () => looks > 0,
    () => 'a look at all rooms',
  );
}

/** Until the room shows messages with these texts at its end, all sent. */
export function shows(room: RoomHandle, ...bodies: string[]): Promise<void> {
  const last = () => room.messages.slice(-bodies.length);
  const holds = () =>
    last().every(({ status }) => status === 'sent') && String(bodies) === String(texts(last()));
  return until(room, holds, () => [bodies, last(), room.snapshot.error]);
}

export function texts(messages: readonly { body?: string | null }[]): (string | null | undefined)[] {
  return messages.map(({ body }) => body);
}

export function sent(room: RoomHandle): SentMessage[] {
  return room.messages.filter((it): it is SentMessage => it.status === 'sent');
}

/** Numbers that look random and are the same in every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** The world with a count of everything that a client leaves running in it. */
export function counted() {
  const timers = new Set<unknown>();
  const left = { timers, lifecycles: 0 };
  const environment = {
    ...standardEnvironment,
    setTimeout(run: () => void, ms: number) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        run();
      }, ms);
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer: unknown) {
      timers.delete(timer);
      clearTimeout(timer as number);
    },
    lifecycle() {
      left.lifecycles += 1;
      return () => {
        left.lifecycles -= 1;
      };
    },
  };
  return { left, environment };
}
