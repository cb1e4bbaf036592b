/** Temporal's Schedules behind the port: the whole normal form is the argument of what a schedule starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleNotFoundError,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { msToTs, requiredTsToMs } from '@temporalio/common/lib/time.js';
import type { google, temporal } from '@temporalio/proto';
import { SCHEDULED_START_WORKFLOW } from '../../domain/names.js';
import { canonicalJson } from '../../domain/canonical.js';
import { NotFound } from '../../domain/ports.js';
import {
  additions,
  type Corrections,
  hoursAround,
  joined,
  NO_CORRECTIONS,
  omissions,
  sameMinutes,
} from '../../domain/schedules/corrections.js';
import { until } from '../../domain/schedules/firings.js';
import { expectedFirings } from '../../domain/schedules/normal-form.js';
import {
  type NewSchedule,
  ScheduleExists,
  type ScheduleServer,
  type ScheduleState,
} from '../../domain/schedules/port.js';
import { Schedule } from '../../domain/schedules/schedule.schema.js';
import { zoneOf } from '../../domain/schedules/zone.js';
import { optionsOf, OVERLAP_POLICIES } from './schedule-spec.js';

const LIST_PATIENCE_MS = 5_000;
const LIST_PAUSE_MS = 50;
const CORRECTION_PATIENCE_MS = 8_000;
const DESCRIBED_AT_ONCE = 10;
const DAY_MS = 86_400_000;
/** Two changes of the clocks a year, and the next one always known well before. */
const CORRECTED_AHEAD_MS = 400 * DAY_MS;
/** Beyond so many single firings the later change of the clocks waits for its turn. */
const MOST_CORRECTIONS = 200;
/** The server gives no more in one answer. */
const MATCHING_PAGE = 1000;

