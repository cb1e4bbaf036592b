/** A change of the workflows that running executions would not survive never passes unnoticed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { replayHistory } from '../../config/replay.js';
import { ROOT } from '../architecture/imports.js';
import { quietRuntime } from '../support/worker.js';
import { MUTANTS, MUTATED_WORKFLOWS, openWorkshop, type Workshop } from './mutants.js';

const folder = join(ROOT, 'test', 'histories');
const histories = MUTATED_WORKFLOWS.flatMap((workflow) =>
  readdirSync(join(folder, workflow), { recursive: true, encoding: 'utf8' }).map((path) => join(workflow, path)),
)
  .filter((f) => f.endsWith('.json'))
  .sort()
  .map((file) => ({ file, history: JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown }));

let workshop: Workshop;
beforeAll(async () => {
  quietRuntime();
  workshop = await openWorkshop();
});
afterAll(() => workshop?.close());

it('the code as it is agrees with every stored history, so that what is caught below is the change', async () => {
  const { file, from } = MUTANTS[0]!;
  const bundle = await workshop.bundle({ name: 'nothing', file, from, to: from });
  for (const { file: execution, history } of histories)
    expect(await replayHistory({ execution, history, bundle }), execution).toMatchObject({ difference: null });
}, 600_000);

it(`each of ${MUTANTS.length} changes is caught by at least one stored history, with the event where it differs`, async () => {
  const missed: string[] = [];
  const told: string[] = [];
  for (const mutant of MUTANTS) {
    const bundle = await workshop.bundle(mutant);
    let caught: string | undefined;
    for (const { file, history } of histories) {
      const { difference } = await replayHistory({ execution: file, history, bundle });
      if (!difference) continue;
      caught = `${file} at event ${difference.eventId} (${difference.eventType})`;
      break;
    }
    if (caught === undefined) missed.push(mutant.name);
    else told.push(`${mutant.name}: ${caught}`);
  }
  console.log(told.join('\n'));
  console.log(`changes that break running executions: caught ${told.length} of ${MUTANTS.length}`);
  expect(missed).toEqual([]);
}, 600_000);
