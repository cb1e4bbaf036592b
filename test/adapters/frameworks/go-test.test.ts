import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { goTestAdapter } from '../../../adapters/frameworks/go-test.js';
import { importPathOf, modulePath, packageDir, workspaceDirs } from '../../../adapters/frameworks/go-test/modules.js';
import { GoTestReader } from '../../../adapters/frameworks/go-test/reader.js';
import { BoundedText } from '../../../adapters/frameworks/bounded-text.js';
import type { TestEvent } from '../../../domain/test-event.schema.js';
import { TestEvent as TestEventSchema } from '../../../domain/test-event.schema.js';
import { FIXTURES, suiteOf } from './polyglot.js';

const RECORDED = readFileSync(join(FIXTURES, 'go-test/recorded/odd.ndjson'), 'utf8').trimEnd().split('\n');
const FILES = [
  '.',
  'pkg/broken',
  'pkg/exits',
  'pkg/mainfails',
  'pkg/names',
  'pkg/norun',
  'pkg/panics',
  'pkg/parallel',
  'pkg/syntax',
  'pkg/unbuilt',
  'pkg/vet',
];

async function read(lines: readonly string[], files = FILES): Promise<TestEvent[]> {
  const reader = new GoTestReader({ files }, 'example.com/odd');
  return [...lines.flatMap((line) => reader.line(line)), ...(await reader.end())];
}

const shortly = (events: readonly TestEvent[]): string[] =>
  events.map((e) =>
    e.e === 'test'
      ? `${e.status} ${e.file} ${e.path.join('|')}`
      : e.e === 'file-end'
        ? `end ${e.status} ${e.file} ${e.tests}${e.message ? '!' : ''}`
        : e.e,
  );

describe('the stream of go test -json', () => {
  it('gives events that fit the protocol, from start to end', async () => {
    const events = await read(RECORDED);
    for (const event of events) expect(TestEventSchema.parse(event)).toEqual(event);
    expect(events[0]).toEqual({ e: 'start', framework: 'go-test' });
    expect(events.at(-1)).toEqual({ e: 'end' });
    expect(
      shortly(events)
        .filter((e) => e.startsWith('end '))
        .sort(),
    ).toEqual([
      'end failed . 3',
      'end failed pkg/broken 0!',
      'end failed pkg/exits 2!',
      'end failed pkg/mainfails 1!',
      'end failed pkg/names 15',
      'end failed pkg/panics 3!',
      'end failed pkg/parallel 2!',
      'end failed pkg/syntax 0!',
      'end failed pkg/unbuilt 0!',
      'end failed pkg/vet 0!',
      'end passed pkg/norun 0',
      'end skipped pkg/empty 0',
    ]);
  });

  it('has no end while a requested package has none', async () => {
    const all = await read(RECORDED, [...FILES, 'pkg/other']);
    expect(all.at(-1)!.e).not.toBe('end');
    for (const cut of [0, 1, 40, 100, RECORDED.length - 1]) {
      const events = await read(RECORDED.slice(0, cut));
      expect(events.some((e) => e.e === 'end')).toBe(false);
    }
  });

  it('ignores what is no event: text, half lines, other JSON', async () => {
    const noise = [
      'go: downloading example.com/x v1.0.0',
      '{"Action":"pass","Packa',
      '{}',
      '[]',
      '',
      '{"Time":1}',
      '{"Action":5}',
      'null',
    ];
    expect(await read([...noise, ...RECORDED, ...noise])).toEqual(await read(RECORDED));
  });

  it('reads the plain line by which an older Go says that a package was not built', async () => {
    const events = await read(['FAIL\texample.com/odd/pkg/unbuilt [build failed]'], ['pkg/unbuilt']);
    expect(shortly(events)).toEqual(['start', 'file-start', 'end failed pkg/unbuilt 0!', 'end']);
  });

  it('does not take late output of a test that has ended for a test in flight', async () => {
    const event = (action: string, more: object = {}): string =>
      JSON.stringify({ Action: action, Package: 'example.com/odd', ...more });
    const events = await read(
      [
        event('start'),
        event('run', { Test: 'TestA' }),
        event('pass', { Test: 'TestA', Elapsed: 0.1 }),
        event('output', { Test: 'TestA', Output: 'from a goroutine\n' }),
        event('output', { Output: 'panic: late\n' }),
        event('fail', { Elapsed: 0.2 }),
      ],
      ['.'],
    );
    expect(shortly(events)).toEqual(['start', 'file-start', 'passed . TestA', 'end failed . 1!', 'end']);
  });
});

describe('go.mod and go.work', () => {
  it('reads the module path', () => {
    expect(modulePath('// module no\nmodule example.com/a/b // yes\n\ngo 1.21\n')).toBe('example.com/a/b');
    expect(modulePath('module "example.com/quoted"\n')).toBe('example.com/quoted');
    expect(modulePath('module (\n\texample.com/block\n)\n')).toBe('example.com/block');
    expect(modulePath('go 1.21\n')).toBeUndefined();
  });

  it('reads the directories of a workspace', () => {
    expect(
      workspaceDirs('go 1.22\n\nuse ./one\nuse (\n\t.\n\t./two/ // second\n\t"./three"\n\t// ./four\n)\n'),
    ).toEqual(['.', 'two', 'three', 'one']);
  });

  it('maps packages to directories', () => {
    expect(packageDir('example.com/odd', 'example.com/odd')).toBe('.');
    expect(packageDir('example.com/odd/a/b', 'example.com/odd')).toBe('a/b');
    expect(packageDir('example.com/oddly', 'example.com/odd')).toBeUndefined();
    expect(packageDir('./missing', 'example.com/odd')).toBe('missing');
    expect(importPathOf(join(FIXTURES, 'go-test/odd/pkg/names'))).toBe('example.com/odd/pkg/names');
  });
});

describe('the command', () => {
  const request = { root: '/src', files: ['.', 'a/b'], eventsFile: '/e', scratchDir: '/s', cores: 3, bail: false };

  it('never takes a cached answer, and keeps the arguments of test binaries last', async () => {
    const suite = suiteOf('go-test', { dir: 'sub', args: ['-race', '-args', '-x'] });
    const spec = await goTestAdapter.command({
      ...request,
      suite,
      tests: [['TestA', 'sub'], ['TestB'], ['TestA']],
      bail: true,
    });
    expect(spec).toMatchObject({
      command: 'go',
      args: [
        'test',
        '-json',
        '-count=1',
        '-p',
        '3',
        '-failfast',
        '-race',
        '-run',
        '^(TestA|TestB)$',
        '.',
        './a/b',
        '-args',
        '-x',
      ],
      cwd: '/src/sub',
      events: 'stdout',
    });
  });

  it('knows what the exit code means', () => {
    expect([0, 1, 2, 127].map(goTestAdapter.exitMeaning)).toEqual(['green', 'red', 'broken', 'broken']);
  });
});

describe('bounded text', () => {
  it('keeps both ends of any amount of output', () => {
    const text = new BoundedText(1000);
    for (let i = 0; i < 10_000; i++) text.add(`${i}\n`);
    expect(text.toString()).toMatch(/^0\n1\n[\s\S]*… \d+ characters cut …[\s\S]*9999\n$/);
    expect(text.toString().length).toBeLessThan(1600);
    const short = new BoundedText(1000);
    short.add('a'.repeat(500));
    short.add('b'.repeat(500));
    expect(short.toString()).toBe('a'.repeat(500) + 'b'.repeat(500));
  });
});
