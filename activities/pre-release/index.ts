/** The control process's part of pre-release testing. Nothing here runs code of the project. */
import { areaFinder, type Matcher } from '../../domain/pre-release/areas.js';
import type { Change } from '../../domain/pre-release/change.schema.js';
import type { ChangeOutcomes, Figures, PredictedRisk, PreReleaseActivities } from '../../domain/pre-release/ports.js';
import { directoryOf, Risk, riskOf } from '../../domain/pre-release/risk.js';
import { groupSuites, rankSuites } from '../../domain/pre-release/suite-order.js';
import { withHeartbeat } from '../heartbeat.js';
import { namedFailures } from '../to-failure.js';
import { type AnalyseDeps, analyseChange, readChange, storeJson } from './analyse.js';
import { judgeGate } from './gate.js';

export interface PreReleaseDeps extends AnalyseDeps {
  readonly outcomes: ChangeOutcomes & { figures(figures: Figures): Promise<void> };
  readonly matcher: Matcher;
}

const RISK_FILE = 'risk.json';
const MAX_RAISED = 20;
const MAX_DIRECTORIES = 200;

export function createPreReleaseActivities(deps: PreReleaseDeps): PreReleaseActivities {
  return namedFailures<PreReleaseActivities>({
    analyseChange: (input) => withHeartbeat(() => analyseChange(deps, input)),
    predictRisk: (input) => predictRisk(deps, input),
    judgeGate: (input) => withHeartbeat(() => judgeGate(deps, input)),
    publishFigures: (figures) => deps.outcomes.figures(figures),
    async recordOutcome({ change, ...outcome }) {
      await deps.outcomes.record({ ...outcome, directories: directoriesOf(await readChange(deps, change)) });
    },
  });
}

async function predictRisk(
  deps: PreReleaseDeps,
  { execution, project, change: digest }: Parameters<PreReleaseActivities['predictRisk']>[0],
): Promise<PredictedRisk> {
  const change = await readChange(deps, digest);
  const [past, suites] = await Promise.all([
    deps.outcomes.pastOf(project, directoriesOf(change)),
    deps.outcomes.suites(project),
  ]);
  const risk = Risk.parse(riskOf(change, areaFinder(change.settings.areas, deps.matcher), past));
  const ranked = rankSuites(change.suites, risk.files, suites);
  await storeJson(deps, execution, RISK_FILE, { ...risk, suites: ranked });
  return {
    tier: risk.tier,
    score: risk.score,
    reasons: risk.reasons.slice(0, 8).map((reason) => reason.slice(0, 400)),
    groups: groupSuites(ranked),
    raised: ranked
      .filter(({ reasons }) => reasons.length > 0)
      .slice(0, MAX_RAISED)
      .map(({ name, own, priority, reasons }) => `${name}: ${own} → ${priority}, ${reasons.join(', ')}`.slice(0, 400)),
  };
}

const directoriesOf = ({ files }: Change): string[] =>
  [...new Set(files.map(({ path }) => directoryOf(path)))].slice(0, MAX_DIRECTORIES);
