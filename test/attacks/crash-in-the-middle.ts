import { type Attack, inProject, TAP } from './support/attack.js';

export const attack: Attack = {
  title: 'a crash in the middle of the suite',
  ends: ['incomplete'],
  because: /SIGABRT|134|report/,
  run: inProject({
    'baton.config.yaml': TAP,
    'run.mjs': "console.log('TAP version 13\\n1..3\\nok 1 - one'); process.abort();",
  }),
};
