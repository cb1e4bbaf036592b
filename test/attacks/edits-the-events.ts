import { type Attack, inProject, NO_RETRIES } from './support/attack.js';

export const attack: Attack = {
  title: 'a test that rewrites the events file: failed becomes passed',
  ends: ['failed', 'incomplete'],
  because: /./,
  run: inProject({
    'baton.config.yaml': NO_RETRIES,
    'test/a.test.js': `import test from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
test('fails', () => { throw new Error('really'); });
`,
    'test/b.test.js': `import test from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
test('hides it', async () => {
  const file = process.env.BATON_EVENTS;
  for (let i = 0; i < 20; i++) {
    await sleep(50);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"failed"', '"passed"'));
  }
});
`,
  }),
};
