import { duration, plural, shorten } from './format.js';
import { diffBlock } from './html-diff.js';
import { badge, blameLook, STATUS_LOOK } from './html-status.js';
import { Html, html, join, utf8Bytes } from './html-text.js';
import { clip } from '../clip.js';
import type { Report, ReportAttempt, ReportTest } from './report.schema.js';

/** So many failures, and no fewer, get a card each. */
const MAX_CARDS = 500;
/** Cards after the first ones are closed at first: a page with 500 open stacks helps nobody. */
const OPEN_CARDS = 20;
/** Together the full cards may take so much; those after it say only where and what. */
const CARDS_BYTES = 1_800_000;
const TEXT_CHARS = 8000;
const BRIEF_CHARS = 400;

/** Cards of all tests with this status, in plan order. */
export function cards(report: Report, status: 'failed' | 'flaky' | 'not_run'): Html {
  const tests = report.tests.filter((test) => test.status === status);
  let bytes = 0;
  const list = tests.slice(0, MAX_CARDS).map((test, i) => {
    const full =
      bytes < CARDS_BYTES ? card(test, `${status}-${i + 1}`, status === 'failed' && i < OPEN_CARDS) : undefined;
    bytes += full ? utf8Bytes(full.text) : 0;
    return full && bytes <= CARDS_BYTES ? full : briefCard(test, `${status}-${i + 1}`);
  });
  const rest = tests.length - list.length;
  return html`${join(list, '\n')}${rest > 0 && html`<p class="more">${plural(rest, 'more test')} ${STATUS_LOOK[status].word}: see report.json, ctrf.json or junit.xml for all of them.</p>`}`;
}

/** `(in 2 attempts)` and the like; what a reader sees of a closed card. */
function head(test: ReportTest): Html {
  const tries = test.attempts.length;
  const where = test.line === null ? test.file : `${test.file}:${test.line}`;
  return html`${badge(STATUS_LOOK[test.status])}${test.blame && html` ${badge(blameLook(test.blame.class))}`}<h3>${shorten(test.name, 300)}${test.occurrence > 1 && html` <small>(${test.occurrence})</small>`}</h3><p class="where"><code>${shorten(where, 300)}</code> · ${test.suite}${
    tries > 1 && html` · ${plural(tries, 'attempt')}`
  }${test.fault && html` · ${test.fault}`}${test.durationMs !== null && html` · ${duration(test.durationMs)}`}</p>`;
}

function card(test: ReportTest, id: string, open: boolean): Html {
  const failed = test.attempts.findLast((a) => a.status === 'failed');
  const message = test.message ?? failed?.message ?? null;
  return html`<details class="card" id="${id}" data-s="${test.status}"${open && html` open`}><summary>${head(test)}</summary>
<div class="body">${reason(test)}${block('message', message)}${failed && difference(failed)}${failed && fold('Stack', stackText(failed))}${captured(test)}${attempts(test)}</div></details>`;
}

function briefCard(test: ReportTest, id: string): Html {
  return html`<details class="card" id="${id}" data-s="${test.status}"><summary>${head(test)}</summary>
<div class="body">${block('message', test.message === null ? null : clip(test.message, BRIEF_CHARS))}<p class="more">Cut to keep this page small; report.json has the whole.</p></div></details>`;
}

const reason = ({ blame }: ReportTest): Html | false =>
  blame !== null &&
  blame !== undefined &&
  html`<p class="blame">${blame.gating ? 'Gates' : 'Does not gate'}: ${blame.reason}${blame.evidence.baseTries.length > 0 && html` <small>base ${blame.evidence.base?.slice(0, 10) ?? ''}: ${blame.evidence.baseTries.map((t) => t.status).join(', ')}</small>`}</p>`;

const block = (name: string, text: string | null): Html | false =>
  text !== null && text !== '' && html`<pre class="${name}">${clip(text, TEXT_CHARS)}</pre>`;

function difference({ expected, actual }: ReportAttempt): Html | false {
  if (expected === null || actual === null) return false;
  if (expected === actual) return html`<p class="more">Expected and actual value print alike.</p>`;
  return diffBlock(clip(expected, TEXT_CHARS), clip(actual, TEXT_CHARS));
}

function stackText({ stack, message }: ReportAttempt): string | null {
  if (stack === null || message === null || !stack.startsWith(message)) return stack;
  return stack.slice(message.length).replace(/^\n+/, '');
}

function fold(title: string, text: string | null, note = ''): Html | false {
  if (text === null || text.trim() === '') return false;
  return html`<details class="fold"><summary>${title}${note !== '' && html` <small>${note}</small>`}</summary>${block('text', text)}</details>`;
}

/** Output of the last attempt that wrote something. */
function captured(test: ReportTest): Html {
  const last = test.attempts.findLast((a) => a.stdout || a.stderr);
  if (!last) return html``;
  const note = test.attempts.length > 1 ? `of attempt ${last.attempt}` : '';
  return html`${fold('Standard output', last.stdout, note)}${fold('Standard error', last.stderr, note)}`;
}

/** Most attempts listed for one test. */
const MAX_ATTEMPTS = 20;

function attempts(test: ReportTest): Html | false {
  if (test.attempts.length === 0) return false;
  const shown = test.attempts.slice(-MAX_ATTEMPTS);
  const rest = test.attempts.length - shown.length;
  return html`<div class="scroll"><table class="attempts"><caption>Attempts${rest > 0 && html` (the last ${MAX_ATTEMPTS} of ${test.attempts.length})`}</caption><thead><tr><th scope="col">No.</th><th scope="col">Outcome</th><th scope="col" class="num">Time</th><th scope="col">Runner</th><th scope="col">Batch</th><th scope="col">Message</th></tr></thead><tbody>${shown.map(attemptRow)}</tbody></table></div>`;
}

function attemptRow(a: ReportAttempt): Html {
  const first = (a.message ?? a.note ?? '').split('\n').find((line) => line.trim() !== '') ?? '';
  return html`<tr><th scope="row">${a.attempt}</th><td>${badge(STATUS_LOOK[a.status])}${a.tries > 1 && html` <small>(${a.tries} tries by the framework)</small>`}</td><td class="num">${duration(a.durationMs)}</td><td>${shorten(a.runner, 60)}</td><td>${a.batch}</td><td>${shorten(first, 160)}</td></tr>`;
}
