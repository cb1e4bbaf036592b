import { count, duration, plural, shorten } from './format.js';
import { groupBy } from './group.js';
import { sign, STATUS_LOOK, TOTALS_ORDER } from './html-status.js';
import { type Html, html, join, utf8Bytes } from './html-text.js';
import { countTotals, sumTotals } from './model.js';
import type { Report, ReportSuite, ReportTest } from './report.schema.js';

const SLOWEST = 15;

/** Tests that took longest, with bars that share one scale. */
export function slowest(report: Report): Html {
  const timed = report.tests.filter((test) => test.durationMs !== null && test.durationMs > 0);
  const top = timed.sort((a, b) => (b.durationMs ?? 0) - (a.durationMs ?? 0)).slice(0, SLOWEST);
  if (top.length === 0) return html`<p class="more">No test told how long it took.</p>`;
  const longest = top[0]?.durationMs ?? 1;
  const rows = top.map((test) => {
    const width = Math.max(0.5, ((test.durationMs ?? 0) / longest) * 100).toFixed(1);
    return html`<tr><td class="num">${duration(test.durationMs)}</td><td class="meter"><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${width}" height="10" rx="1"/></svg></td><td>${sign(STATUS_LOOK[test.status])} ${shorten(test.name, 200)} <small><code>${shorten(test.file, 200)}</code> · ${test.suite}</small></td></tr>`;
  });
  return html`<div class="scroll"><table class="slow"><caption class="vh">Slowest tests</caption><thead><tr><th scope="col" class="num">Time</th><th scope="col"><span class="vh">Share of the slowest</span></th><th scope="col">Test</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

export function suites(report: Report): Html {
  const number = (n: number, tone: string): Html => html`<td class="num${n > 0 && html` ${tone}`}">${count(n)}</td>`;
  const row = (s: ReportSuite): Html =>
    html`<tr><th scope="row">${s.name}${s.because !== null && html`<br><small>${s.because}</small>`}</th><td>${s.framework ?? '–'}</td><td><code>${s.dir ?? '–'}</code></td><td class="num">${count(s.files)}</td><td class="num">${count(sumTotals(s.totals))}</td>${number(s.totals.failed, 'bad')}${number(s.totals.notRun, 'lost')}${number(s.totals.flaky, 'warn')}${number(s.totals.passed, 'good')}${number(s.totals.skipped, 'mute')}<td class="num">${duration(s.testMs)}</td></tr>`;
  const heads = ['Files', 'Tests', '✕ Failed', '○ Not run', '≈ Flaky', '✓ Passed', '– Skipped', 'Time in tests'];
  return html`<div class="scroll"><table><caption class="vh">Suites</caption><thead><tr><th scope="col">Suite</th><th scope="col">Framework</th><th scope="col">Folder</th>${heads.map((h) => html`<th scope="col" class="num">${h}</th>`)}</tr></thead><tbody>${report.suites.map(row)}</tbody></table></div>`;
}

/** Most rows of the full list, and how much it may take. What is not green comes before what is. */
const MAX_ROWS = 5000;
const ROWS_BYTES = 1_500_000;

/** Every test by file; files with something red are open. */
export function allTests(report: Report): Html {
  const rows = chooseRows(report.tests);
  const files = [...groupBy(report.tests, (test) => `${test.suite} › ${test.file}`)];
  const rest = report.tests.length - rows.size;
  return html`${join(
    files.map(([name, tests]) => fileGroup(name, tests, rows)),
    '\n',
  )}${
    rest > 0 &&
    html`<p class="more">${plural(rest, 'more test')} left out to keep this page small; report.json and ctrf.json hold all ${count(report.tests.length)}.</p>`
  }`;
}

function chooseRows(tests: readonly ReportTest[]): Map<ReportTest, Html> {
  const notable = (test: ReportTest): boolean => test.status !== 'passed' && test.status !== 'skipped';
  const chosen = new Map<ReportTest, Html>();
  let bytes = 0;
  for (const test of [...tests.filter(notable), ...tests.filter((t) => !notable(t))]) {
    const row = testRow(test);
    bytes += utf8Bytes(row.text);
    if (chosen.size >= MAX_ROWS || bytes > ROWS_BYTES) break;
    chosen.set(test, row);
  }
  return chosen;
}

function testRow(test: ReportTest): Html {
  return html`<li data-s="${test.status}">${sign(STATUS_LOOK[test.status])} ${shorten(test.name, 300)}${test.durationMs !== null && html` <b>${duration(test.durationMs)}</b>`}</li>`;
}

/** A file none of whose tests has a row is left out; the sentence at the end counts its tests. */
function fileGroup(name: string, tests: readonly ReportTest[], rows: ReadonlyMap<ReportTest, Html>): Html {
  const shown = tests.flatMap((test) => rows.get(test) ?? []);
  if (shown.length === 0) return html``;
  const totals = countTotals(tests);
  const ms = tests.reduce((sum, test) => sum + (test.durationMs ?? 0), 0);
  const counts = TOTALS_ORDER.filter(({ key }) => totals[key] > 0).map(({ key, status }) => {
    const look = STATUS_LOOK[status];
    return html`<span class="${look.tone}">${look.sign} ${totals[key]} ${look.word}</span>`;
  });
  const open = totals.failed + totals.notRun > 0;
  const rest = tests.length - shown.length;
  return html`<details class="group"${open && html` open`}><summary><code>${shorten(name, 300)}</code> <span class="counts">${counts}<b>${duration(ms)}</b></span></summary><ul class="rows">${join(shown, '\n')}${rest > 0 && html`<li class="more">${plural(rest, 'more test')}</li>`}</ul></details>`;
}
