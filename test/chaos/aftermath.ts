/** What must hold after the last fault was healed: ordinary work goes on, nothing is left behind, no log speaks of a defect. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientOf, type Door } from './client.js';
import type { LedgerProject } from './ledger-project.js';
import type { Started } from './load.js';
import { testProcesses } from './processes.js';
import type { Shape } from './shape.js';

const LIVENESS_MS = 120_000;
const REMAINS_MS = 15_000;

/** An ordinary new execution ends, and every question about an old one is answered. */
export async function checkLiveness(shape: Shape, project: LedgerProject, old: Started | undefined): Promise<string[]> {
  const client = clientOf(shape, 60_000);
  const begun = Date.now();
  const { id } = await client.startRun({ source: { kind: 'directory', dir: project.dir } });
  for (;;) {
    const run = await client.run(id);
    if (run.status === 'finished') break;
    if (Date.now() - begun > LIVENESS_MS)
      return [`after the last fault a new execution, ${id}, is still ${run.status} after ${LIVENESS_MS / 1000} s`];
    await sleep(200);
  }
  return old ? questions(shape, old.id) : [];
}

async function questions(door: Door, id: string): Promise<string[]> {
  const client = clientOf(door);
  const { items: results } = await client.results(id, { limit: 1 });
  const run = await client.run(id);
  const testId = results[0]?.testId ?? '';
  const asked: Record<string, () => Promise<unknown>> = {
    'the list of executions': () => client.runs({ limit: 5 }),
    batches: () => client.batches(id),
    artifacts: () => client.artifacts(id),
    'attempts of a test': () => client.attempts(id, testId),
    'history of a test': () => client.history(run.project, testId),
    'the HTML report': () => client.report(id, 'html'),
    'the JUnit report': () => client.report(id, 'junit'),
    'the plan': () => client.artifact(id, 'plan.json'),
  };
  const findings: string[] = [];
  const deadline = Date.now() + ANSWERS_MS;
  for (const [what, ask] of Object.entries(asked)) {
    const problem = await answered(ask, deadline);
    if (problem !== null) findings.push(`${what} of ${id} is not answered: ${problem}`);
  }
  const { status, checks } = await client.ready();
  if (status !== 'ready') findings.push(`the API is not ready: ${JSON.stringify(checks)}`);
  return findings;
}

/** What could not be written while a disk was full is written within half a minute. */
const ANSWERS_MS = 45_000;

async function answered(ask: () => Promise<unknown>, deadline: number): Promise<string | null> {
  for (;;) {
    try {
      await ask();
      return null;
    } catch (error) {
      if (Date.now() > deadline) return String(error);
      await sleep(1_000);
    }
  }
}

/** No test process, no spool folder of an attempt, no attempt's own folder a while after everything has ended. */
export async function checkRemains(shape: Shape, executions: readonly Started[]): Promise<string[]> {
  const ids = new Set(executions.map(({ id }) => id));
  const deadline = Date.now() + REMAINS_MS;
  for (;;) {
    const left = [
      ...testProcesses(ids).map(({ pid, attempt }) => `process ${pid} of attempt ${attempt} is left`),
      ...spools(shape.spool)
        .filter((name) => ids.has(name.split('.')[0] ?? ''))
        .map((name) => `spool ${name} is left`),
    ];
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(500);
  }
}

function spools(dir: string): string[] {
  // Each runner has a folder of its own in there.
  return existsSync(dir) ? readdirSync(dir).flatMap((owner) => readdirSync(join(dir, owner))) : [];
}

const DEFECTS =
  /unhandledRejection|UnhandledPromiseRejection|uncaughtException|panic:|TMPRL1100|assertion failed|failed assertion/i;

export async function checkLogs(shape: Shape): Promise<string[]> {
  const findings: string[] = [];
  for (const file of shape.logs())
    for (const line of (await readFile(file, 'utf8').catch(() => '')).split('\n'))
      if (DEFECTS.test(line)) findings.push(`${file}: ${line.slice(0, 400)}`);
  return findings.slice(0, 20);
}
