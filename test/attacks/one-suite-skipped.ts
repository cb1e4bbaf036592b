import { type Attack, inProject, PASSING, suite } from './support/attack.js';

export const attack: Attack = {
  title: 'every test of one suite skipped, beside a green suite',
  ends: ['incomplete'],
  because: /not one test of suite b was executed/,
  run: inProject({
    'baton.config.yaml': `suites:\n${suite('a')}${suite('b')}`,
    'a/a.test.js': PASSING,
    'b/b.test.js': "import test from 'node:test';\ntest.skip('never', () => {});\n",
  }),
};
