/** What has to be done so that the schedules the settings file owns are as it says. Others are never touched. */
import { canonicalJson } from '../canonical.js';
import type { NewSchedule, ScheduleState } from './port.js';
import type { Schedule } from './schedule.schema.js';

/** Beginning of the note of what the file itself has paused. */
export const PAUSED_BY_FILE = 'Settings file: ';
/** Said on schedules that were going when the scheduler was switched off; only these go on when it is switched on. */
export const SWITCHED_OFF = 'The scheduler is switched off in the settings file.';

export type Step =
  | { readonly kind: 'create'; readonly made: NewSchedule }
  | { readonly kind: 'update'; readonly schedule: Schedule }
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'pause'; readonly id: string; readonly note: string }
  | { readonly kind: 'resume'; readonly id: string; readonly note: string }
  /** Somebody made one of the same id; theirs stays. */
  | { readonly kind: 'taken'; readonly id: string };

export function reconcile(wanted: readonly NewSchedule[], there: readonly ScheduleState[], enabled: boolean): Step[] {
  const steps: Step[] = [];
  const byId = new Map(there.map((state) => [state.schedule.id, state]));
  const ids = new Set(wanted.map(({ schedule }) => schedule.id));
  for (const made of wanted) {
    const found = byId.get(made.schedule.id);
    if (!found) steps.push({ kind: 'create', made: enabled || made.paused ? made : switchedOff(made) });
    else if (found.schedule.owner === 'api') steps.push({ kind: 'taken', id: made.schedule.id });
    else steps.push(...changes(made, found));
  }
  for (const { schedule } of there)
    if (schedule.owner !== 'api' && !ids.has(schedule.id)) steps.push({ kind: 'remove', id: schedule.id });
  const removed = new Set(steps.filter((step) => step.kind === 'remove').map((step) => step.id));
  return [
    ...steps,
    ...there.filter((state) => !removed.has(state.schedule.id)).flatMap((state) => switching(state, enabled)),
  ];
}

const switchedOff = (made: NewSchedule): NewSchedule => ({ ...made, paused: true, note: SWITCHED_OFF });

function changes(made: NewSchedule, found: ScheduleState): Step[] {
  const steps: Step[] = [];
  const { id } = made.schedule;
  if (canonicalJson(made.schedule) !== canonicalJson(found.schedule))
    steps.push({ kind: 'update', schedule: made.schedule });
  if (made.paused && !found.paused) steps.push({ kind: 'pause', id, note: made.note });
  // What a person has paused stays paused.
  if (!made.paused && found.paused && found.note.startsWith(PAUSED_BY_FILE))
    steps.push({ kind: 'resume', id, note: 'The settings file pauses it no longer.' });
  return steps;
}

function switching({ schedule, paused, note }: ScheduleState, enabled: boolean): Step[] {
  if (!enabled && !paused) return [{ kind: 'pause', id: schedule.id, note: SWITCHED_OFF }];
  if (enabled && paused && note === SWITCHED_OFF)
    return [{ kind: 'resume', id: schedule.id, note: 'The scheduler is switched on.' }];
  return [];
}
