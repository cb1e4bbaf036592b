/** A schedule whose work was held against what can be started. */
import { ProjectProblem } from '../failures.js';
import type { Subject } from '../executions.schema.js';
import type { Catalog, Startable } from '../workflows.js';
import type { Schedule } from './schedule.schema.js';

export interface Fitted {
  /** With the workflow's own name, and with the schedule's priority where the workflow takes one. */
  readonly schedule: Schedule;
  readonly subject: Subject;
  /** Set where an operator may not have it started. */
  readonly role?: 'admin' | undefined;
}

/** Throws `ProjectProblem`: no such workflow, parameters that do not fit. */
export async function fitted(schedule: Schedule, catalog: Catalog): Promise<Fitted> {
  const { workflow, params } = schedule.work;
  const startable = await catalog(workflow);
  if (!startable)
    throw new ProjectProblem(
      'ConfigInvalid',
      `Schedule ${schedule.id}: there is no workflow "${workflow}"; \`baton workflow list\` shows all.`,
    );
  const { subject, role } = startable.check(params);
  const work = { workflow: startable.name, params: withPriority(startable, params, schedule.priority) };
  return { schedule: { ...schedule, work }, subject, role };
}

function withPriority(startable: Startable, params: Schedule['work']['params'], priority: Schedule['priority']) {
  if ('priority' in params) return params;
  const more = { ...params, priority };
  try {
    startable.check(more);
    return more;
  } catch (error) {
    // This workflow takes no priority: its steps have their own.
    if (error instanceof ProjectProblem) return params;
    throw error;
  }
}

/** Throws when schedules would start each other for ever. */
export function refuseCircle(schedule: Schedule, others: readonly Schedule[]): void {
  const byId = new Map(others.map((other) => [other.id, other]));
  byId.set(schedule.id, schedule);
  const path = [schedule.id];
  const visit = (current: Schedule): void => {
    for (const before of predecessors(current, [...byId.values()])) {
      if (before.id === schedule.id)
        throw new ProjectProblem(
          'ConfigInvalid',
          `Schedule ${schedule.id}: it would start itself again and again, by way of ${[...path, schedule.id].reverse().join(' → ')}.`,
        );
      if (path.includes(before.id)) continue;
      path.push(before.id);
      visit(before);
      path.pop();
    }
  };
  visit(schedule);
}

function predecessors({ after }: Schedule, all: readonly Schedule[]): Schedule[] {
  if (after === null) return [];
  return all.filter((other) =>
    after.schedule === undefined ? other.work.workflow === after.workflow : other.id === after.schedule,
  );
}
