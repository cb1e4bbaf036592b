import { type Attack, inProject, JUNIT } from './support/attack.js';

export const attack: Attack = {
  title: 'a green report of an earlier run lies in the workspace',
  ends: ['incomplete'],
  because: /not a single result/,
  run: inProject({
    'baton.config.yaml': JUNIT,
    'out.xml': '<testsuite name="a"><testcase name="x" classname="a"/></testsuite>',
    'run.mjs': 'process.exit(0);',
  }),
};
