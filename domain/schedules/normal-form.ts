/** Every spelling of a schedule becomes its normal form, or one sentence that says what is wrong. */
import { z } from 'zod';
import { PRIORITIES } from '../priority.js';
import { BadCron, parseCron } from './cron.js';
import { secondsOf } from './duration.js';
import { cronFirings, first, intervalFirings, merged } from './firings.js';
import { OVERLAPS, Schedule, type ScheduleSpelling } from './schedule.schema.js';
import { isZone } from './zone.js';
import { rhythmOf } from './words.js';

/** What is wrong, with the key it is about. */
export class BadSchedule extends Error {
  override readonly name = 'BadSchedule';
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

export interface NormalForm {
  readonly schedule: Schedule;
  readonly paused: boolean;
  readonly note: string;
}

/** The least the server makes up for. */
const LEAST_CATCH_UP_S = 10;
/** Half of a month is long enough to forget why a run was wanted. */
const LONGEST_CATCH_UP_S = 12 * 3600;
const LOOKED_AT = 20;

export interface MadeBy {
  readonly owner: Schedule['owner'];
  readonly createdBy: string;
  readonly nowMs: number;
}

/** Throws `BadSchedule`. */
export function normalForm(given: ScheduleSpelling, { owner, createdBy, nowMs }: MadeBy): NormalForm {
  const one = <T>(...names: (keyof ScheduleSpelling)[]): T | undefined => oneOf<T>(given, names);
  const workflow = one<string>('workflow', 'workflow_id', 'definition');
  if (workflow === undefined)
    throw new BadSchedule('workflow', 'says what to start: the name of a workflow is missing.');
  const timezone = one<string>('timezone', 'time_zone', 'tz') ?? 'UTC';
  if (!isZone(timezone))
    throw new BadSchedule(
      'timezone',
      `${timezone} is no time zone: write a name of the IANA database such as Europe/Berlin, or UTC.`,
    );
  const times = timesOf(one<string | string[]>('cron', 'schedule'), one<string | number>('every', 'interval'));
  const at = given.at === undefined ? null : instantOf(given.at, nowMs);
  const after =
    typeof given.after === 'string' ? { schedule: given.after, on: 'success' as const } : (given.after ?? null);
  const kinds = [times.cron.length > 0 || times.everySeconds !== null, at !== null, after !== null].filter(Boolean);
  if (kinds.length !== 1)
    throw new BadSchedule('cron', 'says when, in exactly one way: `cron` (or `every`), `at`, or `after`.');
  const name = given.name ?? given.id;
  if (name === undefined) throw new BadSchedule('name', 'is missing.');
  const when = { ...times, at, after, timezone };
  const catchUp = seconds('catchUp', one<string | number>('catchUp', 'catch_up'));
  const parsed = Schedule.safeParse({
    ...when,
    id: given.id ?? idOf(name),
    name,
    jitterSeconds:
      given.jitter === undefined || given.jitter === 0 || given.jitter === '0' ? 0 : seconds('jitter', given.jitter),
    overlap: given.overlap === undefined ? undefined : overlapOf(given.overlap),
    catchUpSeconds: Math.max(catchUp ?? usualCatchUp(when, nowMs), LEAST_CATCH_UP_S),
    window: given.window ?? null,
    pauseAfterFailures: given.pauseAfterFailures ?? null,
    priority: typeof given.priority === 'number' ? PRIORITIES[given.priority - 1] : given.priority,
    retry: given.retry,
    work: { workflow, params: one('params', 'parameters') ?? {} },
    owner,
    createdBy,
    project: given.project ?? null,
  });
  if (!parsed.success) throw issue(parsed.error, given);
  return { schedule: parsed.data, paused: given.paused ?? false, note: given.note ?? '' };
}

function oneOf<T>(given: ScheduleSpelling, names: readonly (keyof ScheduleSpelling)[]): T | undefined {
  const said = names.filter((name) => given[name] !== undefined);
  if (said.length > 1) throw new BadSchedule(said[1]!, `says the same as \`${said[0]}\`: keep one of them.`);
  return said[0] === undefined ? undefined : (given[said[0]] as T);
}

interface Times {
  readonly cron: string[];
  readonly everySeconds: number | null;
}

function timesOf(lines: string | readonly string[] | undefined, every: string | number | undefined): Times {
  const cron: string[] = [];
  const lengths: number[] = every === undefined ? [] : [seconds('every', every)!];
  for (const line of lines === undefined ? [] : [lines].flat()) {
    try {
      const rhythm = rhythmOf(line) ?? { cron: line };
      if ('cron' in rhythm) {
        parseCron(rhythm.cron);
        cron.push(rhythm.cron.trim());
      } else lengths.push(rhythm.everySeconds);
    } catch (error) {
      if (error instanceof BadCron) throw new BadSchedule('cron', error.message);
      throw error;
    }
  }
  if (lengths.length > 1) throw new BadSchedule('every', 'is said more than once: a schedule has one interval.');
  return { cron, everySeconds: lengths[0] ?? null };
}

function seconds(path: string, given: string | number | undefined): number | undefined {
  if (given === undefined) return undefined;
  const found = secondsOf(given);
  if (found === undefined) throw new BadSchedule(path, `"${given}" is no length of time such as 90, 15m or 4h.`);
  return found;
}

function instantOf(text: string, nowMs: number): string {
  const at = z.iso
    .datetime({ offset: true, local: false })
    .safeParse(/T\d\d:\d\dZ$/.test(text) ? text.replace('Z', ':00Z') : text);
  if (!at.success) throw new BadSchedule('at', `"${text}" is no instant with its offset, such as 2030-01-01T00:00Z.`);
  const ms = Date.parse(at.data);
  if (ms <= nowMs) throw new BadSchedule('at', `${text} is over.`);
  // The server knows no parts of a second; never before the time that was asked for.
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString();
}

function overlapOf(given: string): string {
  const word = given.toLowerCase().replaceAll(/[_ ]/g, '-');
  if ((OVERLAPS as readonly string[]).includes(word)) return word;
  throw new BadSchedule('overlap', `"${given}" is not known. Known are ${OVERLAPS.join(', ')}.`);
}

/** `Daily API Tests` becomes `daily-api-tests`. */
function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._]+/g, '-')
    .replaceAll(/^[-._]+|-+$/g, '')
    .slice(0, 100);
  if (id === '') throw new BadSchedule('id', `cannot be made from the name "${name}": set \`id\`.`);
  return id;
}

