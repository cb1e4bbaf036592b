/**
 * Events and bytes of the history of real runs over synthetic suites of 1,000 and 100,000 tests: a command that leaves a
 * TAP report, so that everything from the reader to the reports is real and only the testing itself is empty.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { openStack, type TestStack } from '../e2e/support/stack.js';
import type { Figure } from './main.js';

const { History } = proto.temporal.api.history.v1;
/** Files of the suite; each is a process argument of the made runner. */
const FILES = 200;

export async function benchHistory(): Promise<Figure[]> {
  const baton = await openStack();
  const root = mkdtempSync(join(tmpdir(), 'baton-history-'));
  try {
    const small = await measureRun(baton, root, 1_000);
    const large = await measureRun(baton, root, 100_000);
    return [
      { name: 'history of 1,000 tests', value: small.events, unit: 'events', goal: '' },
      { name: 'history of 100,000 tests', value: large.events, unit: 'events', goal: '< 10000' },
      { name: 'history of 100,000 tests', value: large.bytes / 1024, unit: 'KiB', goal: '' },
      {
        name: 'events at 100,000 ÷ at 1,000 tests (100 × as many)',
        value: large.events / small.events,
        unit: '×',
        goal: '≤ 100',
      },
      { name: 'run of 100,000 tests', value: large.ms / 1000, unit: 's', goal: '' },
      {
        name: 'time at 100,000 ÷ at 1,000 tests (100 × as many)',
        value: large.ms / small.ms,
        unit: '×',
        goal: '≤ 100',
      },
    ];
  } finally {
    await baton.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs a made suite of so many tests and throws when one of them was not counted as passed. */
export async function measureRun(
  baton: TestStack,
  root: string,
  tests: number,
): Promise<{ id: string; events: number; bytes: number; ms: number }> {
  const dir = synthetic(join(root, `suite-${tests}`), tests);
  const began = performance.now();
  const run = await baton.run(dir);
  const ms = performance.now() - began;
  if (run.verdict !== 'passed' || run.totals.passed !== tests)
    throw new Error(`${tests} tests: ${run.verdict}, ${JSON.stringify(run.totals)}, ${run.sentence}`);
  const connection = await Connection.connect({ address: baton.stack.manifest.temporal.address });
  const history = await new Client({ connection }).workflow.getHandle(run.id).fetchHistory();
  await connection.close();
  return { id: run.id, events: history.events!.length, bytes: History.encode(history).finish().length, ms };
}

export function synthetic(dir: string, tests: number): string {
  mkdirSync(join(dir, 'suite'), { recursive: true });
  for (let i = 0; i < FILES; i++) writeFileSync(join(dir, 'suite', `f${i}.case`), `${tests / FILES}\n`);
  writeFileSync(
    join(dir, 'run.mjs'),
    `import { readFileSync, writeFileSync } from 'node:fs';
const [report, ...files] = process.argv.slice(2);
const suites = files.map((file) => {
  const n = Number(readFileSync(file, 'utf8'));
  const cases = Array.from({ length: n }, (_, i) => \`<testcase classname="c" name="case \${i}" file="\${file}" time="0.001"/>\`);
  return \`<testsuite name="\${file}" file="\${file}" tests="\${n}">\${cases.join('')}</testsuite>\`;
});
writeFileSync(report, \`<testsuites>\${suites.join('')}</testsuites>\`);
`,
  );
  writeFileSync(
    join(dir, 'baton.config.yaml'),
    `project: synthetic-${tests}
suites:
  - name: synthetic
    framework: command
    include: ["suite/*.case"]
    command: [node, run.mjs, "{report}", "{files}"]
    report: { format: junit }
`,
  );
  return dir;
}
