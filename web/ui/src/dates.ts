import { localeTag, t } from './locale.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The calendar's day in the viewer's time zone, as a number that grows by one each day. */
function dayNumber(at: Date): number {
  return Math.round(Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) / DAY);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Formats are slow to make, and the same ones are wanted for each message. */
function format(at: Date, options: Intl.DateTimeFormatOptions): string {
  const key = localeTag() + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(localeTag(), options);
    formats.set(key, made);
  }
  return made.format(at);
}

/** How days are named: `chat` says Today, Yesterday, Jun 10; `desk` says Monday, January 29. */
export type DayForm = 'chat' | 'desk';

export function dayLabel(at: Date, now: Date, form: DayForm = 'chat'): string {
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  if (form === 'desk') return format(at, { weekday: 'long', month: 'long', day: 'numeric', ...year });
  const ago = dayNumber(now) - dayNumber(at);
  if (ago === 0) return t('today');
  if (ago === 1) return t('yesterday');
  return format(at, { month: 'short', day: 'numeric', ...year });
}

export function isSameDay(a: Date, b: Date): boolean {
  return dayNumber(a) === dayNumber(b);
}

export function timeOf(at: Date): string {
  return format(at, { hour: 'numeric', minute: '2-digit' });
}

export function dateOf(at: Date): string {
  return format(at, { year: 'numeric', month: 'long', day: 'numeric' });
}

export function dateAndTime(at: Date): string {
  return format(at, { year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
}

/** When something was, in a row of a list: the time today, else the day. */
export function rowTime(at: Date, now: Date): string {
  return isSameDay(at, now) ? timeOf(at) : dayLabel(at, now);
}

const STEPS = [
  { unit: 'year', ms: 365 * DAY },
  { unit: 'month', ms: 30 * DAY },
  { unit: 'week', ms: 7 * DAY },
  { unit: 'day', ms: DAY },
  { unit: 'hour', ms: HOUR },
  { unit: 'minute', ms: MINUTE },
] as const;

/** “2 minutes ago”. A clock that is a little behind shows nothing in the future. */
export function ago(at: Date, now: Date): string {
  const ms = Math.max(0, now.getTime() - at.getTime());
  const words = new Intl.RelativeTimeFormat(localeTag(), { numeric: 'auto' });
  const step = STEPS.find((it) => ms >= it.ms);
  return step ? words.format(-Math.floor(ms / step.ms), step.unit) : words.format(0, 'second');
}

/** Whole days between two moments. */
export function daysBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / DAY));
}
