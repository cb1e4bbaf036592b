/** What a finished run teaches: its verdict as one lesson, each failure as one. Ids make repeating harmless. */
import type { Analysis } from '../../domain/analysis/analysis.schema.js';
import { lessonText } from '../../domain/analysis/analyse.js';
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
