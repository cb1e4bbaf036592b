import { BLAME_TEXT, type BlameClass } from '../blame.schema.js';
import type { BatchOutcome, TestStatus, Verdict } from '../outcome.schema.js';
import type { Totals } from '../run.schema.js';
import { type Html, html } from './html-text.js';

/** Colour is never the only sign: every status has a shape and a word. */
export interface Look {
  readonly sign: string;
  readonly word: string;
  /** CSS class that carries the colour. */
  readonly tone: 'good' | 'bad' | 'warn' | 'mute' | 'lost';
}

export const STATUS_LOOK: Record<TestStatus, Look> = {
  passed: { sign: '✓', word: 'passed', tone: 'good' },
  failed: { sign: '✕', word: 'failed', tone: 'bad' },
  flaky: { sign: '≈', word: 'flaky', tone: 'warn' },
  skipped: { sign: '–', word: 'skipped', tone: 'mute' },
  not_run: { sign: '○', word: 'not run', tone: 'lost' },
};

export const VERDICT_LOOK: Record<Verdict, Look> = {
  passed: { sign: '✓', word: 'Passed', tone: 'good' },
  failed: { sign: '✕', word: 'Failed', tone: 'bad' },
  blocked: { sign: '■', word: 'Blocked', tone: 'bad' },
  incomplete: { sign: '○', word: 'Incomplete', tone: 'lost' },
  cancelled: { sign: '–', word: 'Cancelled', tone: 'mute' },
};

/** In the order in which a reader wants to know. */
export const TOTALS_ORDER: readonly { readonly key: keyof Totals; readonly status: TestStatus }[] = [
  { key: 'failed', status: 'failed' },
  { key: 'notRun', status: 'not_run' },
  { key: 'flaky', status: 'flaky' },
  { key: 'passed', status: 'passed' },
  { key: 'skipped', status: 'skipped' },
];

/** Only one of them is a reason to be alarmed. */
export const blameLook = (name: BlameClass): Look =>
  name === 'your_change'
    ? { sign: '➤', word: BLAME_TEXT[name], tone: 'bad' }
    : { sign: '○', word: BLAME_TEXT[name], tone: 'mute' };

export function batchLook(outcome: BatchOutcome | null): Look {
  if (outcome === null) return { sign: '○', word: 'not finished', tone: 'lost' };
  if (outcome === 'passed') return STATUS_LOOK.passed;
  if (outcome === 'failed') return STATUS_LOOK.failed;
  if (outcome === 'cancelled' || outcome === 'superseded') return { sign: '–', word: outcome, tone: 'mute' };
  return { sign: '!', word: outcome.replaceAll('_', ' '), tone: 'lost' };
}

/** Sign and word. */
export const badge = (look: Look): Html =>
  html`<span class="badge ${look.tone}"><span aria-hidden="true">${look.sign}</span> ${look.word}</span>`;

/** Sign alone for the eye, word for a screen reader. */
export const sign = (look: Look): Html =>
  html`<span class="sign ${look.tone}" aria-hidden="true">${look.sign}</span><span class="vh">${look.word}</span>`;
