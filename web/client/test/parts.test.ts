/** Parts whose timing or bounds are seen best by themselves. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standardEnvironment, Timers } from '../src/environment.ts';
import { Reading } from '../src/reading.ts';
import type { Message } from '../src/types.ts';
import { Typing } from '../src/typing.ts';
import { LogWindow } from '../src/window.ts';

/** Timers that run when the test says that time has passed. */
function fakeTimers() {
  const due = new Map<() => void, number>();
  const clock = { now: 0 };
  const timers = new Timers({
    ...standardEnvironment,
    setTimeout: (run, ms) => {
      due.set(run, clock.now + ms);
      return run;
    },
    clearTimeout: (run) => void due.delete(run as () => void),
  });
  const pass = (ms: number) => {
    clock.now += ms;
    for (const [run, at] of due) if (at <= clock.now && due.delete(run)) run();
  };
  return { timers, clock, pass };
}

/** Mission E7: gone within 6 s. */
test('typing is told every few seconds, and believed for less than 6', () => {
  const { timers, clock, pass } = fakeTimers();
  const told: [number, boolean][] = [];
  const typing = new Typing(
    timers,
    (is) => told.push([clock.now, is]),
    () => {},
  );
  for (let key = 0; key < 60; key++, pass(100)) typing.set(true);
  typing.set(false);
  typing.set(false);
  const expected = [
    [0, true],
    [2500, true],
    [5000, true],
    [6000, false],
  ];
  assert.deepEqual(told, expected);

  typing.heard('lea', true);
  pass(4000);
  typing.heard('lea', true);
  pass(4000);
  assert.deepEqual(typing.members, ['lea']);
  pass(1900);
  assert.deepEqual(typing.members, []);
  assert.equal(timers.size, 0);
});

test('a reading mark is told after a pause, once, never backwards, and again if that failed', async () => {
  const { timers, pass } = fakeTimers();
  const told: number[] = [];
  let fails = false;
  const tell = async (seq: number) => {
    told.push(seq);
    if (fails) throw new Error('offline');
    return { read: seq, unread: 0 };
  };
  const reading = new Reading(timers, tell, () => {});
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (const seq of [1, 5, 3]) reading.set(seq);
  pass(299);
  assert.deepEqual(told, []);
  pass(1);
  await turn();
  for (const seq of [2, 5]) reading.set(seq);
  pass(1000);
  assert.deepEqual(told, [5]);
  fails = true;
  reading.set(6);
  pass(1000);
  await turn();
  fails = false;
  reading.flush();
  pass(0);
  await turn();
  reading.flush();
  pass(1000);
  assert.deepEqual(told, [5, 6, 6]);
  assert.equal(timers.size, 0);
});

const message = (seq: number, rev = 0) =>
  ({ id: `id ${seq}`, seq, rev, client_id: null, reactions: [] }) as unknown as Message;
const messages = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => message(from + i));

/** Fault F24: bounded at both ends. */
test('a window holds so many messages, dropping them at the other end', () => {
  const window = new LogWindow(10);
  const places = () => [window.first, ...window.messages.map(({ seq }) => seq), window.last];
  window.reset(messages(21, 25), 25);
  assert.equal(window.append(messages(24, 28)), false, 'an overlap is taken once');
  assert.deepEqual(places(), [21, 21, 22, 23, 24, 25, 26, 27, 28, 28]);
  assert.equal(window.append(messages(29, 35)), true);
  assert.deepEqual(places(), [26, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 35]);
  assert.equal(window.prepend(messages(10, 20)), false, 'there is a hole between');
  assert.equal(window.prepend(messages(22, 25)), true);
  assert.deepEqual(places(), [22, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 31]);
});

test('a window closes over voids, and keeps what is newer', () => {
  const window = new LogWindow(10);
  window.reset([], 0);
  window.append([{ seq: 1, void: true }, message(2), { seq: 3, void: true }]);
  assert.deepEqual([window.first, window.last, window.messages.length], [1, 3, 1]);
  const before = window.messages;
  assert.equal(window.replace(message(2, 5)), true);
  assert.equal(window.replace(message(2, 4)), false);
  assert.equal(window.replace(message(9, 6)), false);
  assert.deepEqual([before[0]?.rev, window.messages[0]?.rev], [0, 5], 'what was shown stays as it was');
});
