/** What is said about a judged change: at the code host, and to people. Names from outside are quoted as code. */
import type { AnswerStatement } from '../answer.js';
import type { Notice } from '../notice.js';
import type { AnalysedChange, JudgedGate, PredictedRisk } from './ports.js';

export interface Judged {
  readonly execution: string;
  readonly change: AnalysedChange;
  readonly risk: PredictedRisk;
  readonly gate: JudgedGate;
}

const HEAD: Record<JudgedGate['outcome'], string> = {
  passed: 'merge allowed',
  warned: 'merge allowed, with warnings',
  blocked: 'merge blocked',
};

export const RUNNING: AnswerStatement = {
  state: 'pending',
  title: 'being tested',
  summary: 'Pre-release testing runs.',
};

export function statementOf({ change, risk, gate }: Judged): AnswerStatement {
  const { passed, failed, unfinished } = gate;
  const counts = `${passed} passed, ${failed} failed${unfinished > 0 ? `, ${unfinished} not seen to the end` : ''}`;
  return {
    state: gate.outcome === 'blocked' ? 'failure' : 'success',
    title: `${HEAD[gate.outcome]}: ${counts}`.slice(0, 140),
    summary: [
      `**${HEAD[gate.outcome]}**: ${counts}.`,
      ...(gate.reasons.length > 0 ? ['', ...gate.reasons.map((reason) => `- ${quoted(reason)}`)] : []),
      '',
      `Risk ${risk.tier} (${risk.score.toFixed(2)}, by rules): ${quoted(risk.reasons[0] ?? 'nothing was changed')}`,
      `Change: ${quoted(change.sentence)}`,
    ]
      .join('\n')
      .slice(0, 8_000),
    ...(gate.redRun ? { run: gate.redRun } : {}),
    blocks: gate.outcome === 'blocked',
  };
}

/** One message for one execution: its key is the execution's. */
export function noticeOf({ execution, change, risk, gate }: Judged, hint: string | null): Notice {
  const blocked = gate.outcome === 'blocked';
  const where = `${change.project}${change.branch ? ` on ${change.branch}` : ''}${change.commit ? ` at ${change.commit.slice(0, 10)}` : ''}`;
  const { author, subject } = change;
  return {
    key: `${execution}/result`,
    kind: blocked ? 'merge_blocked' : 'test_completion',
    severity: blocked ? 'critical' : gate.outcome === 'warned' ? 'warning' : 'info',
    project: change.project,
    title: `${HEAD[gate.outcome]}: ${where}`.slice(0, 200),
    text: [
      gate.reasons.length > 0
        ? gate.reasons.map((reason) => `- ${quoted(reason)}`).join('\n')
        : `${gate.passed} tests passed.`,
      ...(subject ? [`Change: ${quoted(subject)}${author ? ` by ${quoted(author.name)}` : ''}`] : []),
      `Risk ${risk.tier}.`,
      ...(hint ? [hint] : []),
    ].join('\n\n'),
    group: `pre-release/${change.project}/${change.branch ?? change.commit ?? 'directory'}`,
    resolves: !blocked,
    links: [],
    data: {
      outcome: gate.outcome,
      passed: gate.passed,
      failed: gate.failed,
      unfinished: gate.unfinished,
      tier: risk.tier,
      commit: change.commit ?? '',
      branch: change.branch ?? '',
    },
    ...(blocked && author?.email ? { to: [author.email] } : {}),
  };
}

/** Inline code in Markdown; the text itself can end it nowhere. */
export function quoted(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim().slice(0, 400);
  const longest = Math.max(0, ...[...plain.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return plain === '' ? '``' : `${fence}${pad}${plain}${pad}${fence}`;
}
