/**
 * Five fields as crontab reads them. What Temporal, crontab and Quartz would read differently is refused with the reason;
 * what is accepted is handed on as plain numbers, so that only one reading is left.
 */

export type CronField = 'minute' | 'hour' | 'dayOfMonth' | 'month' | 'dayOfWeek';

/** Sorted numbers of every field; Sunday is 0. */
export interface Cron {
  readonly minute: readonly number[];
  readonly hour: readonly number[];
  readonly dayOfMonth: readonly number[];
  readonly month: readonly number[];
  readonly dayOfWeek: readonly number[];
  /** Only numbers, commas, ranges and stars: what the server is given. */
  readonly text: string;
}

/** What is wrong with a cron string and what to write instead, in one sentence. */
export class BadCron extends Error {
  override readonly name = 'BadCron';
}

interface Shape {
  readonly field: CronField;
  readonly title: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const SHAPES: readonly Shape[] = [
  { field: 'minute', title: 'minute', min: 0, max: 59 },
  { field: 'hour', title: 'hour', min: 0, max: 23 },
  { field: 'dayOfMonth', title: 'day of month', min: 1, max: 31 },
  { field: 'month', title: 'month', min: 1, max: 12, names: MONTHS },
  { field: 'dayOfWeek', title: 'day of week', min: 0, max: 7, names: DAYS },
];

const MACROS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const LONGEST = 200;
const LONGEST_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Throws `BadCron`. */
export function parseCron(given: string): Cron {
  const text = given.trim();
  refuseOtherDialects(text);
  const macro = MACROS[text.toLowerCase()];
  if (text.startsWith('@') && macro === undefined)
    throw new BadCron(`${text} is not known. Known are ${Object.keys(MACROS).join(', ')} and five fields.`);
  const words = (macro ?? text).split(/[ \t]+/);
  refuseOtherLengths(words);
  const [minute, hour, dayOfMonth, month, days] = SHAPES.map((shape, i) => numbersOf(words[i]!, shape)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  if (words[2] !== '*' && words[4] !== '*') throw new BadCron(bothDays(words));
  const dayOfWeek = sorted(days.map((day) => day % 7));
  refuseNever(dayOfMonth, month, text);
  const fields = [minute, hour, dayOfMonth, month, dayOfWeek];
  const line = fields.map((numbers, i) => canonical(numbers, SHAPES[i]!)).join(' ');
  return { minute, hour, dayOfMonth, month, dayOfWeek, text: line };
}

function refuseOtherDialects(text: string): void {
  if (text === '') throw new BadCron('A cron string is missing. Five fields are wanted, such as `0 2 * * *`.');
  if (text.length > LONGEST) throw new BadCron(`A cron string has at most ${LONGEST} characters.`);
  if (/[\n\r]/.test(text)) throw new BadCron('A cron string is one line. Several are written as a list.');
  if (/^(CRON_)?TZ=/i.test(text))
    throw new BadCron('A time zone inside the cron string is not read. Set `timezone` beside it.');
  if (text.includes('#'))
    throw new BadCron(
      'Temporal drops everything from `#` on as a comment, so that `1#2` would be every Monday. The second Monday of a month cannot be said in cron.',
    );
  if (/^@reboot$/i.test(text)) throw new BadCron('@reboot has no time. Use a trigger, or run the workflow by hand.');
  if (text.includes('?')) throw new BadCron('`?` is Quartz, not crontab. Write `*`.');
  if (text.includes('~')) throw new BadCron('`~` (a random time) is not known to Temporal. Set `jitter` instead.');
}

function refuseOtherLengths(words: readonly string[]): void {
  if (words.length === 5) return;
  const line = words.join(' ');
  if (words.length === 6)
    throw new BadCron(
      `"${line}" has six fields: Temporal would read the last one as the year, Quartz the first one as seconds. Write five fields.`,
    );
  if (words.length === 7)
    throw new BadCron(
      `"${line}" has seven fields, with seconds and year, which crontab does not know. Write five fields, or \`every\` for less than a minute.`,
    );
  throw new BadCron(`"${line}" has ${words.length} field${words.length === 1 ? '' : 's'}; five are wanted.`);
}

/** crontab fires when one of the two matches, Temporal only when both do. */
function bothDays([minute, hour, dom, month, dow]: readonly string[]): string {
  const two = `["${minute} ${hour} ${dom} ${month} *", "${minute} ${hour} * ${month} ${dow}"]`;
  return `crontab fires when the day of month or the day of week matches, Temporal only when both do. Write one of them as \`*\`; for "either", give a list: ${two}.`;
}

function refuseNever(dayOfMonth: readonly number[], month: readonly number[], text: string): void {
  if (month.some((m) => dayOfMonth.some((d) => d <= LONGEST_MONTH[m - 1]!))) return;
  throw new BadCron(`"${text}" never fires: no such day is in these months.`);
}

function numbersOf(word: string, shape: Shape): number[] {
  return sorted(word.split(',').flatMap((part) => partOf(part, word, shape)));
}

function partOf(part: string, word: string, shape: Shape): number[] {
  const wrong = (why: string): BadCron => new BadCron(`The ${shape.title} "${word}" is wrong: ${why}`);
  const [range = '', step, more] = part.split('/');
  if (more !== undefined) throw wrong('there is more than one `/`.');
  const [from, to] = boundsOf(range, shape, wrong);
  if (step === undefined) return numbers(from, to, 1);
  if (range !== '*' && !range.includes('-'))
    throw wrong(`crontab and Temporal disagree about a single number with a step. Write ${from}-${shape.max}/${step}.`);
  if (!/^\d{1,4}$/.test(step) || Number(step) === 0) throw wrong(`the step "${step}" is no number above 0.`);
  if (Number(step) > shape.max - shape.min)
    throw wrong(`the step ${step} is longer than the field, so that only ${from} would be left. Write ${from}.`);
  return numbers(from, to, Number(step));
}

function boundsOf(range: string, shape: Shape, wrong: (why: string) => BadCron): [number, number] {
  if (range === '*') return [shape.min, shape.max];
  const [first = '', last, more] = range.split('-');
  if (more !== undefined || first === '') throw wrong(`"${range}" is no range such as ${shape.min}-${shape.max}.`);
  const from = numberOf(first, shape, wrong);
  const to = last === undefined ? from : numberOf(last, shape, wrong);
  if (from > to)
    throw wrong(`the range goes backwards. Write ${from}-${shape.max},${shape.min}-${to}, or the numbers one by one.`);
  return [from, to];
}

function numberOf(word: string, { title, min, max, names }: Shape, wrong: (why: string) => BadCron): number {
  const named = names?.indexOf(word.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (/^(L|LW|\d*W|\d*L)$/i.test(word))
    throw wrong(`"${word}" is Quartz (last day, nearest weekday); it cannot be said in cron.`);
  if (/^H(\(.*)?$/i.test(word)) throw wrong('`H` is Jenkins. Write a number, and set `jitter` to spread the load.');
  if (!/^\d{1,4}$/.test(word))
    throw wrong(
      names ? `write numbers or ${names[0]}, ${names[1]} … (three letters).` : `"${word}" is no whole number.`,
    );
  const value = Number(word);
  if (value < min || value > max) throw wrong(`a ${title} is a number from ${min} to ${max}.`);
  return value;
}

function numbers(from: number, to: number, step: number): number[] {
  const all: number[] = [];
  for (let n = from; n <= to; n += step) all.push(n);
  return all;
}

const sorted = (all: readonly number[]): number[] => [...new Set(all)].sort((a, b) => a - b);

/** Runs of numbers as ranges; everything as a star. */
function canonical(all: readonly number[], { field, min, max }: Shape): string {
  const size = field === 'dayOfWeek' ? 7 : max - min + 1;
  if (all.length === size) return '*';
  const parts: string[] = [];
  for (let i = 0; i < all.length; ) {
    let end = i;
    while (all[end + 1] === all[end]! + 1) end++;
    const span = end - i;
    if (span >= 2) parts.push(`${all[i]}-${all[end]}`);
    else parts.push(...all.slice(i, end + 1).map(String));
    i = end + 1;
  }
  return parts.join(',');
}
