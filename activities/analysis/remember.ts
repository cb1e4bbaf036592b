/** What a finished run teaches: its verdict as one lesson, each failure as one. Ids make repeating harmless. */
import type { Analysis } from '../../domain/analysis/analysis.schema.js';
import { lessonText } from '../../domain/analysis/analyse.js';
import { type FixOutcome, wordsOf } from '../../domain/fix/known.js';
import type { Lesson } from '../../domain/knowledge.js';
import type { Run } from '../../domain/run.schema.js';

/** Failures of one run that become lessons, one for each test and fingerprint. */
const MOST_LESSONS = 100;

export function lessonsOf(run: Run, analysis: Analysis): Lesson[] {
  return [
    outcomeOf(run, analysis),
    ...analysis.failures.slice(0, MOST_LESSONS).map((failure) => failureLesson(run, failure)),
  ];
}

function outcomeOf(run: Run, { failures }: Analysis): Lesson {
  const counts = new Map<string, number>();
  for (const failure of failures) counts.set(failure.class, (counts.get(failure.class) ?? 0) + 1);
  const classes = [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  const { passed, failed, flaky, notRun } = run.totals;
  return {
    id: `outcome/${run.id}`,
    project: run.project,
    kind: 'outcome',
    execution: run.id,
    text: [
      `verdict ${run.verdict} of ${run.project}${run.branch ? ` on ${run.branch}` : ''}`,
      run.sentence ?? '',
      classes && `classes: ${classes}`,
      ...failures.slice(0, 10).map(({ test }) => test),
    ]
      .filter(Boolean)
      .join('\n'),
    data: {
      verdict: run.verdict,
      commit: run.commit,
      branch: run.branch,
      passed,
      failed,
      flaky,
      notRun,
      trust: run.trust,
    },
  };
}

function failureLesson(run: Run, failure: Analysis['failures'][number]): Lesson {
  return {
    id: `failure/${run.id}/${failure.testId}/${failure.fingerprint.slice(0, 12)}`,
    project: run.project,
    kind: 'failure',
    execution: run.id,
    text: lessonText(failure),
    data: {
      test: failure.test.slice(0, 300),
      testId: failure.testId,
      fingerprint: failure.fingerprint,
      class: failure.class,
      frame: failure.frame?.file ?? null,
      commit: run.commit,
      blame: failure.blame,
      trust: run.trust,
    },
  };
}

/** Failures of one fix that become lessons. */
const MOST_FIXED = 10;

/**
 * One for each failure that was to be mended, found by the words of that failure. The fingerprint has another name than in
 * the lesson of the failure: of two lessons with one fingerprint only the nearer is told.
 */
export function fixLessonsOf(outcome: FixOutcome, { project, failures }: Analysis): Lesson[] {
  const meant = failures.filter(({ testId }) => outcome.testIds.includes(testId)).slice(0, MOST_FIXED);
  return meant.map((failure) => ({
    id: `fix/${outcome.fix}/${failure.testId}`,
    project,
    kind: 'fix',
    execution: outcome.fix,
    text: lessonText(failure),
    data: {
      fix: wordsOf(outcome),
      outcome: outcome.outcome,
      by: outcome.by,
      test: failure.test.slice(0, 300),
      failure: failure.fingerprint,
      class: failure.class,
      run: outcome.execution,
    },
  }));
}
