/** Templates, the little Markdown, routes and pauses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTICE_KINDS } from '../../../domain/notice.js';
import { nextTry, RETRY_AFTER_MS } from '../../../domain/notify/backoff.js';
import { literal, parseMarkdown, toText } from '../../../domain/notify/markdown.js';
import { LIMITS, messageOf } from '../../../domain/notify/message.js';
import { normaliseNotice } from '../../../domain/notify/notice.schema.js';
import { runNotice } from '../../../domain/notify/run-notice.js';
import { channelsFor, matches } from '../../../domain/notify/routes.js';
import { NotifySettings } from '../../../domain/notify/settings.schema.js';
import { namesIn, parseTemplate, renderLine, renderMarkdown } from '../../../domain/notify/template.js';
import { BUILT_IN_TEMPLATES, variablesOf } from '../../../domain/notify/variables.js';
import { aNotice } from '../../support/notify/notice.js';

const time = '2026-01-10T12:00:00.000Z';
const none = { templates: {} };

describe('templates', () => {
  it('those that are built in use only what there is', () => {
    for (const kind of NOTICE_KINDS) {
      const { title, text } = BUILT_IN_TEMPLATES[kind];
      const unknown = [title, text]
        .flatMap((part) => namesIn(parseTemplate(part)))
        .filter((name) => !variablesOf(kind).has(name));
      expect(unknown, kind).toEqual([]);
    }
  });

  it('a value is shown as it is, a section where there is one', () => {
    const template = parseTemplate('{{#branch}}on {{branch}}{{/branch}}{{^branch}}nowhere{{/branch}}: {{failed}}');
    expect(renderLine(template, { branch: 'x*y*', failed: 2 })).toBe('on x*y*: 2');
    expect(renderLine(template, { failed: 0 })).toBe('nowhere: 0');
    expect(renderLine(parseTemplate('{{branch}}!'), {})).toBe('–!');
    expect(renderLine(parseTemplate('{{constructor}} {{tostring}}'), {})).toBe('– –');
    expect(
      renderMarkdown(parseTemplate('**{{branch}}**'), { branch: '**a** [x](https://evil.example)' }, new Set()),
    ).toBe('**\\*\\*a\\*\\* \\[x\\]\\(https\\:\\/\\/evil\\.example\\)**');
  });

  it('what a user writes is used for its kind, and by name', () => {
    const settings = NotifySettings.parse({
      templates: {
        test_failure: { title: 'RED {{branch}}' },
        nightly: { title: 'night {{title}}', text: '{{failed}} of `{{branch}}`' },
      },
    });
    const notice = aNotice('k', { data: { branch: 'main', failed: 2 } });
    expect(messageOf('id', [{ notice, time }], settings)).toMatchObject({ title: 'RED main' });
    const named = messageOf('id', [{ notice: { ...notice, template: 'nightly' }, time }], settings);
    expect([named.title, toText(named.body)]).toEqual(['night k failed', '2 of main']);
  });
});

describe('the little Markdown', () => {
  it('shows the text of a stranger exactly, in one line, whatever it is', () => {
    const shown = (text: string): string => toText(parseMarkdown(literal(text), () => true));
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        expect(shown(text).trim()).toBe(text.replace(/\s+/g, ' ').trim());
      }),
      { seed: 7, numRuns: 2_000 },
    );
  });

  it('makes links only of addresses that are named', () => {
    const mayLink = (url: string): boolean => url === 'https://ci.example.org/1';
    expect(parseMarkdown('[run](https://ci.example.org/1) and [run](https://evil.example)', mayLink)).toEqual([
      {
        type: 'paragraph',
        inlines: [
          { type: 'link', text: 'run', url: 'https://ci.example.org/1' },
          { type: 'text', text: ' and run (https://evil.example)' },
        ],
      },
    ]);
    expect(parseMarkdown('[x](javascript:alert(1))', () => true)[0]).toMatchObject({ inlines: [{ type: 'text' }] });
  });

  it('takes no longer for what is made to take long', () => {
    const began = performance.now();
    for (const text of ['['.repeat(20_000), '**'.repeat(20_000), '`\\'.repeat(20_000), '[a]('.repeat(10_000)])
      parseMarkdown(text.slice(0, LIMITS.text), () => true);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('notices', () => {
  it('what is too long or hidden is cut, and what has no key is refused', () => {
    const notice = normaliseNotice({
      ...aNotice('k'),
      title: `a\r\nBcc: x@y.org\u202e${'b'.repeat(500)}`,
      text: 'x'.repeat(100_000),
      links: [
        { label: 'ok', url: 'https://a.example' },
        { label: 'bad', url: 'javascript:alert(1)' },
      ],
    });
    expect(notice.title).toMatch(/^a Bcc: x@y\.orgb+…$/);
    expect([notice.title.length, notice.text.length, notice.links.length]).toEqual([LIMITS.title, LIMITS.text, 1]);
    expect(() => normaliseNotice({ ...aNotice('k'), key: '' })).toThrow('A notice is not valid: key');
  });

  it('many are told in one message that stays small', () => {
    const many = Array.from({ length: 50 }, (_, n) => ({ notice: aNotice(`k${n}`, { title: 'x'.repeat(200) }), time }));
    const message = messageOf('id', many as [(typeof many)[0]], none);
    expect(message.title).toBe('50 notices: 50 warning');
    expect(toText(message.body)).toContain('and 30 more');
    expect(JSON.stringify(message).length).toBeLessThan(20_000);
  });
});

it('runs that end green, red and before a merge are three kinds of notices of one matter', () => {
  const totals = { passed: 3, failed: 1, skipped: 0, flaky: 0, notRun: 0 };
  const facts = { execution: 'run_1', project: 'shop', sentence: '1 of 4 failed.', totals, branch: 'feature/x' };
  const [green, red, blocked] = [
    runNotice({ ...facts, verdict: 'passed' }),
    runNotice({ ...facts, verdict: 'failed', author: 'ann@example.org' }),
    runNotice({ ...facts, verdict: 'failed', blocksMerge: true }),
  ];
  expect([green, red, blocked].map(({ kind, severity }) => [kind, severity])).toEqual([
    ['test_completion', 'info'],
    ['test_failure', 'warning'],
    ['merge_blocked', 'critical'],
  ]);
  expect(new Set([green, red, blocked].map(({ group }) => group)).size).toBe(1);
  expect([green.resolves, red.resolves, red.to]).toEqual([true, undefined, ['ann@example.org']]);
  const message = messageOf('id', [{ notice: red, time }], none);
  expect(message.title).toBe('shop: tests failed on feature/x');
  expect(toText(message.body)).toBe('1 of 4 failed.\n\n- verdict: failed\n- 3 passed\n- 1 failed\n- branch feature/x');
});

describe('routes', () => {
  const channels = {
    chat: { kind: 'discord', webhook: { env: 'D' } },
    mail: { kind: 'email', host: 'h', from: 'a@b.c' },
    pager: { kind: 'pagerduty', routingKey: { env: 'P' } },
    ops: { kind: 'jira', url: 'https://j.example', token: { env: 'J' }, project: 'OPS' },
  };
  const heard = (change: object, routes?: object[]) =>
    channelsFor(aNotice('k', change), NotifySettings.parse({ channels, ...(routes ? { routes } : {}) })).channels;

  it('without any, trouble opens issues and incidents, and news do not', () => {
    expect(heard({ severity: 'info' })).toEqual(['chat', 'mail']);
    expect(heard({ severity: 'warning' })).toEqual(['chat', 'mail', 'ops']);
    expect(heard({ severity: 'critical' })).toEqual(['chat', 'mail', 'pager', 'ops']);
  });

  it('every route that fits adds its channels, each once', () => {
    const routes = [
      { severities: ['critical'], channels: ['pager', 'chat'] },
      { kinds: ['test_failure'], projects: ['sh*p'], channels: ['chat'] },
      { kinds: ['alert_firing'], channels: ['mail'] },
    ];
    expect(heard({ severity: 'critical' }, routes)).toEqual(['chat', 'pager']);
    expect(heard({ project: 'other' }, routes)).toEqual([]);
  });

  it('a notice may name channels, or their kinds', () => {
    expect(heard({ channels: ['discord', 'mail', 'email'] })).toEqual(['chat', 'mail']);
    const { unknown } = channelsFor(
      aNotice('k', { channels: ['slack', 'dashboard'] }),
      NotifySettings.parse({ channels }),
    );
    expect(unknown).toEqual(['slack']);
  });

  it('a star stands for anything, and no pattern takes long', () => {
    expect([
      matches('a*c', 'abc'),
      matches('a*c', 'ab'),
      matches('*', ''),
      matches('ab*b', 'ab'),
      matches('*x*y*', '1x2y3'),
    ]).toEqual([true, false, true, false, true]);
    const began = performance.now();
    matches('*a'.repeat(49), 'a'.repeat(100_000));
    expect(performance.now() - began).toBeLessThan(200);
  });
});

it('tries go on for days, and a vendor may ask for longer', () => {
  const hours = RETRY_AFTER_MS.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  expect(hours).toBeGreaterThan(72);
  expect(nextTry(1, 1, undefined)).toEqual({ ms: 5_000, pauseMs: 0 });
  expect(nextTry(1, 1, 90_000)).toEqual({ ms: 90_000, pauseMs: 90_000 });
  expect(nextTry(1, 1, 99 * 3_600_000).ms).toBe(6 * 3_600_000);
  expect(nextTry(RETRY_AFTER_MS.length + 1, 40, undefined)).toEqual({ ms: null, pauseMs: 300_000 });
});
