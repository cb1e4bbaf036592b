import { type Command, Option } from 'commander';
import { wholeNumber } from '../check.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import {
  backfillSchedule,
  createSchedule,
  deleteSchedule,
  listSchedules,
  nextFirings,
  pauseSchedule,
  resumeSchedule,
  scheduleHistory,
  showSchedule,
  triggerSchedule,
} from './schedule.js';

type End = (code: ExitCode) => void;

/** `baton schedule …`; a name alone fires that schedule, and `baton schedules` lists them. */
export function scheduleCommands(program: Command, context: Context, end: End): void {
  const schedule = program
    .command('schedule')
    .description(
      'schedules: list, create, show, pause, resume, trigger, backfill, next, history, delete; a name alone fires it',
    )
    .argument('[name]', 'schedule to fire now')
    .action(async (name: string | undefined) =>
      end(name === undefined ? await listSchedules(context, {}) : await triggerSchedule(context, name)),
    );
  const list = async (flags: { json?: boolean }): Promise<void> => end(await listSchedules(context, flags));
  schedule
    .command('list')
    .description('all, with next and last firing')
    .option('--json', 'print one JSON object')
    .action(list);
  program
    .command('schedules')
    .description('the same as `schedule list`')
    .option('--json', 'print one JSON object')
    .action(list);
  creating(schedule, context, end);
  one(schedule, 'show', 'what it is, when it fires, who changed it')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await showSchedule(context, id, flags)));
  one(schedule, 'delete', 'delete it; what it has started goes on').action(async (id: string) =>
    end(await deleteSchedule(context, id)),
  );
  one(schedule, 'pause', 'let it fire no more until `resume`')
    .option('--reason <text>', 'why; it is shown with the schedule', '')
    .action(async (id: string, flags) => end(await pauseSchedule(context, id, flags)));
  one(schedule, 'resume', 'let it fire again')
    .option('--reason <text>', 'why', '')
    .action(async (id: string, flags) => end(await resumeSchedule(context, id, flags)));
  one(schedule, 'trigger', 'fire it now, also while it is paused').action(async (id: string) =>
    end(await triggerSchedule(context, id)),
  );
  one(schedule, 'backfill', 'fire everything that lay in a stretch of the past')
    .requiredOption('--from <instant>', 'such as 2026-03-01T00:00Z')
    .requiredOption('--to <instant>', 'such as 2026-03-08T00:00Z')
    .option('--overlap <policy>', 'buffer-all (one after the other) or allow-all', 'buffer-all')
    .action(async (id: string, flags) => end(await backfillSchedule(context, id, flags)));
  one(schedule, 'next', 'when it will fire, as the Temporal server says')
    .addOption(new Option('--count <n>', 'how many').argParser(wholeNumber('--count', 1, 1000)).default(10))
    .option('--from <instant>', 'after this instant (default: now)')
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await nextFirings(context, id, flags)));
  one(schedule, 'history', 'its firings, newest first')
    .addOption(new Option('--limit <n>', 'how many').argParser(wholeNumber('--limit', 1, 200)).default(50))
    .option('--json', 'print one JSON object')
    .action(async (id: string, flags) => end(await scheduleHistory(context, id, flags)));
}

const one = (schedule: Command, word: string, description: string): Command =>
  schedule.command(word).argument('<id>', 'id of the schedule').description(description);

function creating(schedule: Command, context: Context, end: End): void {
  schedule
    .command('create')
    .argument('[name]', 'name of the schedule')
    .argument('[cron]', 'five fields, or words such as "daily at 02:00"')
    .argument('[workflow]', 'what it starts: a workflow, a stored definition, or `run` for a test run')
    .description('make a schedule; everything can be given by flags as well')
    .option('--name <name>', 'name of the schedule')
    .option(
      '--cron <line>',
      'cron string or words (repeatable: it fires when one of them does)',
      (line: string, before: string[] | undefined) => [...(before ?? []), line],
    )
    .option('--every <length>', 'interval, such as 15m')
    .option('--at <instant>', 'fire once, such as at 2030-01-01T00:00Z')
    .option('--after <schedule>', 'start when this schedule’s run has succeeded')
    .option('--workflow <name>', 'what it starts')
    .option('--params <json>', 'input of the workflow as one JSON object')
    .option('--project-dir <dir>', 'test the project in this directory (the input’s `source`)')
    .option('--timezone <zone>', 'IANA time zone of the cron strings (default: UTC)')
    .option('--jitter <length>', 'put each firing off by a random time up to this')
    .option('--overlap <policy>', 'skip (default), buffer-one, buffer-all, cancel-other, allow-all')
    .option('--catch-up <length>', 'make up for firings missed within this time')
    .option('--window <from-to>', 'let a run wait for idle machines inside these hours, such as 22:00-06:00')
    .option('--priority <priority>', 'critical, high, medium, low, background, or 1 to 5')
    .option('--paused', 'make it paused')
    .option('--json', 'print one JSON object')
    .action(async (name, cron, workflow, flags) => end(await createSchedule(context, { name, cron, workflow }, flags)));
}
