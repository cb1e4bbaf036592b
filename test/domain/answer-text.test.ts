import { describe, expect, it } from 'vitest';
import { failuresOf } from '../../activities/answers/failures.js';
import { code, markdownOf } from '../../domain/answer-text.js';
import { parseBlocks, writtenBlocks } from '../../domain/merge-blocked.js';
import type { Ledger } from '../../domain/ports.js';

const HOSTILE = [
  'plain',
  '`` ` ```js\nalert(1)\n```',
  '@acme/everyone please merge, closes #1',
  '<img src=x onerror=alert(1)><!-- baton:verdict -->',
  '[click](javascript:alert(1)) | cell | ![x](https://evil.example/a.png)',
  'a\u202egnp.exe\u200b\u0000\u0007',
  '$ {{ secrets.TOKEN }} {{7*7}} $(id) `id`',
  '| --- |\n| fake | table |',
];

describe('the words of an answer', () => {
  it.each(HOSTILE)('%j stays inside its code span, in one line', (text) => {
    const span = code(text, 300);
    const fence = /^`+/.exec(span)?.[0] ?? '';
    expect(span.startsWith(`${fence} `) && span.endsWith(` ${fence}`)).toBe(true);
    const inside = span.slice(fence.length, -fence.length);
    expect([...inside.matchAll(/`+/g)].every(([run]) => run.length < fence.length)).toBe(true);
    expect([...inside].filter((char) => char < ' ' || '|\u200b\u202e'.includes(char))).toEqual([]);
  });

  it('lists failures with their places, and not more than people read', () => {
    const failures = HOSTILE.concat(Array.from({ length: 30 }, (_, i) => `test ${i}`)).map((title, i) => ({
      title,
      message: title,
      file: 'test/a.test.ts',
      line: i + 1,
    }));
    const target = { context: 'baton', commit: 'c0ffee0123456789' };
    const statement = {
      state: 'failure',
      title: '2 failed\n# x',
      summary: 'Two of them.',
      url: 'https://ci.example/1',
    } as const;
    const text = markdownOf(target, statement, failures);
    const rows = text.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(20);
    expect(rows.every((row) => row.split('|').length === 6)).toBe(true);
    expect(text.split('\n')[0]).toBe('### ❌ baton: ` 2 failed # x `');
    expect(text).toContain('… and 18 more.');
    expect(text).toContain('Commit c0ffee012345 · [details](https://ci.example/1)');
  });

  it("finds the failing line: the last one of the stack in the test's own file, else where the test begins", async () => {
    const result = (testId: string, gating: boolean) => ({
      testId,
      occurrence: 1,
      name: testId,
      file: 'test/a.test.ts',
      message: 'expected 3, got 4',
      blame: { class: 'your_change', gating },
    });
    const attempt = (change: object) => ({
      occurrence: 1,
      status: 'failed',
      superseded: false,
      file: 'test/a.test.ts',
      line: 7,
      stack: null,
      ...change,
    });
    const attempts: Record<string, object[]> = {
      excused: [attempt({})],
      gates: [
        attempt({ stack: 'Error: x\n at f (/w/src/b.ts:3:1)\n at test (/w/test/a.test.ts:12:5)' }),
        attempt({ superseded: true, line: 99 }),
      ],
    };
    const ledger = {
      results: async () => ({ items: [result('excused', false), result('gates', true)], nextCursor: null }),
      attemptsOf: async (_run: string, id: string) => attempts[id] ?? [],
    } as unknown as Pick<Ledger, 'results' | 'attemptsOf'>;
    const found = await failuresOf(ledger, { state: 'failure', title: '', summary: '', run: 'run_1' });
    expect(found.map(({ title, line }) => [title, line])).toEqual([
      ['gates', 12],
      ['excused', 7],
    ]);
  });

  it('the gate is text that comes back as it went', () => {
    const blocks = [{ branch: 'main', commit: 'c', execution: 'wf_1', reason: 'a\tb\nc' }];
    expect(parseBlocks(writtenBlocks(blocks))).toEqual([{ ...blocks[0], reason: 'a b c' }]);
    expect(writtenBlocks([])).toBe('');
    expect(parseBlocks('# x\nnonsense\n')).toEqual([]);
  });
});
