/** Failure analysis, the language model and the knowledge store. */
import { analysesOf } from '../../activities/analysis/analyses.js';
import { createAnalysisActivities } from '../../activities/analysis/index.js';
import { changedLines } from '../../adapters/vcs/changes.js';
import { openKnowledge, openRedact } from '../model.js';
import type { OpenFeature } from './feature.js';

/** A new embedding takes over at so many lessons a minute: an embedding server has other work too. */
const REFRESH = { ms: 60_000, lessons: 500 } as const;

export const analysis: OpenFeature = (base) => {
  const { settings, ledger, artifacts, log } = base;
  const knowledge = openKnowledge(base);
  const changes = changedLines({ home: settings.home, environment: settings.environment });
  const deps = { ledger, artifacts, knowledge, changes, redact: openRedact(base), log, model: base.model };
  return {
    activities: createAnalysisActivities(deps),
    api: { analyses: analysesOf(deps), knowledge, modelCalls: ledger.model },
    watches: [
      { ms: REFRESH.ms, what: 'making new vectors for older lessons', work: () => knowledge.refresh(REFRESH.lessons) },
    ],
  };
};
