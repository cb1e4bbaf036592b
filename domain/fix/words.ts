/** What people hear of a fix. Sentences of activities hold no text of strangers that is not quoted already. */
import type { Notice } from '../notice.js';
import { quoted } from '../pre-release/words.js';
import type { KnownFailures } from './known.js';
import type { FixPlan, FixRef, OfferedFix, VerifiedFix } from './activities.js';

/** Of which fix, and of which failure. */
export interface FixMatter {
  readonly ref: FixRef;
  readonly plan: FixPlan;
}

export const leftToPeople = (matter: FixMatter, why: string, known: KnownFailures): Notice => ({
  ...about(matter),
  key: `${matter.ref.fix}/failed`,
  kind: 'fix_failed',
  severity: 'critical',
  title: `No fix for ${matter.plan.tests} failing ${matter.plan.tests === 1 ? 'test' : 'tests'}`,
  text: [`${why} Somebody has to look at the failure.`, ...hintsOf(known)].join('\n\n'),
});

/** Where to begin: what kind of failure it is, and what was done about its like. */
function hintsOf({ class: name, why, earlier }: KnownFailures): string[] {
  const kind = name === null ? [] : [`It is of the class ${name}${why ? `: ${quoted(why)}` : '.'}`];
  const done = earlier.find(({ fix }) => fix !== null);
  return done?.fix ? [...kind, `What was done about one like it: ${quoted(done.fix)}`] : kind;
}

export function proposed(matter: FixMatter, verified: VerifiedFix, offered: OfferedFix | null): Notice {
  const pullRequest = offered?.pullRequest;
  return {
    ...about(matter),
    key: `${matter.ref.fix}/proposed`,
    kind: 'fix_proposed',
    severity: 'info',
    title: pullRequest ? `Pull request ${pullRequest.number} mends a failure` : 'A fix was found',
    text: verified.sentence,
    links: pullRequest ? [{ label: 'pull request', url: pullRequest.url }] : [],
    ...(offered?.authorEmail ? { to: [offered.authorEmail] } : {}),
  };
}

export const approvalNeeded = (matter: FixMatter, verified: VerifiedFix): Notice => ({
  ...about(matter),
  key: `${matter.ref.fix}/approval`,
  kind: 'approval_needed',
  severity: 'warning',
  title: 'A fix waits for approval',
  text: `${verified.sentence} Approve or reject it: \`baton workflow decide ${matter.ref.fix}\`.`,
});

const about = ({ ref, plan }: FixMatter) => ({
  project: plan.project,
  group: `fix:${plan.fingerprint ?? ref.run}`,
  links: [],
  data: { execution: ref.fix, run: ref.run, tests: plan.tests },
});
