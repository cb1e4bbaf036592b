/** What is known of failures like these, and what is remembered of a fix. Memory is worth something and decides nothing. */
import { isCancellation } from '@temporalio/workflow';
import type { FixRef } from '../domain/fix/activities.js';
import { type FixOutcome, type KnownFailures, knownOf, NOTHING_KNOWN } from '../domain/fix/known.js';
import { problemOf } from './failure.js';
import { memories } from './proxies/analysis.js';
import type { StageHandle } from './stages.js';

/** Read from the analysis of the run and from the knowledge store; said in the stage. */
export async function recall(stage: StageHandle, { run }: FixRef, project: string): Promise<KnownFailures> {
  try {
    const analysed = await memories.analyseFailures({ execution: run });
    const recalled = await memories.recallFailures({ project, execution: run });
    const known = knownOf(analysed, recalled);
    stage.link({ label: 'analysis of the failures', kind: 'artifact', ref: 'analysis.json' });
    stage.data({
      class: known.class,
      embedding: recalled.embedding,
      earlier: known.earlier
        .map(({ id, score }) => `${id} (${score.toFixed(2)})`)
        .join('; ')
        .slice(0, 1000),
    });
    return known;
  } catch (error) {
    if (isCancellation(error)) throw error;
    stage.data({ knowledge: problemOf(error).message.slice(0, 1000) });
    return NOTHING_KNOWN;
  }
}

/** Returns why it could not be remembered, for whoever reads the end of the execution. */
export async function remember(outcome: FixOutcome): Promise<string | null> {
  try {
    await memories.rememberFix(outcome);
    return null;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `It could not be remembered: ${problemOf(error).message}`;
  }
}
