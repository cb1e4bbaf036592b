import { type Attack, inProject, NO_RETRIES } from './support/attack.js';

export const attack: Attack = {
  title: 'two tests of one name: the second, green, would hide the first',
  ends: ['failed'],
  because: /1 passed, 1 failed/,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `import test from 'node:test';
test('same', () => { throw new Error('the first'); });
test('same', () => {});
`,
  }),
};
