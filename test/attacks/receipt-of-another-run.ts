import { project } from '../e2e/support/projects.js';
import { type Attack, PASSING } from './support/attack.js';
import { fileOf, receiptOf, RED, verify } from './support/receipts.js';

export const attack: Attack = {
  title: 'the valid receipt of another, green run',
  ends: ['failed'],
  because: /it is of run_\w+, not of run_\w+/,
  async run(baton) {
    const green = await baton.run(await project({ 'test/a.test.js': PASSING }));
    const red = await baton.run(await project(RED));
    const file = await fileOf(await receiptOf(baton, green.id));
    const own = verify(baton, file, '--execution', green.id);
    if (own.code !== 0) throw new Error(`its own run should be accepted: ${own.text}`);
    const { code, text } = verify(baton, file, '--execution', red.id);
    if (code !== 1) throw new Error(`a receipt of another run ended with ${code}: ${text}`);
    return { verdict: red.verdict, sentence: text };
  },
};
