import { expect, test } from 'vitest';
import { eventLineReader } from '../../../adapters/frameworks/event-lines.js';
import { exitRecord } from './polyglot.js';

const reader = eventLineReader();
const passed = { e: 'test', file: 'a.js', path: ['one'], status: 'passed' };

test('a line that is no event is ignored', () => {
  const lines = [
    '',
    'hello',
    '{',
    '[1]',
    'null',
    '{"e":"other"}',
    '{"e":"test","file":"a.js"}',
    '{"e":"test","file":"a.js","path":[],"status":"passed"}',
    '\u0000',
  ];
  expect(lines.flatMap((line) => reader.line(line))).toEqual([]);
});

test('an event behind the rest of a killed writer is found', () => {
  expect(reader.line(`{"e":"test","fi${JSON.stringify(passed)}`)).toEqual([passed]);
  const nested = { ...passed, status: 'failed', message: 'got {"e":"test"} instead' };
  expect(reader.line(JSON.stringify(nested))).toEqual([nested]);
});

test('a field that makes no sense is left out, the result stays', () => {
  const odd = {
    ...passed,
    ms: -3,
    at: 'yesterday',
    tries: 0,
    line: 2.7,
    column: null,
    note: 7,
    unknown: true,
    stdout: { a: 1 },
  };
  expect(reader.line(JSON.stringify(odd))).toEqual([{ ...passed, line: 2, note: '7', stdout: '{"a":1}' }]);
});

test('texts lose colours and control characters, and are cut with a marker', () => {
  const long = {
    ...passed,
    status: 'failed',
    message: '\u001b[31mred\u001b[0m\u0007',
    stdout: 'x'.repeat(100_000),
    file: '.\\dir\\a.js',
    path: ['x'.repeat(3000), 'y'],
  };
  const [event] = reader.line(JSON.stringify(long));
  expect(event).toMatchObject({ file: 'dir/a.js', message: 'red' });
  const { stdout, path } = event as { stdout: string; path: string[] };
  expect(stdout.length).toBeLessThanOrEqual(16 * 1024);
  expect(stdout).toMatch(/… \d+ characters cut …/);
  expect(path[0]!.length).toBeLessThanOrEqual(2048);
  expect(path[1]).toBe('y');
});

test('names deeper than the limit keep their beginning and the title', () => {
  const [event] = reader.line(JSON.stringify({ ...passed, path: Array.from({ length: 100 }, (_, i) => `level ${i}`) }));
  const { path } = event as { path: string[] };
  expect([path.length, path[0], path.at(-1)]).toEqual([64, 'level 0', 'level 99']);
});

test('the last look may change an event or leave it out, and the end adds nothing', async () => {
  const mapped = eventLineReader({ map: (event) => (event.e === 'end' ? undefined : event) });
  expect(mapped.line('{"e":"end"}')).toEqual([]);
  expect(mapped.line(JSON.stringify(passed))).toEqual([passed]);
  expect(await mapped.end(exitRecord(0))).toEqual([]);
});
