import { type Attack, inProject, PASSING, suite } from './support/attack.js';

export const attack: Attack = {
  title: 'a suite that is named in the configuration and has no files, beside a green suite',
  ends: ['incomplete'],
  because: /suite b is named in the configuration and has no test files/,
  run: inProject({
    'baton.config.yaml': `suites:\n${suite('a')}${suite('b')}`,
    'a/a.test.js': PASSING,
    'b/readme.txt': 'nothing here',
  }),
};
