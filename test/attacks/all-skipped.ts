import { type Attack, inProject } from './support/attack.js';

export const attack: Attack = {
  title: 'every test skipped',
  ends: ['incomplete'],
  because: /not one test of suite .* was executed \(1 skipped\)/,
  run: inProject({ 'test/a.test.js': "import test from 'node:test';\ntest.skip('never', () => {});\n" }),
};
