import { type Attack, inProject, TAP } from './support/attack.js';

export const attack: Attack = {
  title: 'the reporter ends with exit 0 after one of three tests',
  ends: ['incomplete'],
  because: /report|1 of 3|plan/,
  run: inProject({
    'baton.config.yaml': TAP,
    'run.mjs': "console.log('TAP version 13\\n1..3\\nok 1 - one'); process.exitCode = 0;",
  }),
};
