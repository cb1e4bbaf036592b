import { project } from '../e2e/support/projects.js';
import { type Attack, asRunner, outcomeOf, until } from './support/attack.js';

/** Who takes a batch over may report for it; a claim of green without a process that ended is still no evidence. */
export const attack: Attack = {
  title: 'a liar that takes a batch over and claims green without results',
  ends: ['failed', 'incomplete'],
  because: /./,
  async run(baton) {
    const dir = await project({
      'baton.config.yaml': 'retries: 0\n',
      'test/a.test.js': `import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
test('fails late', async () => { await sleep(3000); throw new Error('really'); });
`,
    });
    const { id } = await baton.start(dir);
    const { batch } = await until('the batch', async () =>
      (await baton.client.batches(id)).items.find(({ state }) => state === 'running'),
    );
    const begun = JSON.parse((await asRunner(baton, 'batches/begin', { execution: id, batch, runner: 'liar' })).text);
    const { fence, secret } = begun as { fence: number; secret: string };
    const claim = {
      outcome: 'passed',
      message: '',
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
    const body = { execution: id, batch, runner: 'liar', fence, secret, evidence: claim, durationMs: 1 };
    const { status } = await asRunner(baton, 'batches/finish', body);
    if (status < 400) throw new Error('green without one result was accepted');
    return outcomeOf(await baton.finished(id));
  },
};
