/** Failure analysis and what is learned from failures, for the control queue. */
import type { AnalysedFailure, AnalysisActivities } from '../../domain/analysis/activities.js';
import { lessonText } from '../../domain/analysis/analyse.js';
import type { Explanation, FailureAnalysis } from '../../domain/analysis/analysis.schema.js';
import type { FixOutcome } from '../../domain/fix/known.js';
import type { Model } from '../../domain/model.js';
import type { Recalled } from '../../domain/knowledge.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { type AnalysisDeps, finishedRun, fixOf, store, storedOrMade } from './analyses.js';
import { explain, isNoAnswer, unexplained, withExplanations } from './explain.js';
import { fixLessonsOf, lessonsOf } from './remember.js';

export interface AnalysisActivityDeps extends AnalysisDeps {
  readonly model: Model;
}

/** Rows that cross Temporal: 40 of less than a kilobyte. */
const MOST_TOLD = 40;
const USUAL_FOUND = 5;
/** Failures of an execution whose like is asked for by `recallFailures`. */
const MOST_ASKED = 10;

export function createAnalysisActivities(deps: AnalysisActivityDeps): AnalysisActivities {
  return namedFailures<AnalysisActivities>({
    analyseFailures: ({ execution }) => withHeartbeat(() => analyse(deps, execution)),
    explainFailures: ({ execution }) => withHeartbeat(() => explainAll(deps, execution)),
    rememberOutcome: ({ execution }) => withHeartbeat(() => remember(deps, execution)),
    recallFailures: (input) => withHeartbeat(() => recall(deps, input)),
    rememberFix: (outcome) => withHeartbeat(() => rememberFix(deps, outcome)),
  });
}

async function analyse(deps: AnalysisDeps, execution: string): ReturnType<AnalysisActivities['analyseFailures']> {
  const { analysis, digest } = await storedOrMade(deps, execution);
  const { failures, left } = analysis;
  const sorted = [...failures].sort((a, b) => Number(b.fixable) - Number(a.fixable));
  return {
    execution,
    analysis: digest,
    failures: sorted.slice(0, MOST_TOLD).map(told),
    total: failures.length + left,
    fixable: failures.filter(({ fixable }) => fixable).length,
  };
}

const told = (failure: FailureAnalysis): AnalysedFailure => ({
  testId: failure.testId,
  test: failure.test.slice(0, 300),
  suite: failure.suite,
  file: failure.file.slice(0, 300),
  class: failure.class,
  confidence: failure.confidence,
  fixable: failure.fixable,
  why: failure.why.slice(0, 3).map((reason) => reason.slice(0, 200)),
  frame: failure.frame && { ...failure.frame, file: failure.frame.file.slice(0, 300) },
  fingerprint: failure.fingerprint,
  related: failure.related.map(({ id }) => id),
});

/** What has been explained is kept, also when the next question has to wait. */
async function explainAll(
  deps: AnalysisActivityDeps,
  execution: string,
): ReturnType<AnalysisActivities['explainFailures']> {
  const { analysis } = await storedOrMade(deps, execution);
  if (deps.model.name === undefined) return { asked: 0, explained: 0, problem: null };
  const open = unexplained(analysis);
  const attempts = open.length > 0 ? await deps.ledger.attempts(execution) : [];
  const found = new Map<string, Explanation>();
  let problem: string | null = null;
  try {
    for (const failure of open) {
      const attempt = attempts.findLast(({ testId, status }) => testId === failure.testId && status === 'failed');
      try {
        found.set(failure.fingerprint, await explain(deps.model, deps.redact, analysis, failure, attempt));
      } catch (error) {
        if (!isNoAnswer(error)) throw error;
        problem = error.message.slice(0, 500);
        // One answer that does not fit says nothing of the next; a missing key or an empty budget does.
        if (error.reason === 'unavailable' || error.reason === 'budget') break;
      }
    }
  } finally {
    if (found.size > 0) await store(deps, withExplanations(analysis, found, deps.model.name));
  }
  return { asked: open.length, explained: found.size, problem };
}

async function remember(deps: AnalysisDeps, execution: string): ReturnType<AnalysisActivities['rememberOutcome']> {
  const run = await finishedRun(deps, execution);
  const { analysis } = await storedOrMade(deps, execution);
  const lessons = lessonsOf(run, analysis);
  await deps.knowledge.remember(lessons);
  return { lessons: lessons.length, embedding: deps.knowledge.embedding };
}

async function rememberFix(deps: AnalysisDeps, outcome: FixOutcome): ReturnType<AnalysisActivities['rememberFix']> {
  const { analysis } = await storedOrMade(deps, outcome.execution);
  const lessons = fixLessonsOf(outcome, analysis);
  await deps.knowledge.remember(lessons);
  return { lessons: lessons.length };
}

async function recall(
  deps: AnalysisDeps,
  { project, execution, text, limit = USUAL_FOUND }: Parameters<AnalysisActivities['recallFailures']>[0],
): ReturnType<AnalysisActivities['recallFailures']> {
  const texts = text === undefined ? [] : [text];
  if (execution !== undefined) {
    const { analysis } = await storedOrMade(deps, execution);
    texts.push(...analysis.failures.slice(0, MOST_ASKED).map(lessonText));
  }
  const best = new Map<string, Recalled>();
  for (const each of texts) {
    const found = await deps.knowledge.recall({ project, text: each, limit, except: execution });
    for (const lesson of found) if ((best.get(lesson.id)?.score ?? -1) < lesson.score) best.set(lesson.id, lesson);
  }
  const sorted = [...best.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit);
  return {
    embedding: deps.knowledge.embedding,
    found: sorted.map((lesson) => ({
      id: lesson.id,
      kind: lesson.kind,
      execution: lesson.execution,
      score: lesson.score,
      text: lesson.text.slice(0, 300),
      fix: fixOf(lesson),
    })),
  };
}
