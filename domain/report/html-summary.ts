import { BLAME_TEXT, type BlameClass } from '../blame.schema.js';
import { count, duration, plural, utc } from './format.js';
import { badge, blameLook, STATUS_LOOK, TOTALS_ORDER, VERDICT_LOOK } from './html-status.js';
import { type Html, html, join } from './html-text.js';
import { sumTotals } from './model.js';
import type { Report } from './report.schema.js';

export function header(report: Report): Html {
  const look = VERDICT_LOOK[report.verdict];
  const { commit, branch, dirty } = report.environment;
  return html`<header class="top ${look.tone}"><div class="wrap">
<p class="brand">Baton <span>test report</span></p>
<h1>${report.project}</h1>
<p class="verdict">${badge(look)} <span class="sentence">${report.sentence}</span></p>
<ul class="facts">${branch !== null && html`<li><span>branch</span> <code>${branch}</code></li>`}${
    commit !== null &&
    html`<li><span>commit</span> <code>${commit.slice(0, 12)}</code>${dirty === true && html` with local changes`}</li>`
  }<li><span>started</span> <time datetime="${report.startedAt}">${utc(report.startedAt)}</time></li><li><span>took</span> ${duration(report.durationMs)}</li></ul>
${proportions(report)}
</div></header>`;
}

/** One bar, divided as the results are; the tiles below say the same in numbers. */
function proportions({ totals }: Report): Html {
  const all = sumTotals(totals);
  if (all === 0) return html``;
  let x = 0;
  const parts = TOTALS_ORDER.filter(({ key }) => totals[key] > 0).map(({ key, status }) => {
    const width = (totals[key] / all) * 1000;
    const part = html`<rect class="fill-${STATUS_LOOK[status].tone}" x="${x.toFixed(1)}" width="${Math.max(width, 3).toFixed(1)}" height="8"/>`;
    x += width;
    return part;
  });
  return html`<svg class="bar" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

export function summary(report: Report): Html {
  const tiles = TOTALS_ORDER.map(({ key, status }) => {
    const look = STATUS_LOOK[status];
    const n = report.totals[key];
    return html`<div class="tile ${n > 0 ? look.tone : 'zero'}"><dt>${look.sign} ${look.word}</dt><dd data-total="${key}" data-value="${n}">${count(n)}</dd></div>`;
  });
  const all = sumTotals(report.totals);
  return html`<section id="summary" aria-labelledby="h-summary"><h2 id="h-summary" class="vh">Summary</h2>
<dl class="tiles"><div class="tile"><dt>all tests</dt><dd data-total="all" data-value="${all}">${count(all)}</dd></div>${tiles}<div class="tile"><dt>duration</dt><dd>${duration(report.durationMs)}</dd></div></dl>
${report.problem !== null && html`<div class="box lost" role="note"><h3>${report.problem.name}</h3><p>${report.problem.message}</p></div>`}
${blame(report)}${notes(report.notes)}</section>`;
}

/** Every class with its number; what does not gate is listed, never hidden. */
function blame({ blame: whole }: Report): Html {
  if (!whole) return html``;
  const names = (Object.keys(BLAME_TEXT) as BlameClass[]).filter((name) => whole.counts[name] > 0);
  const rows = names.map(
    (name) => html`<li data-blame="${name}">${badge(blameLook(name))} ${count(whole.counts[name])}</li>`,
  );
  const others = whole.others.map((each) => html`<li>${each.scope} ${each.id}: ${each.reason}</li>`);
  const base =
    whole.base && html`<p>Compared with <code>${whole.base.commit.slice(0, 12)}</code> (${whole.base.how}).</p>`;
  const plain =
    whole.gating === 0
      ? 'None of these failures gates.'
      : `${plural(whole.gating, 'failure')} gate${whole.gating === 1 ? 's' : ''}.`;
  return html`<div class="box"><h3>Whose fault</h3><p>${plain}</p><ul>${join(rows)}${join(others)}</ul>${base}</div>`;
}

/** Most notes on the page. */
const MAX_NOTES = 50;

function notes(all: readonly string[]): Html {
  if (all.length === 0) return html``;
  const rest = all.length - MAX_NOTES;
  return html`<div class="box"><h3>Good to know</h3><ul>${join(
    all.slice(0, MAX_NOTES).map((note) => html`<li>${note}</li>`),
  )}${rest > 0 && html`<li>${plural(rest, 'more note')} in report.json</li>`}</ul></div>`;
}
