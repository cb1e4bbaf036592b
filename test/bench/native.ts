/** Baton ÷ the framework's own command on the same project, with the stack up, for suites of about 30 s and more. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { PACKAGE_ROOT } from '../../config/package.js';
import { openStack, type TestStack } from '../e2e/support/stack.js';
import type { Figure } from './main.js';

interface Made {
  readonly name: string;
  readonly dir: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly goal: string;
}

/** Alternating rounds, of which the median counts. */
const ROUNDS = Number(process.env['BATON_BENCH_ROUNDS'] ?? 3);
const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

export async function benchNative(): Promise<Figure[]> {
  // Inside the package, so that the projects find its frameworks; not in node_modules, where Vitest looks for no tests.
  mkdirSync(join(PACKAGE_ROOT, '.baton'), { recursive: true });
  const root = mkdtempSync(join(PACKAGE_ROOT, '.baton', 'bench-'));
  const baton = await openStack();
  try {
    const figures: Figure[] = [];
    for (const project of [parallel(root), serial(root)]) figures.push(...(await compare(baton, project)));
    figures.push(await firstResult(baton, root));
    return figures;
  } finally {
    await baton.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

async function compare(baton: TestStack, { name, dir, command, args, goal }: Made): Promise<Figure[]> {
  const natives: number[] = [];
  const batons: number[] = [];
  // Batches follow recorded durations: the first run records them.
  await baton.run(dir);
  for (let i = 0; i < ROUNDS; i++) {
    natives.push(await timed(() => run(command, args, dir)));
    batons.push(
      await timed(async () => {
        const { verdict, sentence } = await baton.run(dir);
        if (verdict !== 'passed') throw new Error(`${name}: ${verdict}, ${sentence}`);
      }),
    );
  }
  const [native, ours] = [median(natives), median(batons)];
  return [
    { name: `${name}: native`, value: native / 1000, unit: 's', goal: '' },
    { name: `${name}: Baton ÷ native`, value: ours / native, unit: '×', goal },
  ];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function run(command: string, args: readonly string[], cwd: string): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, stdio: 'ignore', env: { ...process.env, CI: 'true' } });
    child.on('error', fail);
    child.on('close', (code) =>
      code === 0 ? done() : fail(new Error(`${[command, ...args].join(' ')} in ${cwd} ended with ${code}`)),
    );
  });
}

/** Work that keeps a core busy, as tests do, in a hundred files of different lengths. */
const busy = (ms: number): string =>
  `const until = performance.now() + ${ms}; while (performance.now() < until) Math.sqrt(until);`;
const files = (dir: string, count: number, text: (i: number) => string, extension: string): void => {
  mkdirSync(join(dir, 'test'), { recursive: true });
  for (let i = 0; i < count; i++)
    writeFileSync(join(dir, 'test', `f${String(i).padStart(3, '0')}.test.${extension}`), text(i));
};

function parallel(root: string): Made {
  const dir = join(root, 'vitest');
  files(
    dir,
    60,
    (i) =>
      `import { test } from 'vitest';\nfor (let t = 0; t < 5; t++) test('t' + t, () => { ${busy(100 + (i % 7) * 40)} });\n`,
    'mjs',
  );
  writeFileSync(
    join(dir, 'package.json'),
    '{"name":"bench-vitest","type":"module","devDependencies":{"vitest":"*"},"scripts":{"test":"vitest run"}}',
  );
  // A configuration of its own: Vitest would look upwards and find this repository's.
  writeFileSync(join(dir, 'vitest.config.mjs'), 'export default {};\n');
  const bin = join(PACKAGE_ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  return { name: 'vitest, parallel by itself', dir, command: process.execPath, args: [bin, 'run'], goal: '≤ 1.10' };
}

function serial(root: string): Made {
  const dir = join(root, 'mocha');
  files(
    dir,
    60,
    (i) =>
      `describe('f${i}', () => { for (let t = 0; t < 5; t++) it('t' + t, () => { ${busy(60 + (i % 7) * 20)} }); });\n`,
    'cjs',
  );
  writeFileSync(
    join(dir, 'package.json'),
    '{"name":"bench-mocha","devDependencies":{"mocha":"*"},"scripts":{"test":"mocha \'test/*.cjs\'"}}',
  );
  const bin = join(PACKAGE_ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
  return {
    name: 'mocha, serial by itself, two runners',
    dir,
    command: process.execPath,
    args: [bin, 'test/*.cjs'],
    goal: '< 1.0',
  };
}

/** From the request to the first stored result of a suite whose tests take no time. */
async function firstResult(baton: TestStack, root: string): Promise<Figure> {
  const dir = join(root, 'first');
  files(dir, 1, () => "import test from 'node:test';\ntest('x', () => {});\n", 'mjs');
  writeFileSync(
    join(dir, 'package.json'),
    '{"name":"bench-first","type":"module","scripts":{"test":"node --test test/*.mjs"}}',
  );
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const { id } = await baton.start(dir);
    const stop = new AbortController();
    for await (const event of baton.client.events(id, stop.signal)) {
      if (event.type !== 'results_recorded') continue;
      times.push(performance.now() - began);
      break;
    }
    stop.abort();
    await baton.finished(id);
  }
  return { name: 'request to first stored result (node:test)', value: median(times), unit: 'ms', goal: '' };
}
