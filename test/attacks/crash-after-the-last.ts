import { type Attack, inProject, TAP } from './support/attack.js';

export const attack: Attack = {
  title: 'a crash after the last test has passed',
  ends: ['incomplete'],
  because: /SIGABRT|134|ended/,
  run: inProject({
    'baton.config.yaml': TAP,
    'run.mjs': "console.log('TAP version 13\\n1..1\\nok 1 - one'); process.abort();",
  }),
};
