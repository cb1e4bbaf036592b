import { type Attack, inProject, JUNIT } from './support/attack.js';

export const attack: Attack = {
  title: 'an empty report and exit 0',
  ends: ['incomplete'],
  because: /not a single result|not one test/,
  run: inProject({
    'baton.config.yaml': JUNIT,
    'run.mjs': "import { writeFileSync } from 'node:fs'; writeFileSync('out.xml', '<testsuites></testsuites>');",
  }),
};
