/** Which tests each `npm run test:…` runs, as Vitest itself sees it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, sourceFiles } from '../architecture/imports.js';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** Files by project, of a script's own filters. */
function selected(script: string): Map<string, string[]> {
  const [, , ...filters] = scripts[script]!.split(' ');
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const json = execFileSync(process.execPath, [vitest, 'list', ...filters, '--filesOnly', '--json'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const found = new Map<string, string[]>();
  for (const { file, projectName } of JSON.parse(json) as { file: string; projectName: string }[])
    found.set(projectName, [...(found.get(projectName) ?? []), relative(ROOT, file)].sort());
  return found;
}

it('each test file is in exactly one of unit, integration and e2e', () => {
  const suites = ['unit', 'integration', 'e2e'].map((name) => {
    const files = selected(`test:${name}`);
    expect([...files.keys()]).toEqual([name]);
    return files.get(name)!;
  });
  const all = sourceFiles('test').filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/fixtures/'));
  expect(suites.flat().sort()).toEqual(all);
}, 60_000);

it('what must never break is a suite of its own: the form of answers, kills of every part, attacks on green', () => {
  const [, , ...filters] = scripts['test:critical']!.split(' ');
  const files = [...selected('test:critical').values()].flat();
  expect(filters.filter((filter) => !files.some((file) => file.startsWith(filter)))).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining(['test/cli/words.test.ts', 'test/e2e/kills.test.ts', 'test/attacks/attacks.test.ts']),
  );
}, 60_000);
