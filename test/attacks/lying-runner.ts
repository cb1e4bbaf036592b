import { project } from '../e2e/support/projects.js';
import { type Attack, asRunner, outcomeOf, until } from './support/attack.js';

const evidence = {
  outcome: 'passed',
  message: 'all fine',
  exit: null,
  reporterLoaded: true,
  reporterEnded: true,
  filesExpected: 1,
  filesEnded: 1,
  tests: 1,
  failed: 0,
  reportDigest: `sha256:${'0'.repeat(64)}`,
  outputDigest: null,
};

/** With a runner's token, but without having begun the batch: every word of it is refused, and the red test stays red. */
export const attack: Attack = {
  title: 'a runner that reports for a batch another one holds',
  ends: ['failed'],
  because: /0 passed, 1 failed/,
  async run(baton) {
    const dir = await project({
      'baton.config.yaml': 'retries: 0\n',
      'test/a.test.js': `import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
test('fails late', async () => { await sleep(4000); throw new Error('really'); });
`,
    });
    const { id } = await baton.start(dir);
    const held = await until('the batch', async () =>
      (await baton.client.batches(id)).items.find(({ state }) => state === 'running'),
    );
    const key = { execution: id, batch: held.batch, runner: held.runner };
    const fileEnds = [{ file: 'test/a.test.js', status: 'passed', tests: 0, durationMs: 1 }];
    const chunk = { ...key, seq: 1, results: [], fileEnds };
    const guess = 'a-secret-that-is-a-guess';
    const refused = [
      await asRunner(baton, 'batches/record', { ...chunk, fence: held.fence }),
      await asRunner(baton, 'batches/record', { ...chunk, fence: held.fence, secret: guess }),
      await asRunner(baton, 'batches/record', { ...chunk, fence: held.fence + 1, secret: guess }),
      await asRunner(baton, 'batches/record', { ...chunk, fence: held.fence, secret: guess, runner: 'liar' }),
      await asRunner(baton, 'batches/finish', { ...key, fence: held.fence, secret: guess, evidence, durationMs: 1 }),
    ].map(({ status }) => status);
    if (JSON.stringify(refused) !== '[400,403,409,403,403]') throw new Error(`not all was refused: ${refused.join()}`);
    return outcomeOf(await baton.finished(id));
  },
};
