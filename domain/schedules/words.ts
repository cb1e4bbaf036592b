/** Rhythms in words: `hourly`, `every 4 hours`, `daily at 02:00`, `weekdays at 9am`, `weekly on sunday at 03:00`. */
import { BadCron } from './cron.js';
import { secondsOf } from './duration.js';

export type Rhythm = { readonly cron: string } | { readonly everySeconds: number };

const PLAIN: Readonly<Record<string, string>> = {
  hourly: '0 * * * *',
  daily: '0 0 * * *',
  nightly: '0 2 * * *',
  weekly: '0 0 * * 0',
  monthly: '0 0 1 * *',
  yearly: '0 0 1 1 *',
  weekdays: '0 0 * * 1-5',
  weekends: '0 0 * * 0,6',
};

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const EXAMPLES = '`hourly`, `every 4 hours`, `daily at 02:00`, `weekdays at 09:00`, `weekly on sunday at 03:00`';

/** Undefined when these are no words but may be a cron string. Throws `BadCron` for words that say no time. */
export function rhythmOf(given: string): Rhythm | undefined {
  const text = given.trim().toLowerCase().replaceAll(/ +/g, ' ');
  if (text.startsWith('@every ')) return { everySeconds: lengthOf(text.slice('@every '.length), given) };
  if (!/^[a-z]/.test(text) || /^(cron_)?tz=/.test(text)) return undefined;
  if (Object.hasOwn(PLAIN, text)) return { cron: PLAIN[text]! };
  const every = /^every (?:(\d+) )?([a-z]+)$/.exec(text);
  if (every && !DAYS.includes(every[2]!)) return { everySeconds: lengthOf(`${every[1] ?? 1} ${every[2]}`, given) };
  const at = /^(daily|nightly|every day|weekdays|weekends|every (\w+)|weekly on (\w+))(?: at (.+))?$/.exec(text);
  if (!at) throw unknown(given);
  const { hour, minute } = timeOf(at[4] ?? '00:00', given);
  const day = at[2] === 'day' ? undefined : (at[2] ?? at[3]);
  if (day !== undefined) {
    const number = DAYS.findIndex((name) => name === day || name.slice(0, 3) === day);
    if (number < 0) throw unknown(given);
    return { cron: `${minute} ${hour} * * ${number}` };
  }
  const days = at[1] === 'weekdays' ? '1-5' : at[1] === 'weekends' ? '0,6' : '*';
  return { cron: `${minute} ${hour} * * ${days}` };
}

function lengthOf(text: string, given: string): number {
  const seconds = secondsOf(text);
  if (seconds === undefined) throw unknown(given);
  return seconds;
}

/** `02:00`, `2`, `2am`, `2:30 pm`, `midnight`, `noon`. */
function timeOf(text: string, given: string): { hour: number; minute: number } {
  if (text === 'midnight') return { hour: 0, minute: 0 };
  if (text === 'noon') return { hour: 12, minute: 0 };
  const match = /^(\d{1,2})(?::(\d{2}))? ?(am|pm)?$/.exec(text);
  const [hour, minute, half] = [Number(match?.[1]), Number(match?.[2] ?? 0), match?.[3]];
  if (!match || minute > 59 || hour > (half ? 12 : 23) || (half && hour === 0)) throw unknown(given);
  return { hour: half ? (hour % 12) + (half === 'pm' ? 12 : 0) : hour, minute };
}

const unknown = (given: string): BadCron =>
  new BadCron(`"${given.slice(0, 80)}" is neither a cron string nor words that are known, such as ${EXAMPLES}.`);
