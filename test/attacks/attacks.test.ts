/** Every file of this folder is one attack. None may end green, and each must say why. */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStack, type TestStack } from '../e2e/support/stack.js';
import type { Attack } from './support/attack.js';

const HERE = new URL('.', import.meta.url);
const NAMES = readdirSync(HERE)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => name.slice(0, -'.ts'.length));

const table: string[][] = [];
let baton: TestStack;
beforeAll(async () => {
  baton = await openStack();
});
afterAll(async () => {
  await baton?.stop();
  const width = Math.max(0, ...table.map(([title = '']) => title.length));
  const rows = table.map(
    ([title = '', verdict = '', why = '']) => `${title.padEnd(width)}  ${verdict.padEnd(10)}  ${why}`,
  );
  process.stdout.write(`\n${rows.join('\n')}\n`);
});

it('has attacks', () => {
  expect(NAMES.length).toBeGreaterThan(20);
});

it.each(NAMES)('%s', async (name) => {
  const { attack } = (await import(new URL(`${name}.ts`, HERE).href)) as { attack: Attack };
  const { verdict, sentence } = await attack.run(baton);
  table.push([attack.title, verdict ?? 'none', sentence.replace(/\s+/g, ' ').slice(0, 110)]);
  expect(attack.ends, sentence).toContain(verdict);
  expect(sentence).toMatch(attack.because);
});