/** When a schedule fires by the clock, after an instant, as it should be. */
export function expectedFirings(
  { cron, everySeconds, at, timezone }: Pick<Schedule, 'cron' | 'everySeconds' | 'at' | 'timezone'>,
  afterMs: number,
): Generator<number> {
  const once = at === null ? [] : [instants([Date.parse(at)].filter((ms) => ms > afterMs))];
  return merged([
    ...cron.map((line) => cronFirings(parseCron(line), timezone, afterMs)),
    ...(everySeconds === null ? [] : [intervalFirings(everySeconds, 0, afterMs)]),
    ...once,
  ]);
}

function* instants(all: readonly number[]): Generator<number> {
  yield* all;
}

/** Half the shortest time between two of the next firings, at most half a day: what is older is the next one's matter. */
function usualCatchUp(when: Pick<Schedule, 'cron' | 'everySeconds' | 'at' | 'timezone'>, nowMs: number): number {
  const next = first(expectedFirings(when, nowMs), LOOKED_AT);
  const gaps = next.slice(1).map((at, i) => (at - next[i]!) / 1000);
  const shortest = gaps.length === 0 ? Infinity : Math.min(...gaps);
  return Math.max(LEAST_CATCH_UP_S, Math.min(Math.floor(shortest / 2), LONGEST_CATCH_UP_S));
}

function issue(error: z.ZodError, given: ScheduleSpelling): BadSchedule {
  const { path, message } = error.issues[0]!;
  const where = path.join('.');
  const value = where === 'id' ? `"${given.id ?? given.name}" ` : '';
  return new BadSchedule(where, `${value}${message.endsWith('.') ? message : `${message}.`}`);
}
