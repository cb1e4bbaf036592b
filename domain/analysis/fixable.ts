/**
 * Whether an automatic fix may be tried: an allow-list of classes whose cause lies in the code, with a place in the code,
 * of a failure that is steady and the change's own. Everything else goes to people, with the reason.
 */
import type { BlameClass } from '../blame.schema.js';
import type { CauseCandidate, ErrorClass } from './analysis.schema.js';
import { isTestFile } from './candidates.js';

/** Classes in which the code under test can be the cause, by the allow-list. */
const ALLOWED: ReadonlySet<ErrorClass> = new Set(['assertion', 'runtime', 'validation', 'not_found']);
/** Languages whose code can be changed and checked. */
const LANGUAGE = /\.(?:[cm]?[jt]sx?)$/;
/** Below this the class itself is in doubt. */
const MIN_CONFIDENCE = 0.8;

const REASON: Partial<Record<ErrorClass, string>> = {
  snapshot: 'whether a snapshot or the code is right is for a person to say',
  timeout: 'a longer wait hides more than it mends',
  network: 'the network is not mended by a change of code',
  authentication: 'credentials belong to people',
  authorization: 'permissions belong to people',
  rate_limit: 'a server that asks for patience is not mended by a change of code',
  server: 'the other side failed',
  database: 'data and schema are changed by people',
  missing_module: 'dependencies are changed by people',
  build: 'what does not compile was never tested',
  filesystem: 'files and permissions of a machine are not in the code',
  resource: 'memory and disk are not in the code',
  crash: 'a process that ended by itself leaves no place to begin',
  configuration: 'settings belong to people',
  unknown: 'nothing is known about the kind of failure',
};

export interface Judged {
  readonly class: ErrorClass;
  readonly confidence: number;
  readonly blame: BlameClass | null;
  readonly candidates: readonly CauseCandidate[];
  readonly wholeFile: boolean;
  readonly flaky: boolean;
}

export function fixability(judged: Judged): { fixable: boolean; why: string[] } {
  const against = reasonsAgainst(judged);
  if (against.length > 0) return { fixable: false, why: against };
  const place = judged.candidates.find(({ file }) => !isTestFile(file));
  return {
    fixable: true,
    why: [`class ${judged.class}, steady, and ${place?.file ?? 'code that the test calls'} can be changed`],
  };
}

function reasonsAgainst({ class: name, confidence, blame, candidates, wholeFile, flaky }: Judged): string[] {
  const reasons: string[] = [];
  if (!ALLOWED.has(name)) reasons.push(`${name}: ${REASON[name] ?? 'not on the list of what is tried'}`);
  else if (confidence < MIN_CONFIDENCE) reasons.push(`the class is sure only to ${Math.round(confidence * 100)} %`);
  if (flaky || blame === 'known_flaky') reasons.push('it is flaky: a fix could not be told from luck');
  if (blame === 'worker_died' || blame === 'environment' || blame === 'not_run') reasons.push(`blame is ${blame}`);
  if (wholeFile) reasons.push('the whole file failed before its tests');
  if (candidates.length > 0 && !candidates.some(({ file }) => LANGUAGE.test(file)))
    reasons.push('only JavaScript and TypeScript can be fixed');
  // A plain assertion names no frame outside the test: the code that it calls is found by coverage.
  if (candidates.length === 0) reasons.push('no place in the project is named by the failure');
  return reasons;
}
