import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHtml } from '../../../domain/report/html.js';
import { SCRIPT, SCRIPT_SHA256, STYLE, STYLE_SHA256 } from '../../../domain/report/html-assets.js';
import { buildReport } from '../../../domain/report/model.js';
import type { TestStatus } from '../../../domain/outcome.schema.js';
import { anyInput, POLYGLOTS } from './arbitrary.js';
import { attempt, input, sample } from './sample.js';

const digest = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

test('the page names its style and script by the hash they have', () => {
  expect({ STYLE_SHA256, SCRIPT_SHA256 }).toEqual({ STYLE_SHA256: digest(STYLE), SCRIPT_SHA256: digest(SCRIPT) });
});

/** Every tag of a page outside style and script, as `name attribute attribute`. */
function tags(page: string): Set<string> {
  const body = page.replace(`<style>${STYLE}</style>`, '').replace(`<script>${SCRIPT}</script>`, '');
  const found = body.match(/<[^>]*>?/g) ?? [];
  return new Set(found.map((tag) => tag.replace(/="[^"]*"/g, '')));
}

test('whatever a test prints, the page has no tag and no attribute of its making', () => {
  const known = tags(toHtml(buildReport(sample())));
  const plain = tags(toHtml(buildReport(input([{ attempts: [attempt({})], status: 'passed' }]))));
  const allowed = new Set([
    ...known,
    ...plain,
    '<p class>',
    '<h3>',
    '<small>',
    '<li class>',
    '<div class role>',
    '<figure class>',
    '<figcaption>',
    '<span class>',
    '<mark>',
    '</mark>',
  ]);
  fc.assert(
    fc.property(anyInput, (given) => {
      const strange = [...tags(toHtml(buildReport(given)))].filter((tag) => !allowed.has(tag));
      expect(strange).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

test('no control, bidirectional or zero-width character reaches the page', () => {
  const tests = POLYGLOTS.map((message, i) => ({
    attempts: [attempt({ occurrence: i + 1, status: 'failed', message, path: [message], stdout: message })],
    status: 'failed' as const,
  }));
  const page = toHtml(buildReport(input(tests)));
  expect(page.match(FORBIDDEN)).toBeNull();
  expect(page).toContain('⟨U+202E⟩gnp.exe');
});

test('nothing is loaded from outside', () => {
  const page = toHtml(buildReport(sample()));
  expect(page).not.toMatch(/\b(?:src|href)="(?!#)/);
  expect(page).not.toMatch(/url\(|@import/);
});

function many(n: number, status: (i: number) => TestStatus, text = 'x'): ReturnType<typeof input> {
  const tests = Array.from({ length: n }, (_, i) => {
    const s = status(i);
    const raw = s === 'failed' ? 'failed' : 'passed';
    const own = attempt({
      occurrence: i + 1,
      file: `test/area-${i % 400}/file-${i % 900}.test.js`,
      path: ['a group of tests', `behaves as it should in case ${i}`],
      status: raw,
    });
    return {
      attempts: [
        raw === 'failed'
          ? { ...own, message: text, stack: text, stdout: text, expected: text, actual: `${text}!` }
          : own,
      ],
      status: s,
    };
  });
  return input(tests);
}

const megabytes = (page: string): number => Buffer.byteLength(page) / 1e6;
const cards = (page: string): number => page.match(/<details class="card"[^>]* data-s="failed"/g)?.length ?? 0;

describe('size', () => {
  test('10,000 tests, 100 of them red: small, and every failure has its card', () => {
    const page = toHtml(
      buildReport(many(10_000, (i) => (i % 100 === 7 ? 'failed' : 'passed'), 'a message\n'.repeat(40))),
    );
    expect(megabytes(page)).toBeLessThan(6);
    expect(cards(page)).toBe(100);
    expect(page).toContain(
      '5,000 more tests left out to keep this page small; report.json and ctrf.json hold all 10,000.',
    );
  });

  test('600 failures with the longest texts that escape worst: 500 cards, still small', () => {
    const page = toHtml(buildReport(many(600, () => 'failed', '"<€'.repeat(4_000))));
    expect(megabytes(page)).toBeLessThan(6);
    expect(cards(page)).toBe(500);
    expect(page).toContain('100 more tests failed: see report.json');
  });

  test('10,000 failures with long names stay small', () => {
    const given = many(10_000, () => 'failed', 'short');
    const results = given.results.map((r) => ({ ...r, name: '"'.repeat(2000) }));
    expect(megabytes(toHtml(buildReport({ ...given, results })))).toBeLessThan(6);
  });
});
