import { type Attack, inProject, JUNIT } from './support/attack.js';

export const attack: Attack = {
  title: 'a passing line that is only printed',
  ends: ['incomplete'],
  because: /not a single result/,
  run: inProject({ 'baton.config.yaml': JUNIT, 'run.mjs': "console.log('ok 1 - all fine\\n1 passed, 0 failed');" }),
};
