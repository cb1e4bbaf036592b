/**
 * How far a judgement can be believed: of the labelled failures that this kind of evidence decided, how many it decided
 * right, with one right and one wrong added (Laplace), so that few cases never give certainty. Measured by
 * `test/domain/analysis/classify.test.ts`, which fails when the numbers no longer fit.
 */
export type Evidence =
  /** Two values of a comparison. */
  | 'comparison'
  /** A status code of failure in place of one of success. */
  | 'compared_status'
  /** A code or name that programs write. */
  | 'code'
  /** A status code that the text calls one. */
  | 'said_status'
  /** A choice of words. */
  | 'phrase'
  /** Words of several classes. */
  | 'contested'
  /** An error of the language itself. */
  | 'language'
  | 'worded_assertion'
  | 'ended'
  | 'nothing';

/** Right and decided, on the part of the labelled failures that rules were written with. */
export const MEASURED: Readonly<Record<Evidence, readonly [right: number, decided: number]>> = {
  comparison: [32, 32],
  compared_status: [26, 26],
  code: [100, 108],
  said_status: [40, 40],
  phrase: [8, 8],
  contested: [3, 3],
  language: [46, 46],
  worded_assertion: [18, 18],
  ended: [0, 0],
  nothing: [2, 3],
};

export function confidenceOf(evidence: Evidence): number {
  // That nothing is known is always right to say, and says nothing.
  if (evidence === 'nothing') return 0;
  const [right, decided] = MEASURED[evidence];
  return Math.round(((right + 1) / (decided + 2)) * 100) / 100;
}
