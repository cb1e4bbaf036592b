/** Small projects made for a test, on disk, run by a real framework that needs nothing installed. */
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'baton-project-'));
  const all = {
    'package.json': JSON.stringify({ name: 'made', type: 'module', scripts: { test: 'node --test' } }),
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
}

/** A suite of each of these names, with one file of one green test. */
export function suitesProject(names: readonly string[]): Promise<string> {
  const suites = names.map((name) => ({ name, framework: 'node-test', include: [`test/${name}.test.mjs`] }));
  const file = (name: string): [string, string] => [
    `test/${name}.test.mjs`,
    `import { test } from 'node:test';\ntest('${name} works', () => {});\n`,
  ];
  return project({
    'package.json': JSON.stringify({ name: 'shop', type: 'module' }),
    'baton.config.json': JSON.stringify({ suites }),
    ...Object.fromEntries(names.map(file)),
  });
}

/**
 * Each test appends its name to a file outside Baton's reach when it ends: the independent truth about what ran.
 * `files` files of `tests` tests that take `ms` each.
 */
export async function ledgerProject(
  files: number,
  tests: number,
  ms: number,
): Promise<{ dir: string; ran: () => Promise<string[]>; names: string[] }> {
  const truth = join(await mkdtemp(join(tmpdir(), 'baton-truth-')), 'ran.txt');
  await writeFile(truth, '');
  const names: string[] = [];
  const sources: Record<string, string> = {};
  for (let f = 0; f < files; f++) {
    const file = `test/f${String(f).padStart(3, '0')}.test.js`;
    for (let t = 0; t < tests; t++) names.push(`${file} t${t}`);
    sources[file] = `
import test from 'node:test';
import { appendFileSync } from 'node:fs';
for (let t = 0; t < ${tests}; t++) {
  test('t' + t, async () => {
    await new Promise((resolve) => setTimeout(resolve, ${ms}));
    appendFileSync(${JSON.stringify(truth)}, ${JSON.stringify(`${file} t`)} + t + '\\n');
  });
}
`;
  }
  const dir = await project(sources);
  return { dir, names, ran: async () => (await readFile(truth, 'utf8')).split('\n').filter((line) => line !== '') };
}
