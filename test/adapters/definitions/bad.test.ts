/** Every malformed document gives sentences with a place, and nothing else. `expected.json` holds what is said. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDefinition } from '../../../adapters/definitions/document.js';
import { ROOT } from '../../architecture/imports.js';

const DIR = join(ROOT, 'test', 'fixtures', 'definitions');
const FILES = readdirSync(join(DIR, 'bad')).sort();
const EXPECTED = join(DIR, 'bad-expected.json');
const said = (file: string): string[] =>
  readDefinition(readFileSync(join(DIR, 'bad', file), 'utf8'), file).mistakes.map((mistake) => mistake.text);

// What was said is read by a person before it is kept: BATON_RECORD=1 writes it anew.
if (process.env['BATON_RECORD'] === '1')
  writeFileSync(
    EXPECTED,
    `${JSON.stringify(Object.fromEntries(FILES.map((file) => [file, said(file)])), undefined, 2)}\n`,
  );
const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Record<string, string[]>;

describe('malformed definitions', () => {
  it('are at least sixty, and each has its sentences', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(60);
    expect(Object.keys(expected).sort()).toEqual(FILES);
  });

  it.each(FILES)('%s', (file) => {
    const found = said(file);
    expect(found).toEqual(expected[file]);
    expect(found.length).toBeGreaterThan(0);
    for (const text of found) {
      expect(text).toMatch(/^[\w.-]+:\d+:\d+ \S.*[.?]$/);
      expect(text).not.toMatch(/\n|node:internal|\.ts:|\.js:\d|ZodError|undefined|\[object/);
    }
  });

  it('of the largest size are read within seconds', () => {
    const steps = Array.from({ length: 2000 }, (_, index) => ({
      name: `s${index}`,
      uses: 'gate.check',
      with: { condition: index === 0 ? 'true' : `steps.s${index - 1}.status == "succeeded"` },
      depends_on: index === 0 ? [] : [`s${index - 1}`],
    }));
    const begin = performance.now();
    const { mistakes } = readDefinition(JSON.stringify({ name: 'long', steps }), 'long.json');
    expect(mistakes).toEqual([]);
    expect(performance.now() - begin).toBeLessThan(5_000);
  });
});
