/** One page about the test runs of an execution of a workflow; it opens offline, and nothing in it ever runs. */
import type { TestResult } from '../result.schema.js';
import type { Run } from '../run.schema.js';
import { STYLE, STYLE_SHA256 } from './html-assets.js';
import { Html, html, join } from './html-text.js';

export interface ReportedMedia {
  readonly kind: 'picture' | 'video';
  readonly name: string;
  /** Pictures are `data:` addresses, videos are links. */
  readonly link: string;
}

export interface ReportedRun {
  readonly step: string;
  readonly run: Run;
  readonly tests: readonly TestResult[];
  readonly media: readonly ReportedMedia[];
}

export interface WorkflowPage {
  readonly title: string;
  readonly execution: string;
  readonly environment: string;
  /** A section for each test. */
  readonly detailed: boolean;
  readonly runs: readonly ReportedRun[];
}

const POLICY = `default-src 'none'; img-src data:; style-src '${STYLE_SHA256}'; base-uri 'none'; form-action 'none'`;
const TONES: Readonly<Record<string, string>> = {
  passed: 'good',
  failed: 'bad',
  flaky: 'warn',
  incomplete: 'lost',
  blocked: 'bad',
};
const toneOf = (word: string): string => TONES[word] ?? 'mute';

export function workflowPage(page: WorkflowPage): string {
  const red = page.runs.filter(({ run }) => run.verdict !== 'passed').length;
  const look = red === 0 ? 'good' : 'bad';
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${page.title} · Baton</title>
<style>${new Html(STYLE)}</style></head><body>
<header class="top ${look}"><div class="wrap"><p class="brand">Baton</p><h1>${page.title}</h1>
<p class="sentence">${page.runs.length} test runs, ${red} of them not passed.</p>
<ul class="facts"><li><span>Execution</span> <code>${page.execution}</code></li><li><span>Environment</span> ${page.environment}</li></ul></div></header>
<main id="main" class="wrap">${join(
    page.runs.map((run) => section(run, page.detailed)),
    '\n',
  )}
${page.runs.length === 0 && html`<p>No step has run tests so far.</p>`}</main></body></html>
`.text;
}

function section({ step, run, tests, media }: ReportedRun, detailed: boolean): Html {
  const { passed, failed, skipped, flaky, notRun } = run.totals;
  return html`<section><h2>${step} <span class="badge ${toneOf(run.verdict ?? '')}">${run.verdict ?? run.status}</span></h2>
<p>${run.sentence} <small>${passed} passed, ${failed} failed, ${flaky} flaky, ${skipped} skipped, ${notRun} not run; execution <code>${run.id}</code></small></p>
${detailed ? join(tests.map(card), '\n') : table(tests)}
${join(media.map(shown), '\n')}</section>`;
}

function table(tests: readonly TestResult[]): Html {
  const rows = tests
    .filter(({ status }) => status !== 'passed')
    .map(
      (test) =>
        html`<tr><td><span class="badge ${toneOf(test.status)}">${test.status}</span></td><td>${test.file} › ${test.name}</td></tr>`,
    );
  return rows.length === 0 ? html`` : html`<table><tbody>${rows}</tbody></table>`;
}

const card = (
  test: TestResult,
): Html => html`<article class="test" id="${`t-${test.testId}`}"><h3><span class="badge ${toneOf(test.status)}">${test.status}</span> ${test.file} › ${test.name}</h3>
<p><small>${test.durationMs === null ? 'no time' : `${Math.round(test.durationMs)} ms`}, ${test.attempts} attempts</small></p>${test.message !== null && html`<pre>${test.message}</pre>`}</article>`;

const shown = ({ kind, name, link }: ReportedMedia): Html =>
  kind === 'picture'
    ? html`<figure><img alt="${name}" src="${link}"><figcaption>${name}</figcaption></figure>`
    : html`<p><a href="${link}">${name}</a></p>`;
