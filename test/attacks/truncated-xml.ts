import { type Attack, inProject, JUNIT } from './support/attack.js';

const half = '<testsuite name="a"><testcase name="x" classname="a"/><testcase na';

export const attack: Attack = {
  title: 'a truncated JUnit XML and exit 0',
  ends: ['incomplete'],
  because: /report/,
  run: inProject({
    'baton.config.yaml': JUNIT,
    'run.mjs': `import { writeFileSync } from 'node:fs'; writeFileSync('out.xml', ${JSON.stringify(half)});`,
  }),
};
