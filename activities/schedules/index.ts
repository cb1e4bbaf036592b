/** What the small workflow of a schedule's firing does on the control queue. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ExecutionLedger, WorkflowEngine } from '../../domain/executions.js';
import { ProjectProblem } from '../../domain/failures.js';
import { SCHEDULED_START_WORKFLOW } from '../../domain/names.js';
import { causeOf, endOf, type Follower, type RunEnd, type ScheduleActivities } from '../../domain/schedules/firing.js';
import { atOnce, place } from '../../domain/schedules/placing.js';
import { follows, type ScheduleServer } from '../../domain/schedules/port.js';
import type { Schedule } from '../../domain/schedules/schedule.schema.js';
import type { ScheduleLedger } from '../../domain/schedules/store.js';
import { namedFailures } from '../to-failure.js';

export interface ScheduleDeps {
  readonly ledger: { readonly executions: ExecutionLedger; readonly schedules: ScheduleLedger };
  readonly server: ScheduleServer;
  readonly engine: WorkflowEngine;
}

const LOOK_EVERY_MS = 1_000;
/** Four weeks: every hour of the week four times. */
const LEARNT_FROM_DAYS = 28;
const LEARNT_FROM_RUNS = 200;
const ASKED_WITHIN = 20;
/** A command and its firing are seconds apart. */
const TRIGGER_AGE_MS = 120_000;

export function createScheduleActivities({ ledger, server, engine }: ScheduleDeps): ScheduleActivities {
  return namedFailures<ScheduleActivities>({
    async beginFiring({ firing, schedule, dueAt, startedAt, after }) {
      const begun = after
        ? {
            cause: 'chain' as const,
            sentence: `after ${after.schedule} ended as ${after.outcome} (${after.execution})`,
          }
        : causeOf({
            schedule,
            dueMs: Date.parse(dueAt),
            startedMs: Date.parse(startedAt),
            asked: await askedFor(ledger.schedules, schedule.id, Date.parse(startedAt)),
          });
      await ledger.executions.create({
        id: firing,
        workflow: SCHEDULED_START_WORKFLOW,
        params: { schedule: schedule.id, workflow: schedule.work.workflow, cause: begun.cause, dueAt },
        subject: {},
        parent: after?.execution ?? null,
        project: schedule.project ?? 'none',
        principal: principalOf(schedule),
        trust: schedule.trust,
      });
      return begun;
    },
    async placeFiring({ schedule, firedAt, cause }) {
      if (!schedule.window) throw new ProjectProblem('Internal', `Schedule ${schedule.id} has no window.`);
      const [load, past] = await Promise.all([
        ledger.schedules.load(LEARNT_FROM_DAYS),
        ledger.schedules.pastRuns(schedule.id, LEARNT_FROM_RUNS),
      ]);
      const { timezone, window } = schedule;
      const facts = { firedMs: Date.parse(firedAt), timezone, window, load, past };
      return cause === 'by-hand' ? atOnce(facts) : place(facts);
    },
    waitingBatches: () => ledger.schedules.waitingBatches(),
    async awaitScheduled({ execution }) {
      for (;;) {
        const found = await ledger.executions.find(execution);
        if (found?.endedAt) return endOf(found);
        Context.current().heartbeat();
        await sleep(LOOK_EVERY_MS, undefined, { signal: Context.current().cancellationSignal });
      }
    },
    cancelExecution: ({ execution }) => engine.cancel(execution),
    async concludeFiring({ firing, schedule, end }) {
      return {
        paused: await pauseIfRed(ledger.schedules, server, { firing, schedule, end }),
        followers: await followersOf(server, schedule, end),
      };
    },
  });
}

export const principalOf = (schedule: Schedule): string => schedule.createdBy || 'schedule';

async function askedFor(schedules: ScheduleLedger, id: string, startedMs: number) {
  const changes = await schedules.changes(id, ASKED_WITHIN);
  return changes
    .filter(
      ({ verb, at }) => verb === 'backfill' || (verb === 'trigger' && startedMs - Date.parse(at) < TRIGGER_AGE_MS),
    )
    .map(({ verb, principal, details }) => ({
      verb,
      by: principal,
      fromMs: Date.parse(String(details['from'] ?? '')),
      toMs: Date.parse(String(details['to'] ?? '')),
    }));
}

/** Counted here, because the server does not count cancelled and terminated runs. */
async function pauseIfRed(
  schedules: ScheduleLedger,
  server: ScheduleServer,
  { firing, schedule, end }: { firing: string; schedule: Schedule; end: RunEnd },
): Promise<string | null> {
  const limit = schedule.pauseAfterFailures;
  if (limit === null || end.green) return null;
  const before = (await schedules.firings(schedule.id, limit)).filter(({ id }) => id !== firing).slice(0, limit - 1);
  const red = before.filter((each) => each.endedAt !== null && each.outcome !== 'passed' && each.outcome !== 'skipped');
  if (red.length < limit - 1) return null;
  const note = `Paused after ${limit} run${limit === 1 ? '' : 's'} in a row that ${limit === 1 ? 'was' : 'were'} not green; the last one ended as ${end.outcome}.`;
  await server.pause(schedule.id, note);
  await schedules.log({ schedule: schedule.id, verb: 'pause', principal: 'baton', details: { note, firing } });
  return note;
}

async function followersOf(server: ScheduleServer, schedule: Schedule, end: RunEnd): Promise<Follower[]> {
  const ended = { schedule: schedule.id, workflow: schedule.work.workflow, execution: end.execution, green: end.green };
  const followers: Follower[] = [];
  for (const state of await server.list()) {
    const how = follows(state.schedule.after, ended);
    if (how === 'no') continue;
    const wanted = state.schedule.after?.on === 'failure' ? 'failed' : 'succeeded';
    const leftOut =
      how === 'leave-out'
        ? `${schedule.id} ended as ${end.outcome}; it starts only when that has ${wanted}`
        : state.paused
          ? `it is paused: ${state.note}`
          : undefined;
    followers.push(leftOut === undefined ? { schedule: state.schedule } : { schedule: state.schedule, leftOut });
  }
  return followers;
}