export function temporalSchedules(client: Client, namespace: string): ScheduleServer {
  const handle = (id: string): ScheduleHandle => client.schedule.getHandle(id);

  const describe = async (id: string): Promise<ScheduleDescription | undefined> => {
    try {
      return await handle(id).describe();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw error;
    }
  };

  const get = async (id: string): Promise<ScheduleState | undefined> => {
    const described = await describe(id);
    return described && stateOf(described);
  };

  const own = async (): Promise<string[]> => {
    const ids: string[] = [];
    for await (const summary of client.schedule.list())
      if (summary.action?.workflowType === SCHEDULED_START_WORKFLOW) ids.push(summary.scheduleId);
    return ids.sort();
  };

  /** The list follows the truth by a moment. */
  const listed = async (id: string, wanted: boolean): Promise<void> => {
    const deadline = Date.now() + LIST_PATIENCE_MS;
    while ((await own()).includes(id) !== wanted && Date.now() < deadline) await sleep(LIST_PAUSE_MS);
  };

  const there = async <T>(id: string, ask: (of: ScheduleHandle) => Promise<T>): Promise<T> => {
    try {
      if (!(await get(id))) throw new NotFound(`There is no schedule ${id}.`);
      return await ask(handle(id));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw new NotFound(`There is no schedule ${id}.`);
      throw error;
    }
  };

  const matching = async (id: string, fromMs: number, toMs: number): Promise<number[]> => {
    const found: number[] = [];
    for (let after = fromMs; ; ) {
      const { startTime }: Matching = await client.workflowService.listScheduleMatchingTimes({
        namespace,
        scheduleId: id,
        startTime: msToTs(after),
        endTime: msToTs(toMs),
      });
      const page = startTime.map(instantOf);
      found.push(...page.filter((at) => at <= toMs && at > (found.at(-1) ?? fromMs)));
      if (page.length < MATCHING_PAGE) return found;
      after = page.at(-1)!;
    }
  };

  /** Only while it is still the one that was looked at: whoever changes it corrects it anew. */
  const amend = (schedule: Schedule, corrections: Corrections): Promise<void> =>
    handle(schedule.id).update((previous) => {
      const now = stateOf(previous);
      if (!now || canonicalJson(now.schedule) !== canonicalJson(schedule)) throw new ChangedMeanwhile();
      return updateOf(schedule, corrections, previous);
    });

  const correct = (id: string, nowMs: number): Promise<boolean> =>
    corrected(id, nowMs).catch((error: unknown) => {
      if (error instanceof ChangedMeanwhile) return false;
      throw error;
    });

  const corrected = async (id: string, nowMs: number): Promise<boolean> => {
    const described = await describe(id);
    const state = described && stateOf(described);
    if (!described || !state || state.schedule.cron.length === 0 || state.schedule.timezone === 'UTC') return false;
    const { schedule } = state;
    const changes = zoneOf(schedule.timezone).changes(nowMs - DAY_MS, nowMs + CORRECTED_AHEAD_MS);
    if ((await wrongAround(schedule, changes)).length === 0) return false;
    // Corrections of changes that are right by now stay, so everything is asked again from the beginning.
    await amend(schedule, NO_CORRECTIONS);
    const wrong = await wrongAround(schedule, changes);
    const found = await correctionsFor(schedule, wrong);
    await amend(schedule, found);
    return true;
  };

  /** On a busy server a dozen questions may take longer than anybody waits for an answer; the rest is done behind it. */
  const correctedSoon = async (id: string): Promise<void> => {
    const work = correct(id, Date.now());
    await Promise.race([work, sleep(CORRECTION_PATIENCE_MS, undefined, { ref: false })]);
    // What fails later is made up for by the correction of every day.
    work.catch(() => {});
  };

  /** Asks the server twice: with everything wanted added, and what is then too much. */
  const correctionsFor = async (schedule: Schedule, changes: readonly number[]): Promise<Corrections> => {
    const zone = zoneOf(schedule.timezone);
    const found: Corrections[] = [];
    for (const change of changes) {
      const [from, to] = hoursAround(change);
      const expected = until(expectedFirings(schedule, from), to);
      const added = additions(expected, change);
      if (found.length > 0 && joined([...found, added]).add.length > MOST_CORRECTIONS) break;
      await amend(schedule, added);
      found.push(omissions(added, expected, await matching(schedule.id, from, to), zone));
    }
    return joined(found);
  };

  /** The changes of the clocks around which the server is wrong. */
  const wrongAround = async (schedule: Schedule, changes: readonly number[]): Promise<number[]> => {
    const wrong: number[] = [];
    for (const change of changes) {
      const [from, to] = hoursAround(change);
      const expected = until(expectedFirings(schedule, from), to);
      if (!sameMinutes(expected, await matching(schedule.id, from, to))) wrong.push(change);
    }
    return wrong;
  };

  return {
    get,
    matching,
    correct,
    async list() {
      const ids = await own();
      const states: (ScheduleState | undefined)[] = [];
      for (let i = 0; i < ids.length; i += DESCRIBED_AT_ONCE)
        states.push(...(await Promise.all(ids.slice(i, i + DESCRIBED_AT_ONCE).map(get))));
      return states.filter((state) => state !== undefined);
    },
    async create({ schedule, paused, note }: NewSchedule) {
      try {
        await client.schedule.create({ ...optionsOf(schedule, NO_CORRECTIONS), state: { paused, note } });
      } catch (error) {
        if (error instanceof ScheduleAlreadyRunning)
          throw new ScheduleExists(`There is a schedule ${schedule.id} already. Change it, or take another name.`);
        throw error;
      }
      await correctedSoon(schedule.id);
      await listed(schedule.id, true);
    },
    async update(schedule) {
      await there(schedule.id, (of) => of.update((previous) => updateOf(schedule, NO_CORRECTIONS, previous)));
      await correctedSoon(schedule.id);
    },
    async remove(id) {
      await there(id, (of) => of.delete());
      await listed(id, false);
    },
    pause: (id, note) => there(id, (of) => of.pause(note)),
    resume: (id, note) => there(id, (of) => of.unpause(note)),
    trigger: (id) => there(id, (of) => of.trigger()),
    backfill: (id, from, to, overlap) =>
      there(id, (of) => of.backfill({ start: from, end: to, overlap: OVERLAP_POLICIES[overlap] })),
  };
}

class ChangedMeanwhile extends Error {}

/** Whether it is paused, and why, stays as it is. */
function updateOf(schedule: Schedule, corrections: Corrections, { state }: ScheduleDescription): ScheduleUpdateOptions {
  const { scheduleId: _, ...options } = optionsOf(schedule, corrections);
  return { ...options, state };
}

type Matching = temporal.api.workflowservice.v1.IListScheduleMatchingTimesResponse & {
  readonly startTime: readonly Timestamp[];
};
type Timestamp = google.protobuf.ITimestamp;
const instantOf = (at: Timestamp): number => requiredTsToMs(at, 'startTime');

/** Undefined for a schedule that is not Baton's. */
function stateOf(described: ScheduleDescription): ScheduleState | undefined {
  const { action, state, info } = described;
  if (action.workflowType !== SCHEDULED_START_WORKFLOW) return undefined;
  const schedule = Schedule.safeParse((action.args?.[0] as { schedule?: unknown } | undefined)?.schedule);
  if (!schedule.success) return undefined;
  return {
    schedule: schedule.data,
    paused: state.paused,
    note: state.note ?? '',
    next: info.nextActionTimes.map((at) => at.toISOString()).filter((at) => at < FAR),
    recent: info.recentActions.map(({ scheduledAt, takenAt, action: taken }) => ({
      scheduledAt: scheduledAt.toISOString(),
      takenAt: takenAt.toISOString(),
      workflowId: taken.workflow.workflowId,
    })),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    fired: info.numActionsTaken,
    missedCatchUp: info.numActionsMissedCatchupWindow,
    skippedOverlap: info.numActionsSkippedOverlap,
  };
}

/** The second coming of what fires once. */
const FAR = '2060';
