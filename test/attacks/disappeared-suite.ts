import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { project } from '../e2e/support/projects.js';
import { type Attack, outcomeOf, PASSING, suite } from './support/attack.js';

/** The second run lacks the suite, and the third is compared with the first again: asking twice does not help. */
export const attack: Attack = {
  title: 'a suite that disappeared since the last run, asked twice',
  ends: ['incomplete'],
  because: /suite b has disappeared: .* counted 1 of its tests.*`removed: \[b\]`/,
  async run(baton) {
    const config = 'project: disappearing\nsuites:\n';
    const dir = await project({
      'baton.config.yaml': `${config}${suite('a')}${suite('b')}`,
      'a/a.test.js': PASSING,
      'b/b.test.js': PASSING,
    });
    const whole = await baton.run(dir);
    if (whole.verdict !== 'passed') throw new Error(`the whole project should be green: ${whole.sentence}`);
    await writeFile(join(dir, 'baton.config.yaml'), `${config}${suite('a')}`);
    const once = outcomeOf(await baton.run(dir));
    const twice = outcomeOf(await baton.run(dir));
    await writeFile(join(dir, 'baton.config.yaml'), `removed: [b]\n${config}${suite('a')}`);
    const allowed = await baton.run(dir);
    if (allowed.verdict !== 'passed') throw new Error(`an allowed removal should be green: ${allowed.sentence}`);
    return once.verdict === 'passed' ? once : twice;
  },
};
