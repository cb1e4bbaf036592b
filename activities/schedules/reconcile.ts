/** Brings the schedules that the settings file owns to what it says. Safe to repeat, and when several processes do it. */
import { ownedBySettings } from '../../domain/schedules/built-in.js';
import { fitted, refuseCircle } from '../../domain/schedules/fitted.js';
import { BadSchedule } from '../../domain/schedules/normal-form.js';
import type { NewSchedule, ScheduleServer } from '../../domain/schedules/port.js';
import { ScheduleExists } from '../../domain/schedules/port.js';
import { PAUSED_BY_FILE, reconcile, type Step } from '../../domain/schedules/reconcile.js';
import type { SchedulerSettings } from '../../domain/schedules/settings.schema.js';
import type { ScheduleLedger } from '../../domain/schedules/store.js';
import { ProjectProblem } from '../../domain/failures.js';
import { NotFound } from '../../domain/ports.js';
import type { Catalog } from '../../domain/workflows.js';

export interface ReconcileDeps {
  readonly server: ScheduleServer;
  readonly ledger: ScheduleLedger;
  readonly catalog: Catalog;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** Throws `ProjectProblem('ConfigInvalid')` for entries that are wrong by themselves: then nothing is changed. */
export async function reconcileSchedules(
  deps: ReconcileDeps,
  settings: SchedulerSettings,
  nowMs: number,
): Promise<Step[]> {
  const wanted = await fittedOnes(deps, owned(settings, nowMs));
  const there = await deps.server.list();
  for (const { schedule } of wanted)
    refuseCircle(schedule, [...there.map((each) => each.schedule), ...wanted.map((each) => each.schedule)]);
  const steps = reconcile(wanted, there, settings.enabled);
  for (const step of steps)
    await take(deps, step).catch((error: unknown) => {
      // Another process has removed it just now.
      if (!(error instanceof NotFound)) throw error;
    });
  return steps;
}

export function owned(settings: SchedulerSettings, nowMs: number): NewSchedule[] {
  try {
    return ownedBySettings(settings, nowMs);
  } catch (error) {
    if (error instanceof BadSchedule) throw new ProjectProblem('ConfigInvalid', `${error.path}: ${error.message}`);
    throw error;
  }
}

/** An entry that names what cannot be started is there all the same, paused, and says why. */
async function fittedOnes({ catalog, log }: ReconcileDeps, all: readonly NewSchedule[]): Promise<NewSchedule[]> {
  const found: NewSchedule[] = [];
  for (const made of all) {
    try {
      const { schedule } = made.paused ? made : await fitted(made.schedule, catalog);
      found.push({ ...made, schedule });
    } catch (error) {
      if (!(error instanceof ProjectProblem)) throw error;
      log.warn({ schedule: made.schedule.id }, error.message);
      found.push({ ...made, paused: true, note: `${PAUSED_BY_FILE}${error.message.slice(0, 500)}` });
    }
  }
  return found;
}

async function take({ server, ledger, log }: ReconcileDeps, step: Step): Promise<void> {
  const told = (schedule: string, verb: 'create' | 'update' | 'delete' | 'pause' | 'resume', details: object) =>
    ledger.log({ schedule, verb, principal: 'settings', details: { ...details } });
  switch (step.kind) {
    case 'create':
      try {
        await server.create(step.made);
      } catch (error) {
        // Another process was faster, or somebody else's schedule has this name: the next look tells.
        if (error instanceof ScheduleExists) return log.warn({ schedule: step.made.schedule.id }, error.message);
        throw error;
      }
      return told(step.made.schedule.id, 'create', {});
    case 'update':
      await server.update(step.schedule);
      return told(step.schedule.id, 'update', {});
    case 'remove':
      await server.remove(step.id);
      return told(step.id, 'delete', {});
    case 'pause':
      await server.pause(step.id, step.note);
      return told(step.id, 'pause', { note: step.note });
    case 'resume':
      await server.resume(step.id, step.note);
      return told(step.id, 'resume', { note: step.note });
    case 'taken':
      return log.warn(
        { schedule: step.id },
        'the settings file has a schedule of this id, but somebody has made one with it; theirs stays',
      );
    default:
      return step satisfies never;
  }
}

/** Once a day is often enough: a change of the clocks is known a year before. */
export async function correctSchedules(
  { server, log }: Pick<ReconcileDeps, 'server' | 'log'>,
  nowMs: number,
): Promise<void> {
  for (const { schedule } of await server.list())
    if (await server.correct(schedule.id, nowMs))
      log.info({ schedule: schedule.id }, 'its firings around the next changes of the clocks were corrected');
}
