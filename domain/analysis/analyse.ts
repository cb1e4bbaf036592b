/** From the results of an execution to its analysis. Pure: what is known from elsewhere is passed in. */
import { clip } from '../clip.js';
import { fingerprint, normalise } from '../fingerprint.js';
import type { Redact } from '../redact.js';
import type { Attempt, TestResult } from '../result.schema.js';
import type { FailureAnalysis, RelatedFailure } from './analysis.schema.js';
import { type ChangedFile, candidatesOf, isTestFile } from './candidates.js';
import { classify } from './classify.js';
import { fixability } from './fixable.js';
import { projectFrames } from './frames.js';
import { signalsOf } from './signals.js';
import { suspicionsOf } from './suspicion.js';

/** Failures of one execution that are looked at; beyond this, one cause has most of them. */
export const MOST_FAILURES = 200;
const MESSAGE = 1_000;

export interface Known {
  /** Absolute root of the project on the machine that ran it. */
  readonly root: string;
  readonly changed: readonly ChangedFile[] | undefined;
  readonly redact: Redact;
}

/** Red and flaky results, what gates first. */
export function failuresOf(results: readonly TestResult[]): TestResult[] {
  const weight = ({ blame, status }: TestResult): number =>
    (status === 'failed' ? 0 : 2) + (blame?.class === 'your_change' || !blame ? 0 : 1);
  return results
    .filter(({ status }) => status === 'failed' || status === 'flaky')
    .sort((a, b) => weight(a) - weight(b));
}

/** One failure by rules alone. `attempt`: its last failed one; absent where its row is gone. */
export function analyseFailure(result: TestResult, attempt: Attempt | undefined, known: Known): FailureAnalysis {
  const failed = attempt ?? {
    ...{ kind: result.kind, fault: result.fault, message: result.message },
    ...{ stack: null, expected: null, actual: null, stdout: null, stderr: null },
  };
  const signals = signalsOf(failed);
  const { class: name, confidence, rule } = classify(signals);
  const text = `${failed.stack ?? ''}\n${failed.message ?? ''}`;
  // Names in a stack are words of an outsider like any other.
  const frames = projectFrames(text, known.root).map((frame) => ({
    ...frame,
    file: known.redact(frame.file),
    function: frame.function === null ? null : known.redact(frame.function),
  }));
  const candidates = candidatesOf(frames, known.changed);
  const blame = result.blame?.class ?? null;
  const judged = {
    class: name,
    confidence,
    blame,
    candidates,
    wholeFile: signals.wholeFile,
    flaky: result.status === 'flaky',
  };
  const shown = (given: string, most: number): string => clip(known.redact(given), most);
  return {
    testId: result.testId,
    test: shown(result.name, 500),
    suite: result.suite,
    file: shown(result.file, 500),
    class: name,
    confidence,
    rule: shown(rule, 200),
    message: failed.message === null ? null : shown(failed.message, MESSAGE),
    frame: frames.find(({ file }) => !isTestFile(file)) ?? frames[0] ?? null,
    candidates,
    ...fixability(judged),
    blame,
    fingerprint: fingerprint(normalise(failed.message ?? '')),
    related: [],
    suspicious: suspicionsOf(`${result.name}\n${result.file}\n${text}\n${failed.stdout ?? ''}\n${failed.stderr ?? ''}`),
    explanation: null,
  };
}

/** What a failure is remembered and looked up by: its kind, words and place, without what changes. */
export function lessonText(failure: Pick<FailureAnalysis, 'class' | 'message' | 'test' | 'frame'>): string {
  const place = failure.frame
    ? `${failure.frame.file}${failure.frame.function ? ` ${failure.frame.function}` : ''}`
    : '';
  return [failure.message ?? '', `class ${failure.class}`, `test ${failure.test}`, place]
    .filter(Boolean)
    .join('\n')
    .slice(0, 2_000);
}

export const withRelated = (failure: FailureAnalysis, related: readonly RelatedFailure[]): FailureAnalysis => ({
  ...failure,
  related: [...related],
});
