/** `baton schedule`: schedules of the stack that is up. */
import { resolve } from 'node:path';
import { connectSchedules } from '../../config/client.js';
import { PRIORITIES } from '../../domain/priority.js';
import type { Firing, ScheduleAnswer } from '../../domain/schedules/api.schema.js';
import { durationText } from '../../domain/schedules/duration.js';
import type { ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import { runningStack } from '../../workers/stack/manifest.js';
import { apiKey, type Context } from '../context.js';
import { CommandEnd, EXIT, type ExitCode } from '../exit-codes.js';
import { duration, oneLine, table } from '../terminal.js';

type Client = ReturnType<typeof connectSchedules>;
interface Json {
  readonly json?: boolean;
}

export interface CreateFlags extends Json {
  readonly name?: string;
  readonly cron?: string[];
  readonly every?: string;
  readonly at?: string;
  readonly after?: string;
  readonly workflow?: string;
  readonly params?: string;
  readonly projectDir?: string;
  readonly timezone?: string;
  readonly jitter?: string;
  readonly overlap?: string;
  readonly catchUp?: string;
  readonly window?: string;
  readonly priority?: string;
  readonly paused?: boolean;
}

export async function listSchedules(context: Context, flags: Json): Promise<ExitCode> {
  const { enabled, items } = await clientOf(context).list();
  if (flags.json) context.stdout.write(`${JSON.stringify({ enabled, items })}\n`);
  else if (items.length === 0) context.stdout.write('There are no schedules yet; `baton schedule create` makes one.\n');
  else context.stdout.write(table(items.map(row)));
  if (!enabled) context.stderr.write('The settings file has switched the scheduler off.\n');
  return EXIT.green;
}

const row = (s: ScheduleAnswer): string[] => [
  s.id,
  whenText(s),
  s.timezone,
  s.paused ? 'paused' : `next ${minute(s.next[0])}`,
  s.last ? `last ${s.last.outcome ?? s.last.status} ${minute(s.last.startedAt)}` : 'never fired',
  s.work.workflow,
];

function whenText({ cron, everySeconds, at, after }: ScheduleAnswer): string {
  if (after) return `after ${after.schedule ?? after.workflow}${after.on === 'success' ? '' : ` (${after.on})`}`;
  if (at !== null) return `at ${minute(at)}`;
  return [...cron, ...(everySeconds === null ? [] : [`every ${durationText(everySeconds)}`])].join(' | ');
}

const minute = (at: string | null | undefined): string => (at ? at.slice(0, 16).replace('T', ' ') : '-');

export async function createSchedule(
  context: Context,
  given: { name?: string; cron?: string; workflow?: string },
  flags: CreateFlags,
): Promise<ExitCode> {
  const made = await clientOf(context).create(spelling(context, given, flags));
  context.stdout.write(flags.json ? `${JSON.stringify(made)}\n` : text(made));
  return EXIT.green;
}

function spelling(
  context: Context,
  given: { name?: string; cron?: string; workflow?: string },
  flags: CreateFlags,
): ScheduleSpelling {
  const both = (flag: string, one: unknown, other: unknown): void => {
    if (one !== undefined && other !== undefined)
      throw new CommandEnd(`The ${flag} is given twice; leave one away.`, EXIT.usage);
  };
  both('name', given.name, flags.name);
  both('cron string', given.cron, flags.cron);
  both('workflow', given.workflow, flags.workflow);
  const { priority, window } = flags;
  const cron = given.cron ?? flags.cron;
  const source =
    flags.projectDir === undefined
      ? {}
      : { source: { kind: 'directory', dir: resolve(context.cwd, flags.projectDir) } };
  const params = { ...objectOf(flags.params), ...source };
  const said = {
    name: given.name ?? flags.name,
    cron,
    every: flags.every,
    at: flags.at,
    after: flags.after,
    workflow: given.workflow ?? flags.workflow,
    timezone: flags.timezone,
    jitter: flags.jitter,
    overlap: flags.overlap,
    catchUp: flags.catchUp,
    window: window === undefined ? undefined : windowOf(window),
    priority: priority === undefined ? undefined : priorityOf(priority),
    paused: flags.paused,
    params: Object.keys(params).length === 0 ? undefined : params,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as ScheduleSpelling;
}

function windowOf(text: string): { from: string; to: string } {
  const match = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text);
  if (match) return { from: match[1]!, to: match[2]! };
  throw new CommandEnd(`--window takes hours such as 22:00-06:00, not "${text}".`, EXIT.usage);
}

function priorityOf(text: string): NonNullable<ScheduleSpelling['priority']> {
  if (/^[1-5]$/.test(text)) return Number(text);
  const word = PRIORITIES.find((each) => each === text);
  if (word) return word;
  throw new CommandEnd(`--priority is one of ${PRIORITIES.join(', ')}, or 1 to 5, not "${text}".`, EXIT.usage);
}

function objectOf(json: string | undefined): Record<string, unknown> {
  if (json === undefined) return {};
  try {
    const value: unknown = JSON.parse(json);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // The same sentence as for JSON that is no object.
  }
  throw new CommandEnd(`--params takes one JSON object, such as '{"full_suite":true}'.`, EXIT.usage);
}

export async function showSchedule(context: Context, id: string, flags: Json): Promise<ExitCode> {
  const client = clientOf(context);
  const schedule = await client.get(id);
  if (flags.json) {
    context.stdout.write(`${JSON.stringify(schedule)}\n`);
    return EXIT.green;
  }
  const { items } = await client.changes(id);
  const changes = items.slice(0, 10).map(({ verb, principal, at }) => `  ${minute(at)}  ${verb} by ${principal}\n`);
  context.stdout.write(`${text(schedule)}changes\n${changes.join('')}`);
  return EXIT.green;
}

function text(s: ScheduleAnswer): string {
  const rows = [
    ['id', s.id],
    ['name', s.name],
    ['when', `${whenText(s)} (${s.timezone})`],
    ['starts', s.work.workflow],
    ['priority', s.priority],
    ['owner', s.owner],
    ['state', s.paused ? `paused: ${s.note}` : 'going'],
    ['catch-up', durationText(s.catchUpSeconds)],
    ['overlap', s.overlap],
    ['window', s.window ? `${s.window.from}-${s.window.to}` : '-'],
    ['fired', `${s.fired} (${s.missed} missed, ${s.skipped} skipped)`],
    ['next', s.next.slice(0, 3).map(minute).join(', ') || '-'],
  ];
  return table(rows.map(([name, value]) => [name!, oneLine(value!, 300)]));
}

export async function deleteSchedule(context: Context, id: string): Promise<ExitCode> {
  await clientOf(context).remove(id);
  context.stdout.write(`Schedule ${id} is deleted.\n`);
  return EXIT.green;
}

export async function pauseSchedule(context: Context, id: string, { reason }: { reason: string }): Promise<ExitCode> {
  const { note } = await clientOf(context).pause(id, reason);
  context.stdout.write(`Schedule ${id} is paused: ${oneLine(note, 300)}\n`);
  return EXIT.green;
}

export async function resumeSchedule(context: Context, id: string, { reason }: { reason: string }): Promise<ExitCode> {
  const { next } = await clientOf(context).resume(id, reason);
  context.stdout.write(`Schedule ${id} goes on; next ${minute(next[0])}.\n`);
  return EXIT.green;
}

export async function triggerSchedule(context: Context, id: string): Promise<ExitCode> {
  await clientOf(context).trigger(id);
  context.stdout.write(`Schedule ${id} fires now; \`baton schedule history ${id}\` shows what comes of it.\n`);
  return EXIT.green;
}

export async function backfillSchedule(
  context: Context,
  id: string,
  { from, to, overlap }: { from: string; to: string; overlap: string },
): Promise<ExitCode> {
  if (overlap !== 'buffer-all' && overlap !== 'allow-all')
    throw new CommandEnd(`--overlap is buffer-all or allow-all, not "${overlap}".`, EXIT.usage);
  const stretch = { from: instant('--from', from), to: instant('--to', to), overlap } as const;
  const { items } = await clientOf(context).backfill(id, stretch);
  context.stdout.write(`Schedule ${id} fires for ${items.length} time${items.length === 1 ? '' : 's'} of the past.\n`);
  return EXIT.green;
}

function instant(flag: string, given: string): string {
  const ms = Date.parse(given);
  if (/^\d{4}-\d\d-\d\d/.test(given) && !Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new CommandEnd(`${flag} takes an instant such as 2026-03-01T00:00Z, not "${given}".`, EXIT.usage);
}

export async function nextFirings(
  context: Context,
  id: string,
  flags: Json & { count: number; from?: string },
): Promise<ExitCode> {
  const from = flags.from === undefined ? undefined : instant('--from', flags.from);
  const times = await clientOf(context).next(id, flags.count, from);
  context.stdout.write(flags.json ? `${JSON.stringify(times)}\n` : times.items.map((at) => `${at}\n`).join(''));
  return EXIT.green;
}

export async function scheduleHistory(
  context: Context,
  id: string,
  flags: Json & { limit: number },
): Promise<ExitCode> {
  const list = await clientOf(context).history(id, flags.limit);
  if (flags.json) context.stdout.write(`${JSON.stringify(list)}\n`);
  else if (list.items.length === 0) context.stdout.write(`Schedule ${id} has not fired yet.\n`);
  else context.stdout.write(table(list.items.map(firingRow)));
  return EXIT.green;
}

const firingRow = (f: Firing): string[] => [
  minute(f.startedAt),
  f.cause,
  f.outcome ?? f.status,
  f.durationMs === null ? '' : duration(f.durationMs),
  f.run ?? f.execution,
  oneLine(f.sentence ?? '', 100),
];

function clientOf(context: Context): Client {
  const { settings } = context;
  const url = settings.apiUrl || runningStack(settings.home)?.api;
  if (!url) throw new CommandEnd('Nothing is up; `baton up --detach` starts it.', EXIT.unknown);
  return connectSchedules(url, apiKey(settings));
}
