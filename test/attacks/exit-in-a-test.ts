import { type Attack, inProject, NO_RETRIES, PASSING } from './support/attack.js';

export const attack: Attack = {
  title: 'a test that ends its process with exit 0',
  ends: ['failed', 'incomplete'],
  because: /./,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `${PASSING}test('dies', () => process.exit(0));\ntest('never', () => {});\n`,
  }),
};
