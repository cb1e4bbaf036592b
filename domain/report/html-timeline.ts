/** Batches over time: one row per lane of a runner, drawn from start and end of their last attempt. */
import { OUTCOME_TEXT } from '../outcome.schema.js';
import { duration, plural, shorten, utc } from './format.js';
import { groupBy } from './group.js';
import { badge, batchLook } from './html-status.js';
import { type Html, html, join } from './html-text.js';
import type { Report, ReportBatch } from './report.schema.js';

interface Bar {
  readonly batch: ReportBatch;
  readonly start: number;
  readonly end: number;
}

/** More batches than this are not drawn or listed on the page. */
const MAX_BARS = 1500;
const WIDTH = 1000;
const GUTTER = 170;
const ROW = 30;
const AXIS = 26;
/** About the width of a character at the size used in bars. */
const CHAR = 6.4;

export function timeline(report: Report): Html {
  const bars = report.batches.flatMap(toBar).sort((a, b) => a.start - b.start);
  if (bars.length === 0) return html`<p class="more">No batch was started.</p>`;
  const shown = bars.slice(0, MAX_BARS);
  const rest = bars.length - shown.length;
  return html`<div class="scroll">${chart(shown)}</div>
${rest > 0 && html`<p class="more">The first ${MAX_BARS} batches; ${plural(rest, 'more')} in report.json.</p>`}
<details class="fold"><summary>The same as a table</summary>${table(shown)}</details>`;
}

function toBar(batch: ReportBatch): Bar[] {
  if (batch.startedAt === null || batch.runner === null) return [];
  const start = Date.parse(batch.startedAt);
  return [{ batch, start, end: batch.endedAt === null ? start : Math.max(start, Date.parse(batch.endedAt)) }];
}

/** Puts bars of one runner that overlap into rows below each other. */
export function stack(bars: readonly Bar[]): Bar[][] {
  const rows: Bar[][] = [];
  for (const bar of bars) {
    const free = rows.find((row) => row.at(-1)!.end <= bar.start);
    if (free) free.push(bar);
    else rows.push([bar]);
  }
  return rows;
}

function chart(bars: readonly Bar[]): Html {
  const from = Math.min(...bars.map((b) => b.start));
  const span = Math.max(1, Math.max(...bars.map((b) => b.end)) - from);
  const x = (time: number): number => GUTTER + ((time - from) / span) * (WIDTH - GUTTER - 8);
  const runners = [...groupBy(bars, (b) => b.batch.runner ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
  let y = AXIS;
  const parts = runners.map(([runner, own]) => {
    const rows = stack(own);
    const part = html`<g>${label(runner, own, span, rows.length, y)}${rows.map((row, i) => join(row.map((bar) => bar_(bar, x, y + i * ROW))))}</g>`;
    y += rows.length * ROW + 8;
    return part;
  });
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-labelledby="tl-title"><title id="tl-title">${plural(bars.length, 'batch', 'batches')} on ${plural(runners.length, 'runner')} over ${duration(span)}</title>${axis(span, y)}${parts}</svg>`;
}

function axis(span: number, height: number): Html {
  const step = niceStep(span);
  const ticks: Html[] = [];
  for (let t = 0; t <= span; t += step) {
    const at = (GUTTER + (t / span) * (WIDTH - GUTTER - 8)).toFixed(1);
    ticks.push(
      html`<line class="grid" x1="${at}" x2="${at}" y1="18" y2="${height - 6}"/><text class="tick" x="${at}" y="12">${t === 0 ? '0' : duration(t)}</text>`,
    );
  }
  return html`<g aria-hidden="true">${ticks}</g>`;
}

/** 1, 2 or 5 times a power of ten, so that there are between four and ten ticks; from a minute on, whole minutes. */
export function niceStep(spanMs: number): number {
  const unit = spanMs > 240_000 ? 60_000 : 1;
  const raw = spanMs / unit / 8;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? 10 * power;
  return Math.max(step, unit === 1 ? 0.1 : 1) * unit;
}

function label(runner: string, bars: readonly Bar[], span: number, rows: number, y: number): Html {
  const busy = bars.reduce((sum, b) => sum + b.end - b.start, 0) / (span * rows);
  return html`<text class="runner" x="0" y="${y + 13}">${shorten(runner, 24)}</text><text class="busy" x="0" y="${y + 26}">${Math.round(busy * 100)} % busy</text>`;
}

function bar_({ batch, start, end }: Bar, x: (time: number) => number, y: number): Html {
  const look = batchLook(batch.outcome);
  const left = x(start);
  const width = Math.max(2, x(end) - left - 1);
  const text = `${look.sign} ${batch.id} ${batch.files.length === 1 ? base(batch.files[0] ?? '') : `${batch.files.length} files`}`;
  const room = Math.floor((width - 10) / CHAR);
  return html`<g class="batch ${look.tone}${batch.stage > 1 && html` rerun`}"><title>${describe(batch)}</title><rect x="${left.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 5}" rx="4"/>${
    room >= 2 && html`<text x="${(left + 6).toFixed(1)}" y="${y + 16}">${shorten(text, room)}</text>`
  }</g>`;
}

const base = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

function describe(batch: ReportBatch): string {
  const more = batch.files.length > 3 ? ` and ${batch.files.length - 3} more` : '';
  const stage = batch.stage > 1 ? `, rerun ${batch.stage - 1}` : '';
  const outcome = batch.outcome === null ? 'not finished' : OUTCOME_TEXT[batch.outcome];
  const taken = batch.fence > 1 ? `, taken over ${plural(batch.fence - 1, 'time')}` : '';
  return `${batch.id} · ${batch.suite}${stage}: ${outcome} · ${plural(batch.tests, 'test')}${taken} · ${shorten(batch.files.slice(0, 3).join(', '), 300)}${more}`;
}

function table(bars: readonly Bar[]): Html {
  const rows = bars.map(
    ({ batch, start, end }) =>
      html`<tr><th scope="row">${batch.id}</th><td>${batch.suite}</td><td>${batch.stage > 1 ? `rerun ${batch.stage - 1}` : 'first'}</td><td>${shorten(batch.runner ?? '', 60)}</td><td>${badge(batchLook(batch.outcome))}</td><td class="num">${batch.files.length}</td><td class="num">${batch.tests}</td><td class="num">${batch.failed}</td><td class="num">${duration(end - start)}</td><td>${utc(batch.startedAt ?? '')}</td></tr>`,
  );
  return html`<div class="scroll"><table><caption class="vh">Batches</caption><thead><tr><th scope="col">Batch</th><th scope="col">Suite</th><th scope="col">Round</th><th scope="col">Runner</th><th scope="col">Outcome</th><th scope="col" class="num">Files</th><th scope="col" class="num">Tests</th><th scope="col" class="num">Failed</th><th scope="col" class="num">Time</th><th scope="col">Started</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
