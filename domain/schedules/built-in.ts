/** The five schedules that every installation has, and what the settings file adds to them. */
import type { Priority } from '../priority.js';
import { BadSchedule, normalForm } from './normal-form.js';
import type { NewSchedule } from './port.js';
import { PAUSED_BY_FILE } from './reconcile.js';
import type { ScheduleSpelling } from './schedule.schema.js';
import type { BuiltInName, SchedulerSettings } from './settings.schema.js';

interface BuiltIn {
  readonly name: string;
  readonly cron: string;
  readonly priority: Priority;
  /** Undefined: all. */
  readonly suites?: readonly string[];
  /** Heavy: placed inside the hours of little work. */
  readonly offPeak?: boolean;
}

export const BUILT_IN: Readonly<Record<BuiltInName, BuiltIn>> = {
  'smoke-tests': { name: 'Smoke tests', cron: '0 * * * *', priority: 'medium', suites: ['smoke'] },
  integration: { name: 'Integration', cron: '0 */4 * * *', priority: 'high', suites: ['integration'] },
  'daily-full-suite': { name: 'Full suite', cron: '30 0 * * *', priority: 'high' },
  performance: {
    name: 'Performance',
    cron: '',
    priority: 'medium',
    suites: ['performance', 'load'],
    offPeak: true,
  },
  'ai-quality': { name: 'AI quality', cron: '0 2 * * *', priority: 'critical', suites: ['ai-quality', 'ai-accuracy'] },
};

export const NO_SOURCE = `${PAUSED_BY_FILE}set \`scheduler.source\` there; nothing says yet what is tested.`;

/** Everything that the settings file owns. Throws `BadSchedule` with the path of the entry. */
export function ownedBySettings(settings: SchedulerSettings, nowMs: number): NewSchedule[] {
  const builtIn = (Object.keys(BUILT_IN) as BuiltInName[])
    .filter((id) => settings.builtIn[id]?.enabled !== false)
    .map((id) => builtInOf(id, settings, nowMs));
  const entries = settings.schedules.map((entry, i) =>
    at(`scheduler.schedules.${i}`, () =>
      pausedByFile(
        normalForm(withZone(entry, settings), { owner: 'settings', createdBy: 'settings', nowMs: since(entry, nowMs) }),
      ),
    ),
  );
  const seen = new Set<string>();
  for (const [i, { schedule }] of [...entries, ...builtIn].entries()) {
    if (seen.has(schedule.id)) {
      const where = i < entries.length ? `${i}` : entries.findIndex((entry) => entry.schedule.id === schedule.id);
      throw new BadSchedule(
        `scheduler.schedules.${where}`,
        `the id "${schedule.id}" is used twice; give this one another \`id\`.`,
      );
    }
    seen.add(schedule.id);
  }
  return [...builtIn, ...entries];
}

const pausedByFile = (made: NewSchedule): NewSchedule =>
  made.paused ? { ...made, note: `${PAUSED_BY_FILE}${made.note || 'it is paused there.'}` } : made;

/** An entry of a file may stay there when its one firing is over. */
const since = ({ at: once }: ScheduleSpelling, nowMs: number): number => (once === undefined ? nowMs : 0);

function builtInOf(id: BuiltInName, settings: SchedulerSettings, nowMs: number): NewSchedule {
  const { name, cron, priority, suites, offPeak } = BUILT_IN[id];
  const change = settings.builtIn[id];
  const wanted = change?.suites ?? suites;
  const { source } = settings;
  const options = wanted === undefined ? {} : { suites: [...wanted] };
  const made = at(`scheduler.builtIn.${id}`, () =>
    normalForm(
      withZone(
        {
          id,
          name,
          cron: change?.cron ?? (offPeak ? weeklyAt(settings.offPeak.from) : cron),
          priority,
          workflow: 'run',
          params: { ...(source === undefined ? {} : { source }), options },
          ...(offPeak ? { window: settings.offPeak } : {}),
        },
        settings,
      ),
      { owner: 'built-in', createdBy: 'settings', nowMs },
    ),
  );
  return source === undefined ? { ...made, paused: true, note: NO_SOURCE } : made;
}

/** Saturday night: what it finds can be looked at when the week begins. */
function weeklyAt(time: string): string {
  const [hour, minute] = time.split(':').map(Number);
  return `${minute} ${hour} * * 6`;
}

function withZone(entry: ScheduleSpelling, { timezone }: SchedulerSettings): ScheduleSpelling {
  const named = entry.timezone ?? entry.time_zone ?? entry.tz;
  return named === undefined && timezone !== undefined ? { ...entry, timezone } : entry;
}

function at<T>(path: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof BadSchedule) throw new BadSchedule(`${path}.${error.path}`, error.message);
    throw error;
  }
}
