import { type Attack, inProject, NO_RETRIES } from './support/attack.js';

export const attack: Attack = {
  title: 'a test that takes its own red line out of the events file',
  ends: ['failed', 'incomplete'],
  because: /./,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `import test from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
test('fails', () => { throw new Error('really'); });
test('takes it out', async () => {
  const file = process.env.BATON_EVENTS;
  for (let i = 0; i < 20; i++) {
    await sleep(50);
    const kept = readFileSync(file, 'utf8').split('\\n').filter((line) => !line.includes('really'));
    writeFileSync(file, kept.join('\\n'));
  }
});
`,
  }),
};
