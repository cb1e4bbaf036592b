/** What people hear of a deployment. Names from outside are quoted as code. */
import type { Notice } from '../notice.js';
import { quoted } from '../pre-release/words.js';

export type Outcome = 'verified' | 'failed' | 'rolled_back' | 'rollback_unknown';

export interface About {
  readonly execution: string;
  readonly project: string;
  readonly environment: string;
  readonly version: string | null;
}

const HEAD: Record<Outcome, string> = {
  verified: 'works',
  failed: 'does not work',
  rolled_back: 'did not work and was rolled back',
  rollback_unknown: 'does not work, and nobody knows whether it was rolled back',
};

/** One message for one execution: its key is the execution's. */
export function noticeOf(about: About, outcome: Outcome, sentence: string): Notice {
  const good = outcome === 'verified';
  return {
    ...common(about),
    key: `${about.execution}/result`,
    kind: good ? 'deployment_verified' : 'deployment_failed',
    severity: good ? 'info' : 'critical',
    title: `${whatOf(about)} ${HEAD[outcome]}`.slice(0, 200),
    text: quoted(sentence),
    resolves: good,
    data: { outcome, environment: about.environment, version: about.version ?? '' },
  };
}

export const approvalNotice = (about: About, how: string): Notice => ({
  ...common(about),
  key: `${about.execution}/approval`,
  kind: 'approval_needed',
  severity: 'critical',
  title: `Shall ${whatOf(about)} be rolled back?`.slice(0, 200),
  text: `Its validation failed. The rollback by ${quoted(how)} waits for a decision: \`baton workflow decide ${about.execution} --approve\`.`,
  data: { environment: about.environment, version: about.version ?? '' },
});

const whatOf = ({ project, version, environment }: About): string =>
  `${project}${version ? ` ${version}` : ''} in ${environment}`;

const common = ({ project, environment }: About): Pick<Notice, 'project' | 'group' | 'links'> => ({
  project,
  group: `deployment/${project}/${environment}`,
  links: [],
});
