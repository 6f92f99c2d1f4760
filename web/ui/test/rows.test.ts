/** What is shown as one, and how days are called: without a browser, at fixed times. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from 'parlour-client';

process.env.TZ = 'Europe/Berlin';
const { rowsOf } = await import('../src/rows.ts');
const { ago, dayLabel, rowTime } = await import('../src/dates.ts');
const { languages, setLanguage, t } = await import('../src/locale.ts');

let seq = 0;

function said(sender_id: string, created_at: string, more: object = {}): Entry {
  seq += 1;
  const common = {
    key: `m${seq}`,
    status: 'sent',
    seq,
    type: 'text',
    sender_type: 'user',
    reactions: [],
    rev: 0,
  };
  return {
    ...common,
    id: `m${seq}`,
    room_id: 'r',
    body: '',
    sender_id,
    created_at,
    ...more,
  } as unknown as Entry;
}

function shape(...entries: Entry[]): string[] {
  return rowsOf(entries, 'me', null).map((row) =>
    row.kind === 'message' && row.isGrouped ? 'grouped' : row.kind,
  );
}

/** Mission D6: 59 seconds after the previous message is one group, 61 seconds is another. */
test('a minute between two messages of one sender decides whether they are one', () => {
  const start = Date.parse('2030-06-10T10:00:00Z');
  const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
  assert.deepEqual(shape(said('bob', at(0)), said('bob', at(59))), ['day', 'message', 'grouped']);
  assert.deepEqual(shape(said('bob', at(0)), said('bob', at(61))), ['day', 'message', 'message']);
  // From the previous message, not from the first of the group.
  assert.deepEqual(shape(said('bob', at(0)), said('bob', at(59)), said('bob', at(118))).slice(-1), [
    'grouped',
  ]);
  assert.deepEqual(shape(said('bob', at(0)), said('me', at(1))), ['day', 'message', 'message']);
});

test('a day, or the line before what is unread, ends a group', () => {
  const late = said('bob', '2030-06-10T21:59:50Z');
  const early = said('bob', '2030-06-10T22:00:10Z');
  assert.deepEqual(shape(late, early), ['day', 'message', 'day', 'message']);
  const [a, b] = [said('bob', '2030-06-10T10:00:00Z'), said('bob', '2030-06-10T10:00:05Z')];
  const rows = rowsOf([a, b], 'me', a.seq);
  assert.deepEqual(
    rows.map(({ kind }) => kind),
    ['day', 'message', 'unread', 'message'],
  );
});

/** Mission D4: in the viewer's time zone. */
test('days are called Today, Yesterday and Jun 10', async () => {
  await setLanguage(['en-US']);
  const now = new Date('2030-06-12T10:00:00Z');
  assert.equal(dayLabel(new Date('2030-06-11T22:30:00Z'), now), 'Today');
  assert.equal(dayLabel(new Date('2030-06-11T21:30:00Z'), now), 'Yesterday');
  assert.equal(dayLabel(new Date('2030-06-10T12:00:00Z'), now), 'Jun 10');
  assert.equal(dayLabel(new Date('2029-06-10T12:00:00Z'), now), 'Jun 10, 2029');
  assert.equal(
    dayLabel(new Date('2029-01-29T12:00:00Z'), new Date('2029-02-03'), 'desk'),
    'Monday, January 29',
  );
  assert.equal(rowTime(new Date('2030-06-12T08:05:00Z'), now), '10:05 AM');
});

test('a day stays a day when the clocks change', async () => {
  await setLanguage(['en-US']);
  const now = new Date('2030-03-31T10:00:00Z');
  assert.equal(dayLabel(new Date('2030-03-30T23:30:00Z'), now), 'Today');
  assert.equal(dayLabel(new Date('2030-03-30T22:30:00Z'), now), 'Yesterday');
});

test('how long ago something was', async () => {
  await setLanguage(['en-US']);
  const now = new Date('2030-06-12T10:00:00Z');
  const before = (ms: number) => ago(new Date(now.getTime() - ms), now);
  assert.deepEqual(
    [before(10_000), before(120_000), before(3_600_000)],
    ['now', '2 minutes ago', '1 hour ago'],
  );
  assert.equal(before(-60_000), 'now');
});

test('every language has every text, with the same names in it', async () => {
  const names = (text: unknown) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
  const english = await languages.en();
  for (const [language, load] of Object.entries(languages)) {
    const texts = await load();
    for (const [key, text] of Object.entries(english))
      assert.deepEqual(names(texts[key as keyof typeof texts]), names(text), `${language}: ${key}`);
  }
  await setLanguage(['xx', 'de-AT', 'en']);
  assert.equal(t('messages', { n: 2 }), '2 Nachrichten');
});
