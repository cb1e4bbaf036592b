import { Inject, Injectable } from '@nestjs/common';
import type { WorkflowExecution } from '../../domain/executions.schema.js';
import type {
  Backfill,
  Firing,
  FiringList,
  FiringTimes,
  NextQuery,
  ScheduleAnswer,
  ScheduleChangeList,
  ScheduleList,
} from '../../domain/schedules/api.schema.js';
import { fitted, refuseCircle } from '../../domain/schedules/fitted.js';
import { BadSchedule, type NormalForm, normalForm } from '../../domain/schedules/normal-form.js';
import { ScheduleExists, type ScheduleState } from '../../domain/schedules/port.js';
import { SWITCHED_OFF } from '../../domain/schedules/reconcile.js';
import type { Schedule, ScheduleSpelling } from '../../domain/schedules/schedule.schema.js';
import type { ScheduleVerb } from '../../domain/schedules/store.js';
import { mandateOf } from '../common/mandate.js';
import { ApiProblem, badRequest, notFound, unavailable } from '../common/problem.js';
import { API_DEPS, type ApiDeps, type Principal, type ScheduleDeps } from '../deps.js';

const CHANGES_SHOWN = 100;
/** A leap day may be eight years away. */
const LOOK_AHEAD_MS = 9 * 366 * 86_400_000;
const FIRST_LOOK_MS = 32 * 86_400_000;

@Injectable()
export class SchedulesService {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  async list(): Promise<ScheduleList> {
    const { server, settings } = this.own();
    const states = await this.asking(() => server.list());
    return { enabled: settings().enabled, items: await Promise.all(states.map((state) => this.answer(state))) };
  }

  async get(id: string): Promise<ScheduleAnswer> {
    return this.answer(await this.existing(id));
  }

  async create(given: ScheduleSpelling, principal: Principal): Promise<ScheduleAnswer> {
    const { server, settings } = this.own();
    const others = await this.asking(() => server.list());
    if (others.length >= settings().max_jobs)
      throw new ApiProblem(
        409,
        'too-many-schedules',
        `There are ${others.length} schedules, as many as \`scheduler.max_jobs\` allows. Delete one, or raise it.`,
      );
    const made = await this.checked(given, principal, others);
    const off = !settings().enabled && !made.paused;
    try {
      await this.asking(() => server.create(off ? { ...made, paused: true, note: SWITCHED_OFF } : made));
    } catch (error) {
      if (error instanceof ScheduleExists) throw new ApiProblem(409, 'schedule-exists', error.message);
      throw error;
    }
    await this.log(made.schedule.id, 'create', principal, { ...given });
    return this.get(made.schedule.id);
  }

  /** Puts another document in its place; its pause stays unless the document says something about it. */
  async update(id: string, given: ScheduleSpelling, principal: Principal): Promise<ScheduleAnswer> {
    const before = await this.changeable(id);
    const { server } = this.own();
    if (given.id !== undefined && given.id !== id)
      throw badRequest('The id of a schedule cannot be changed.', [{ path: 'id', message: `must be ${id}` }]);
    const others = (await this.asking(() => server.list())).filter((each) => each.schedule.id !== id);
    const made = await this.checked({ ...given, id, name: given.name ?? before.schedule.name }, principal, others);
    await this.asking(() => server.update(made.schedule));
    if (given.paused === true && !before.paused) await this.asking(() => server.pause(id, made.note));
    if (given.paused === false && before.paused) await this.asking(() => server.resume(id, made.note));
    await this.log(id, 'update', principal, { ...given });
    return this.get(id);
  }

  async remove(id: string, principal: Principal): Promise<void> {
    await this.changeable(id);
    await this.asking(() => this.own().server.remove(id));
    await this.log(id, 'delete', principal, {});
  }

  async pause(id: string, reason: string, principal: Principal): Promise<ScheduleAnswer> {
    await this.existing(id);
    await this.asking(() => this.own().server.pause(id, reason || `Paused by ${principal.name}.`));
    await this.log(id, 'pause', principal, { reason });
    return this.get(id);
  }

  async resume(id: string, reason: string, principal: Principal): Promise<ScheduleAnswer> {
    await this.existing(id);
    if (!this.own().settings().enabled)
      throw new ApiProblem(
        409,
        'scheduler-off',
        'The settings file has switched the scheduler off (`scheduler.enabled`): no schedule goes on before it is on.',
      );
    await this.asking(() => this.own().server.resume(id, reason || `Resumed by ${principal.name}.`));
    await this.log(id, 'resume', principal, { reason });
    return this.get(id);
  }

  /** Logged first, so that the firing knows who asked. */
  async trigger(id: string, principal: Principal): Promise<ScheduleAnswer> {
    await this.existing(id);
    await this.log(id, 'trigger', principal, {});
    await this.asking(() => this.own().server.trigger(id));
    return this.get(id);
  }

