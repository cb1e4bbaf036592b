import { type Attack, inProject, NO_RETRIES, PASSING } from './support/attack.js';

export const attack: Attack = {
  title: 'every test green, exit code 1',
  ends: ['failed', 'incomplete'],
  because: /./,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `${PASSING}process.on('exit', () => { process.exitCode = 1; });\n`,
  }),
};
