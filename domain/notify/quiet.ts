/** Quiet hours by the wall clock of a time zone, over changes of summer time. */
import { type QuietHours, WEEKDAYS } from './settings.schema.js';

const MINUTE = 60_000;
/** Quiet hours are shorter than a day; the hour more is for clocks that are put back. */
const LONGEST_MINUTES = 25 * 60;

/** When the quiet hours end in which `now` lies, both in milliseconds since 1970; undefined outside of them. */
export function quietUntil(hours: QuietHours, now: number): number | undefined {
  const read = wallClock(hours.timeZone);
  if (!isQuiet(hours, read(now))) return undefined;
  // Clocks jump, so the end is looked for on the clock itself: first by quarters of an hour, then by minutes.
  const start = Math.floor(now / MINUTE) * MINUTE;
  let quarter = start;
  while (quarter - start < LONGEST_MINUTES * MINUTE && isQuiet(hours, read(quarter))) quarter += 15 * MINUTE;
  let end = Math.max(start, quarter - 15 * MINUTE);
  while (isQuiet(hours, read(end))) end += MINUTE;
  return end;
}

interface Wall {
  /** 0 is Monday. */
  readonly day: number;
  readonly minutes: number;
}

function isQuiet({ from, to, days }: QuietHours, { day, minutes }: Wall): boolean {
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const begins = (which: number): boolean => days === undefined || days.includes(WEEKDAYS[which]!);
  if (begin < end) return begins(day) && minutes >= begin && minutes < end;
  return (begins(day) && minutes >= begin) || (begins((day + 6) % 7) && minutes < end);
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));

function wallClock(timeZone: string): (at: number) => Wall {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    return {
      day: WEEKDAYS.indexOf(parts['weekday']!.toLowerCase() as (typeof WEEKDAYS)[number]),
      minutes: Number(parts['hour']) * 60 + Number(parts['minute']),
    };
  };
}
