/**
 * One page that opens offline and shows a finished execution: no outside resource, readable without JavaScript, and
 * bounded (see the limits in the parts). The Content Security Policy names its one style and one script by hash, so
 * that nothing a test has printed can ever run.
 */
import { count } from './format.js';
import { SCRIPT, SCRIPT_SHA256, STYLE, STYLE_SHA256 } from './html-assets.js';
import { cards } from './html-cards.js';
import { environment } from './html-environment.js';
import { STATUS_LOOK, TOTALS_ORDER, VERDICT_LOOK } from './html-status.js';
import { header, summary } from './html-summary.js';
import { allTests, slowest, suites } from './html-tables.js';
import { Html, html, join } from './html-text.js';
import { timeline } from './html-timeline.js';
import { sumTotals } from './model.js';
import type { Report } from './report.schema.js';

const POLICY = `default-src 'none'; style-src '${STYLE_SHA256}'; script-src '${SCRIPT_SHA256}'; base-uri 'none'; form-action 'none'`;

interface Part {
  readonly id: string;
  readonly title: string;
  readonly count?: number;
  readonly body: Html;
}

export function toHtml(report: Report): string {
  const look = VERDICT_LOOK[report.verdict];
  const all = parts(report);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${look.sign} ${look.word} · ${report.project} · Baton</title>
<style>${new Html(STYLE)}</style></head><body>
<a class="skip" href="#main">Skip to the results</a>
${header(report)}
${navigation(all)}
<main id="main" class="wrap">
${summary(report)}
${join(all.map(section), '\n')}
</main>
<footer class="wrap"><p>Execution <code>${report.execution}</code>. The same results: report.json, ctrf.json, junit.xml. Signed: receipt.json (<code>baton receipt show ${report.execution}</code>).</p></footer>
<script>${new Html(SCRIPT)}</script></body></html>
`.text;
}

function parts(report: Report): Part[] {
  const { failed, flaky, notRun } = report.totals;
  const list: Part[] = [];
  if (failed > 0) list.push({ id: 'failures', title: 'Failures', count: failed, body: cards(report, 'failed') });
  if (notRun > 0) list.push({ id: 'not-run', title: 'Not run', count: notRun, body: cards(report, 'not_run') });
  if (flaky > 0) list.push({ id: 'flaky', title: 'Flaky', count: flaky, body: cards(report, 'flaky') });
  list.push(
    { id: 'timeline', title: 'Timeline', body: timeline(report) },
    { id: 'slowest', title: 'Slowest tests', body: slowest(report) },
    { id: 'suites', title: 'Suites', count: report.suites.length, body: suites(report) },
    { id: 'tests', title: 'All tests', count: sumTotals(report.totals), body: allTests(report) },
    { id: 'environment', title: 'Environment', body: environment(report) },
  );
  return list;
}

const section = (
  part: Part,
): Html => html`<section id="${part.id}" aria-labelledby="h-${part.id}"><h2 id="h-${part.id}">${part.title}${part.count !== undefined && html` <span class="n">${count(part.count)}</span>`}</h2>
${part.body}</section>`;

/** The search form stays hidden until the script that serves it runs. */
function navigation(all: readonly Part[]): Html {
  const links = all.map(
    (p) =>
      html`<li><a href="#${p.id}">${p.title}${p.count !== undefined && html` <span class="n">${count(p.count)}</span>`}</a></li>`,
  );
  const boxes = TOTALS_ORDER.map(
    ({ status }) => html`<label><input type="checkbox" value="${status}" checked> ${STATUS_LOOK[status].word}</label>`,
  );
  return html`<nav aria-label="Sections of this report"><div class="wrap"><ul>${links}</ul>
<form id="search" role="search" hidden><label class="vh" for="q">Search tests</label><input id="q" type="search" placeholder="Search tests, files, messages  ( / )" autocomplete="off" spellcheck="false"><fieldset><legend class="vh">Show tests that</legend>${boxes}</fieldset><output id="found" for="q" aria-live="polite"></output></form></div></nav>`;
}
