import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderConfiguration } from '../../config/manual.js';
import { ROOT } from '../architecture/imports.js';

it('docs/configuration.md says what the sources say (npm run docs writes it)', () => {
  expect(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8')).toBe(renderConfiguration());
});

it('lists what a project and a run can set', () => {
  const text = renderConfiguration();
  for (const key of ['suites[].framework', 'suites[].retries', 'suites[].retries.rateLimit.backoff', 'lanes', 'bail'])
    expect(text).toContain(`| \`${key}\` |`);
});

it('explains every setting', () => {
  const unexplained = renderConfiguration()
    .split('\n')
    .filter((line) => /^\| `/.test(line) && /\|\s*\|$/.test(line));
  expect(unexplained).toEqual([]);
});