  async backfill(id: string, { from, to, overlap }: Backfill, principal: Principal): Promise<FiringTimes> {
    const { schedule } = await this.existing(id);
    const [start, end] = [new Date(from), new Date(to)];
    if (end < start)
      throw badRequest('A stretch of time ends after it begins.', [{ path: 'to', message: 'is before `from`' }]);
    if (end.getTime() > Date.now())
      throw badRequest('The future comes by itself.', [{ path: 'to', message: 'is in the future' }]);
    if (schedule.after !== null)
      throw new ApiProblem(409, 'no-times', `Schedule ${id} starts after another run and has no times of its own.`);
    // The server fires what lies after `from`, and at it.
    const times = await this.asking(() => this.own().server.matching(id, start.getTime() - 1, end.getTime()));
    await this.log(id, 'backfill', principal, {
      from: start.toISOString(),
      to: end.toISOString(),
      firings: times.length,
    });
    await this.asking(() => this.own().server.backfill(id, start, end, overlap));
    return { items: times.map(iso) };
  }

  /** The server's own words, also far ahead. */
  async next(id: string, { count, from }: NextQuery): Promise<FiringTimes> {
    await this.existing(id);
    const start = from === undefined ? Date.now() : Date.parse(from);
    for (let ahead = FIRST_LOOK_MS; ; ahead *= 8) {
      const end = start + Math.min(ahead, LOOK_AHEAD_MS);
      const times = await this.asking(() => this.own().server.matching(id, start, end));
      if (times.length >= count || ahead >= LOOK_AHEAD_MS) return { items: times.slice(0, count).map(iso) };
    }
  }

  async history(id: string, limit: number): Promise<FiringList> {
    const firings = await this.own().ledger.firings(id, limit);
    if (firings.length === 0) await this.existing(id);
    return { items: firings.map(firingOf) };
  }

  async changes(id: string): Promise<ScheduleChangeList> {
    const changes = await this.own().ledger.changes(id, CHANGES_SHOWN);
    if (changes.length === 0) await this.existing(id);
    return {
      items: changes.map(({ verb, principal, details, at }) => ({ verb, principal, details: { ...details }, at })),
    };
  }

  private async checked(
    given: ScheduleSpelling,
    principal: Principal,
    others: readonly ScheduleState[],
  ): Promise<NormalForm> {
    const made = this.normal(given, principal);
    const catalog = this.deps.executions?.catalog;
    if (!catalog) throw new ApiProblem(503, 'engine-unavailable', 'Workflows are not wired into this process.');
    const { schedule, ...needs } = await fitted(made.schedule, catalog);
    refuseCircle(
      schedule,
      others.map((each) => each.schedule),
    );
    // A schedule can do no more than whoever has made it.
    return {
      ...made,
      schedule: { ...schedule, trust: mandateOf(this.deps, principal, schedule.work.workflow, needs) },
    };
  }

  private normal(given: ScheduleSpelling, principal: Principal): NormalForm {
    try {
      return normalForm(given, { owner: 'api', createdBy: principal.name, nowMs: Date.now() });
    } catch (error) {
      if (!(error instanceof BadSchedule)) throw error;
      throw badRequest(`${error.path}: ${error.message}`, [{ path: error.path, message: error.message }]);
    }
  }

  private async existing(id: string): Promise<ScheduleState> {
    const found = await this.asking(() => this.own().server.get(id));
    if (!found) throw notFound(`There is no schedule ${id}.`);
    return found;
  }

  private async changeable(id: string): Promise<ScheduleState> {
    const found = await this.existing(id);
    if (found.schedule.owner === 'api') return found;
    throw new ApiProblem(
      409,
      'owned-by-settings',
      `Schedule ${id} belongs to the settings file: change it there. It can be paused and triggered here.`,
    );
  }

  private async answer(state: ScheduleState): Promise<ScheduleAnswer> {
    const [last] = await this.own().ledger.firings(state.schedule.id, 1);
    const { schedule, paused, note, next, running, fired, missedCatchUp, skippedOverlap } = state;
    return {
      ...schedule,
      paused,
      note,
      next: [...next],
      last: last ? firingOf(last) : null,
      running: [...running],
      fired,
      missed: missedCatchUp,
      skipped: skippedOverlap,
    };
  }

  private log(schedule: Schedule['id'], verb: ScheduleVerb, principal: Principal, details: object): Promise<void> {
    return this.own().ledger.log({ schedule, verb, principal: principal.name, details: { ...details } });
  }

  private own(): ScheduleDeps {
    if (this.deps.schedules) return this.deps.schedules;
    throw new ApiProblem(503, 'engine-unavailable', 'Schedules are not wired into this process.');
  }

  private async asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isAway(error)) throw error;
      this.deps.logger.warn({ err: error }, 'the Temporal server did not answer');
      throw unavailable(
        'engine-unavailable',
        'The Temporal server does not answer; schedules live there. Repeat the request when it is back.',
      );
    }
  }
}

/** gRPC's "unavailable" and "deadline exceeded". */
function isAway(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = (cause as { code?: unknown } | null)?.code;
  return code === 14 || code === 4;
}

const iso = (ms: number): string => new Date(ms).toISOString();

function firingOf({
  id,
  params,
  createdAt,
  startedAt,
  endedAt,
  durationMs,
  status,
  outcome,
  sentence,
  result,
}: WorkflowExecution): Firing {
  const [cause, dueAt, run] = [params['cause'], params['dueAt'], result?.['execution']];
  return {
    execution: id,
    cause: typeof cause === 'string' ? cause : 'clock',
    dueAt: typeof dueAt === 'string' ? dueAt : null,
    startedAt: startedAt ?? createdAt,
    endedAt,
    durationMs,
    status,
    outcome,
    sentence,
    run: typeof run === 'string' ? run : null,
  };
}
