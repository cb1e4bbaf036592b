import { canonicalJson } from '../../domain/canonical.js';
import { SignedReceipt } from '../../domain/receipt.schema.js';
import { project } from '../e2e/support/projects.js';
import type { Attack } from './support/attack.js';
import { fileOf, receiptOf, RED, verify } from './support/receipts.js';

/** Every single change that would make it greener, one after the other. */
export const attack: Attack = {
  title: 'the receipt of a red run, changed to green',
  ends: ['failed'],
  because: /signature is wrong/,
  async run(baton) {
    const run = await baton.run(await project(RED));
    const signed = SignedReceipt.parse(JSON.parse(await receiptOf(baton, run.id)));
    const whole = verify(baton, await fileOf(canonicalJson(signed)));
    if (whole.code !== 0) throw new Error(`the receipt itself should be valid: ${whole.text}`);
    const { totals } = signed.receipt.observed;
    const changes = [
      { verdict: 'passed' },
      {
        verdict: 'passed',
        reasons: [],
        unsteady: [],
        observed: { ...signed.receipt.observed, totals: { ...totals, failed: 0 } },
      },
      { commit: '0'.repeat(40) },
    ];
    let last = '';
    for (const change of changes) {
      const forged = { ...signed, receipt: { ...signed.receipt, ...change } };
      const { code, text } = verify(baton, await fileOf(JSON.stringify(forged)));
      if (code !== 1) throw new Error(`a changed receipt ended with ${code}: ${text}`);
      last = text;
    }
    return { verdict: run.verdict, sentence: last };
  },
};
