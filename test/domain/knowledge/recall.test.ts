import { describe, expect, it } from 'vitest';
import { classify } from '../../../domain/analysis/classify.js';
import { signalsOf } from '../../../domain/analysis/signals.js';
import { fingerprint, normalise } from '../../../domain/fingerprint.js';
import { cosine } from '../../../domain/knowledge/embedding.js';
import { DIMENSIONS, offlineVector } from '../../../domain/knowledge/offline.js';
import { LABELLED } from '../analysis/labelled.js';

/** The words of a failure and its class, as lessons hold them; no test or file names, which would give the scenario away. */
const docs = LABELLED.filter(({ message, label }) => message !== null && label !== 'unknown').map((each) => ({
  ...each,
  text: `${each.message}\nclass ${classify(signalsOf(each)).class}`,
}));
const vectors = docs.map(({ text }) => offlineVector(text));

describe('the offline embedding', () => {
  it('finds the same failure with other values among five, and failures of its kind in other frameworks', () => {
    const tally = { twins: 0, twinsFound: 0, exact: 0, kin: 0, kinFound: 0 };
    docs.forEach((query, at) => {
      const five = docs
        .map((doc, i) => ({ doc, i, score: cosine(vectors[at]!, vectors[i]!) }))
        .filter(({ i }) => i !== at)
        .sort((a, b) => b.score - a.score || a.i - b.i)
        .slice(0, 5);
      const kin = docs.filter((doc, i) => i !== at && doc.group === query.group);
      const twins = kin.filter(({ framework }) => framework === query.framework);
      if (twins.length > 0) {
        tally.twins++;
        if (five.some(({ doc }) => twins.includes(doc))) tally.twinsFound++;
        const own = fingerprint(normalise(query.message!));
        if (twins.some(({ message }) => fingerprint(normalise(message!)) === own)) tally.exact++;
      }
      if (kin.length > 0) {
        tally.kin++;
        tally.kinFound += five.filter(({ doc }) => kin.includes(doc)).length / Math.min(5, kin.length);
      }
    });
    const recall = tally.twinsFound / tally.twins;
    const ofKin = tally.kinFound / tally.kin;
    console.log(
      `near-duplicates: recall@5 ${recall.toFixed(3)} of ${tally.twins} (same fingerprint: ${(tally.exact / tally.twins).toFixed(3)}); same mistake in any framework: recall@5 ${ofKin.toFixed(3)} of ${tally.kin}`,
    );
    expect(tally.twins).toBeGreaterThan(400);
    expect(recall).toBeGreaterThanOrEqual(0.93);
    expect(recall).toBeGreaterThan(tally.exact / tally.twins);
    expect(ofKin).toBeGreaterThanOrEqual(0.68);
  });

  it('is the same on every machine', () => {
    const vector = offlineVector('TypeError: Cannot read properties of undefined');
    expect(vector).toHaveLength(DIMENSIONS);
    expect(Math.sqrt(vector.reduce((sum, each) => sum + each * each, 0))).toBeCloseTo(1, 10);
    expect(vector).toEqual(offlineVector('TypeError: Cannot read properties of undefined'));
    // Vectors are kept: another way to make them needs another name.
    expect(fingerprint(vector.map((each) => each.toFixed(6)).join())).toMatchInlineSnapshot(
      `"3b8b2381335b02b37a20eaea"`,
    );
  });

  it('what changes from run to run is not looked at, and unrelated texts are far', () => {
    const of = (text: string) => offlineVector(text);
    expect(cosine(of('took 31 ms at /tmp/a/b.js'), of('took 99 ms at /tmp/c/d.js'))).toBeCloseTo(1, 6);
    expect(cosine(of('connection refused by the database'), of('snapshot does not match'))).toBeLessThan(0.2);
    expect(cosine(of(''), of('anything'))).toBe(0);
  });
});
