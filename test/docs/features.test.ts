/** The list of what works is only worth something if each row's test is really there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../architecture/imports.js';

const rows = readFileSync(join(ROOT, 'docs/features.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-Z]+-\d+) \| (.+?) \| (.+?) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, text, tests]) => ({
    id: id!,
    text: text!,
    tests: [...tests!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!),
  }));

describe('docs/features.md', () => {
  it('has rows, each id once', () => {
    expect(rows.length).toBeGreaterThan(20);
    const ids = rows.map((r) => r.id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
  });

  it.each(rows)('$id names tests that exist', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((path) => !/^test\/.+\.test\.ts$/.test(path) || !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
