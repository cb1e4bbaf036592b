/**
 * A model's words about failures, beside what the rules say. It gets no tools, its answer is checked, bounded and redacted,
 * and the only thing done with it is to show it.
 */
import type { Analysis, Explanation, FailureAnalysis } from '../../domain/analysis/analysis.schema.js';
import { Opinion } from '../../domain/analysis/opinion.schema.js';
import { clip } from '../../domain/clip.js';
import { type Model, NoAnswer } from '../../domain/model.js';
import type { Redact } from '../../domain/redact.js';
import type { Attempt } from '../../domain/result.schema.js';

/** Failures explained for one execution, one for each fingerprint. */
export const MOST_EXPLAINED = 5;
const MAX_TOKENS = 700;
const LONGEST = 800;

const INSTRUCTION = `You read the output of one failed software test and explain it to the developer of the project.
Say in "cause" in at most three plain sentences what most likely went wrong, and in "suggestion" in at most three what to change or look at first.
Name in "file" the file that most likely has to change if it is among the candidates, else null. If the material does not tell the cause, say so.`;

/** The failures that have no explanation yet, one for each fingerprint. */
export function unexplained({ failures }: Analysis): FailureAnalysis[] {
  const done = new Set(failures.filter(({ explanation }) => explanation).map(({ fingerprint }) => fingerprint));
  const first = new Map<string, FailureAnalysis>();
  for (const failure of failures) if (!first.has(failure.fingerprint)) first.set(failure.fingerprint, failure);
  return [...first.values()].slice(0, MOST_EXPLAINED).filter(({ fingerprint }) => !done.has(fingerprint));
}

/** Throws `NoAnswer` and `ModelBusy`. */
export async function explain(
  model: Model,
  redact: Redact,
  { execution, project }: Analysis,
  failure: FailureAnalysis,
  attempt: Attempt | undefined,
): Promise<Explanation> {
  const answer = await model.ask({
    ...{
      purpose: 'explain-failure',
      execution,
      project,
      instruction: INSTRUCTION,
      answer: Opinion,
      maxTokens: MAX_TOKENS,
    },
    material: materialOf(failure, attempt),
  });
  const said = (text: string): string => clip(redact(text), LONGEST);
  const { cause, suggestion, file } = answer.value;
  // A file that nothing else points to would be a file that the text made up.
  const known = failure.candidates.some((candidate) => candidate.file === file);
  return {
    cause: said(cause),
    suggestion: said(suggestion),
    file: known ? file : null,
    model: answer.model,
    record: answer.record,
  };
}

function materialOf(failure: FailureAnalysis, attempt: Attempt | undefined): Record<string, string> {
  const facts = `test: ${failure.test}\nfile: ${failure.file}\nclass by rules: ${failure.class}`;
  const candidates = failure.candidates.map(({ file, line, why }) => `${file}:${line ?? '?'} (${why.join(', ')})`);
  const earlier = failure.related.map(({ text, fix }) => `${text}${fix ? `\nwhat was done: ${fix}` : ''}`);
  return {
    facts,
    message: attempt?.message ?? failure.message ?? '',
    stack: attempt?.stack ?? '',
    output: [attempt?.stderr, attempt?.stdout].filter(Boolean).join('\n'),
    'candidate files': candidates.join('\n'),
    'earlier failures that look alike': earlier.join('\n---\n'),
  };
}

/** Every failure of a fingerprint gets the words of the one that was asked about. */
export const withExplanations = (
  analysis: Analysis,
  found: ReadonlyMap<string, Explanation>,
  by: string | undefined,
): Analysis => ({
  ...analysis,
  explainedBy: found.size > 0 ? (by ?? null) : analysis.explainedBy,
  failures: analysis.failures.map((failure) => ({
    ...failure,
    explanation: found.get(failure.fingerprint) ?? failure.explanation,
  })),
});

export const isNoAnswer = (error: unknown): error is NoAnswer => error instanceof NoAnswer;
