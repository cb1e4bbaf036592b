import { type Attack, inProject, NO_RETRIES, PASSING } from './support/attack.js';

export const attack: Attack = {
  title: 'a test that kills the process of its reporter, then ends with exit 0',
  ends: ['failed', 'incomplete'],
  because: /./,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `${PASSING}
test('kills', () => {
  process.kill(process.ppid, 'SIGKILL');
  process.exit(0);
});
`,
  }),
};
