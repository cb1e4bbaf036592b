/** What templates may speak of, and the templates that hold where the settings have none. */
import { NOTICE_KINDS, type NoticeKind } from '../notice.js';

/** Every notice has these. */
export const COMMON_VARIABLES = ['title', 'text', 'project', 'kind', 'severity', 'group', 'url', 'time'] as const;

const RUN = [
  'execution',
  'verdict',
  'sentence',
  'passed',
  'failed',
  'skipped',
  'flaky',
  'not_run',
  'branch',
  'commit',
  'duration',
] as const;
const FIX = ['execution', 'test', 'branch', 'commit', 'pull_request', 'reason', 'confidence'] as const;
const ALERT = ['rule', 'value', 'threshold', 'unit', 'since', 'execution'] as const;
const DEPLOYMENT = ['environment', 'version', 'commit', 'execution', 'verdict', 'reason'] as const;

/** What the data of each kind may hold beside them. */
export const VARIABLES: Readonly<Record<NoticeKind, readonly string[]>> = {
  test_completion: RUN,
  test_failure: RUN,
  merge_blocked: [...RUN, 'pull_request', 'reason'],
  fix_proposed: FIX,
  fix_failed: FIX,
  alert_firing: ALERT,
  alert_resolved: ALERT,
  deployment_verified: DEPLOYMENT,
  deployment_failed: DEPLOYMENT,
  approval_needed: ['what', 'deadline', 'environment', 'version', 'pull_request', 'execution'],
  workflow_failed: ['workflow', 'execution', 'reason'],
  channel_failed: ['channel', 'reason'],
  channel_test: ['channel'],
};

export interface TemplateSource {
  readonly title: string;
  readonly text: string;
}

const RUN_LINES = `{{#text}}{{text}}

{{/text}}{{#sentence}}{{sentence}}

{{/sentence}}{{#verdict}}- verdict: **{{verdict}}**
{{/verdict}}{{#passed}}- {{passed}} passed
{{/passed}}{{#failed}}- {{failed}} failed
{{/failed}}{{#flaky}}- {{flaky}} flaky
{{/flaky}}{{#not_run}}- {{not_run}} not run
{{/not_run}}{{#branch}}- branch \`{{branch}}\`
{{/branch}}{{#commit}}- commit \`{{commit}}\`
{{/commit}}`;

const PLAIN: TemplateSource = { title: '{{title}}', text: '{{#text}}{{text}}{{/text}}' };

export const BUILT_IN_TEMPLATES: Readonly<Record<NoticeKind, TemplateSource>> = {
  ...(Object.fromEntries(NOTICE_KINDS.map((kind) => [kind, PLAIN])) as Record<NoticeKind, TemplateSource>),
  test_completion: { title: '{{project}}: {{title}}', text: RUN_LINES },
  test_failure: { title: '{{project}}: {{title}}', text: RUN_LINES },
  merge_blocked: { title: '{{project}}: {{title}}', text: RUN_LINES },
};

/** Names that a template of this name may use; one with a name of its own may use those of every kind. */
export function variablesOf(template: string): ReadonlySet<string> {
  const own = Object.hasOwn(VARIABLES, template) ? VARIABLES[template as NoticeKind] : Object.values(VARIABLES).flat();
  return new Set([...COMMON_VARIABLES, ...own]);
}
