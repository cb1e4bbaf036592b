import { type Attack, inProject, JUNIT } from './support/attack.js';

export const attack: Attack = {
  title: 'exit 0 without a report',
  ends: ['incomplete'],
  because: /not a single result/,
  run: inProject({ 'baton.config.yaml': JUNIT, 'run.mjs': 'process.exit(0);' }),
};
