/**
 * The inner logic of a receipt, from the receipt alone: whoever signed it, a green verdict has to follow from what it
 * lists. Returns one sentence for each contradiction; none when it holds together.
 */
import type { Receipt } from './receipt.schema.js';
import type { Totals } from './run.schema.js';

/** Reasons for not running that a green run may have, when somebody allowed them. */
const HARMLESS: ReadonlySet<string> = new Set(['project', 'filter', 'suites', 'removed', 'empty']);

export function contradictions(receipt: Receipt): string[] {
  return [...sums(receipt), ...batches(receipt), ...(receipt.verdict === 'passed' ? notGreen(receipt) : [])];
}

const sum = (t: Totals): number => t.passed + t.failed + t.skipped + t.flaky + t.notRun;

function sums({ expected, observed, results, unsteady, unsteadyLeftOut }: Receipt): string[] {
  const { totals, suites } = observed;
  const found: string[] = [];
  if (sum(totals) !== results.count)
    found.push(`the totals add up to ${sum(totals)}, the results are ${results.count}`);
  for (const key of ['passed', 'failed', 'skipped', 'flaky', 'notRun'] as const) {
    const all = suites.reduce((n, suite) => n + suite[key], 0);
    if (all !== totals[key]) found.push(`the suites add up to ${all} ${key}, the totals say ${totals[key]}`);
  }
  const files = expected.suites.reduce((n, suite) => n + suite.files.length, 0);
  if (files !== expected.files) found.push(`${expected.files} files are expected, the suites list ${files}`);
  if (observed.files > expected.files) found.push('more files were observed than expected');
  const listed = unsteady.length + unsteadyLeftOut;
  if (listed !== totals.failed + totals.flaky)
    found.push(`${totals.failed + totals.flaky} tests are red or flaky, ${listed} are accounted for`);
  return found;
}

/** Every attempt of a batch is there, and the batch ended as its last attempt did. */
function batches({ observed, origin, notes }: Receipt): string[] {
  const found: string[] = [];
  const wasSetBack = notes.some((note) => note.startsWith('set back to '));
  const kept = new Set(origin?.kind === 'reset' ? origin.kept : []);
  for (const { batch, state, outcome, attempts } of observed.batches) {
    // Taken over from another execution, whose receipt lists them.
    if (kept.has(batch) && attempts.length === 0) continue;
    // A batch that was set back goes on counting where it was, and a note says so.
    const first = wasSetBack ? (attempts[0]?.fence ?? 1) : 1;
    if (attempts.some((attempt, i) => attempt.fence !== first + i))
      found.push(`attempts of batch ${batch} are missing`);
    const last = attempts.at(-1);
    if (state === 'final' && last?.outcome !== outcome)
      found.push(`batch ${batch} says ${outcome}, its last attempt ${last?.outcome ?? 'nothing'}`);
  }
  return found;
}

function notGreen(receipt: Receipt): string[] {
  const { expected, observed, notRun, reasons, problem } = receipt;
  const { totals } = observed;
  const found: string[] = [];
  const claim = (holds: boolean, text: string): void => {
    if (!holds) found.push(`it says passed, but ${text}`);
  };
  claim(expected.files > 0, 'nothing was expected');
  claim(observed.files === expected.files, `${observed.files} of ${expected.files} expected files were observed`);
  claim(gating(receipt) === 0, `${gating(receipt)} failed that nothing excuses`);
  claim(totals.notRun === 0, `${totals.notRun} were not run`);
  claim(totals.passed + totals.flaky > 0, 'not one test ran');
  claim(problem === null && reasons.length === 0, `it names a reason against it: ${problem?.message ?? reasons[0]}`);
  for (const { by, allowedBy, suite } of notRun)
    claim(HARMLESS.has(by) && allowedBy !== null, `nobody allowed that ${suite} did not run whole (${by})`);
  found.push(...idleSuites(receipt), ...openBatches(receipt));
  return found;
}

/** Red tests that are not listed with a reason why they are nobody's of this change. */
const gating = ({ observed, unsteady }: Receipt): number =>
  observed.totals.failed - unsteady.filter((test) => test.status === 'failed' && isExcused(test.blame)).length;

const isExcused = (blame: Receipt['unsteady'][number]['blame']): boolean =>
  blame?.gating === false && (blame.class === 'red_before' || blame.class === 'known_flaky');

function idleSuites({ expected, observed, notRun }: Receipt): string[] {
  const excused = new Set(notRun.filter(({ by }) => by === 'empty').map(({ suite }) => suite));
  const ran = new Map(observed.suites.map((suite) => [suite.suite, suite.ran]));
  return expected.suites
    .filter(({ suite }) => !excused.has(suite) && !((ran.get(suite) ?? 0) > 0))
    .map(({ suite }) => `it says passed, but not one test of suite ${suite} ran`);
}

/** Each expected file is in a batch of the first stage, all batches are final, and a bad end was made up for later. */
function openBatches({ expected, observed }: Receipt): string[] {
  const found: string[] = [];
  for (const { suite, files } of expected.suites) {
    const held = observed.batches.filter((b) => b.stage === 1 && b.suite === suite).reduce((n, b) => n + b.files, 0);
    if (held !== files.length)
      found.push(`it says passed, but batches hold ${held} of ${files.length} files of suite ${suite}`);
  }
  for (const { batch, suite, stage, state, outcome } of observed.batches) {
    if (state !== 'final') found.push(`it says passed, but batch ${batch} is not final`);
    else if (outcome === 'passed' || outcome === 'failed') continue;
    else if (!observed.batches.some((b) => b.suite === suite && b.stage > stage && b.state === 'final'))
      found.push(`it says passed, but batch ${batch} ended with ${outcome} and nothing came after it`);
  }
  return found;
}
