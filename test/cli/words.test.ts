/** The pure parts: exit codes, progress, display, answer. */
import { describe, expect, it } from 'vitest';
import { jsonAnswer, jsonProblem, summary } from '../../cli/answer.js';
import { projectChecks } from '../../cli/doctor/project.js';
import { Display } from '../../cli/display.js';
import { endOf } from '../../cli/errors.js';
import { CommandEnd, exitCodeOf } from '../../cli/exit-codes.js';
import { Progress } from '../../cli/progress.js';
import { duration, oneLine, table, wantsColours } from '../../cli/terminal.js';
import type { RunAnswer } from '../../domain/api.schema.js';
import type { BatonEvent, EventMap, EventType } from '../../domain/events.js';
import { ProjectProblem } from '../../domain/failures.js';
import { TemporalNotFound } from '../../scripts/lib/temporal-server.mjs';
import { StackProblem } from '../../workers/stack/problem.js';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
let id = 0;
function event<T extends EventType>(type: T, payload: EventMap[T]): BatonEvent {
  return {
    id: ++id,
    execution: 'r',
    project: 'p',
    seq: id,
    time: new Date(T0).toISOString(),
    type,
    payload,
  } as unknown as BatonEvent;
}
const planned = (files: number, lanes: number, predictedMs: number) =>
  event('run_planned', { suites: ['unit'], files, batches: 2, lanes, predictedMs, notes: [] });
const recorded = (batch: string, stage: number, passed: number, failed: number, filesEnded: number) =>
  event('results_recorded', { batch, stage, runner: 'r1', passed, failed, skipped: 0, filesEnded, lastTest: 't' });
const failed = (name: string, stage = 1) =>
  event('test_failed', { batch: 'b1', stage, suite: 'unit', file: 'a.test.ts', name, message: 'expected 1\nto be 2' });

describe('exit codes', () => {
  const usage = { name: 'NoTests', message: 'm', usage: true };
  const ours = { name: 'StoreUnavailable', message: 'm', usage: false };
  it.each([
    ['passed', null, 0],
    ['failed', null, 1],
    ['blocked', null, 1],
    ['incomplete', usage, 2],
    ['incomplete', ours, 3],
    ['incomplete', null, 3],
    [null, null, 3],
    [null, usage, 2],
    ['cancelled', null, 130],
  ] as const)('%s with problem %o is %i', (verdict, problem, code) => expect(exitCodeOf(verdict, problem)).toBe(code));

  it.each([
    [new CommandEnd('m', 130), 130],
    [new StackProblem('m', true), 2],
    [new StackProblem('m', false), 3],
    [new ProjectProblem('NotAProject', 'm'), 2],
    [new ProjectProblem('StoreUnavailable', 'm'), 3],
    [Object.assign(new Error('m'), { status: 404 }), 2],
    [Object.assign(new Error('m'), { status: 503 }), 3],
    [new TypeError('m'), 3],
  ])('%s ends with %i', (error, exitCode) => expect(endOf(error)).toMatchObject({ message: 'm', exitCode }));

  it('a missing Temporal server is 3 and keeps its list', () => {
    expect(endOf(new TemporalNotFound(['PATH: not there']))).toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('  - PATH: not there\n'),
    });
  });
});

describe('progress', () => {
  it('adds up the latest counts of each batch, and does not count reruns twice', () => {
    const progress = new Progress();
    for (const each of [
      planned(4, 2, 0),
      recorded('b1', 1, 3, 0, 1),
      recorded('b2', 1, 1, 1, 1),
      recorded('b1', 1, 5, 1, 2),
    ])
      progress.take(each);
    progress.take(event('stage_planned', { stage: 2, files: 2, batches: 1, reason: 'failed' }));
    progress.take(recorded('b3', 2, 1, 0, 1));
    expect(progress.counts).toEqual({ passed: 6, failed: 2, skipped: 0, filesEnded: 3 });
    expect(progress.fraction).toBe(0.75);
    expect(progress.rerun).toEqual({ ended: 1, files: 2 });
    expect(progress.testsPerSecond(T0 + 4_000)).toBe(2);
  });

  it('tells of a failure once, whichever attempt says it', () => {
    const progress = new Progress();
    expect([failed('x'), failed('x', 2), failed('y')].map((each) => progress.take(each)?.name ?? null)).toEqual([
      'x',
      null,
      'y',
    ]);
  });

  it('time left: at first the prediction over all lanes, at last what was seen', () => {
    const progress = new Progress();
    expect(progress.leftMs(T0)).toBeNull();
    progress.take(planned(10, 2, 20_000));
    expect(progress.leftMs(T0 + 1_000)).toBe(9_000);
    progress.take(recorded('b1', 1, 1, 0, 5));
    expect(progress.leftMs(T0 + 6_000)).toBe(0.5 * 6_000 + 0.5 * 4_000);
    progress.take(recorded('b2', 1, 1, 0, 5));
    expect(progress.leftMs(T0 + 30_000)).toBe(0);
  });
});

describe('display', () => {
  function shown(
    tty: boolean,
    colours: boolean,
    work: (display: Display, clock: (ms: number) => void) => void,
  ): string[] {
    const writes: string[] = [];
    let now = T0;
    const display = new Display({ write: (text) => writes.push(text), isTTY: tty, columns: 60 }, colours, () => now);
    work(display, (ms) => (now = T0 + ms));
    display.stop();
    return writes;
  }

  it('prints a failure at once: file, name and the first line of its message', () => {
    const lines = shown(false, false, (display) => {
      display.take(planned(3, 1, 0));
      display.take(failed('adds › twice'));
      display.take(failed('adds › twice', 2));
    });
    expect(lines).toEqual([
      '3 files in 2 batches on 1 lane (unit)\n',
      '✗ a.test.ts › adds › twice\n',
      '    expected 1\n',
    ]);
  });

  it('the bar fits into the usual width, with the time left', () => {
    const lines = shown(true, false, (display, clock) => {
      display.take(planned(40, 2, 60_000));
      display.take(recorded('b1', 1, 123, 4, 10));
      clock(10_000);
      display.say('x');
      display.start();
      display.say('y');
    });
    const bar = lines.find((line) => line.includes('░'))?.replace('\r\u001b[2K', '');
    expect(bar).toBe('███░░░░░░░  123 passed  4 failed  0 skipped  10/40 files');
    expect(bar?.length).toBeLessThan(60);
  });

  it('never lets test output steer the terminal', () => {
    const lines = shown(true, false, (display) =>
      display.take(
        event('test_failed', {
          batch: 'b',
          stage: 1,
          suite: 's',
          file: 'a',
          name: 'x\u001b[2Jy\u0007',
          message: '\u001b]0;title\u0007boom',
        }),
      ),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
    expect(lines.join('')).not.toMatch(/\u0007|\u001b\[2J|\u001b\]/);
  });

  it('uses colours only where asked', () => {
    const red = '\u001b[31m';
    expect(shown(true, true, (display) => display.take(failed('x'))).join('')).toContain(red);
    expect(shown(true, false, (display) => display.take(failed('x'))).join('')).not.toContain(red);
    const tty = { write: () => {}, isTTY: true };
    expect([
      wantsColours(tty, true, {}),
      wantsColours(tty, false, {}),
      wantsColours(tty, true, { NO_COLOR: '1' }),
      wantsColours({ write: () => {} }, true, {}),
    ]).toEqual([true, false, false, false]);
  });
});

describe('the answer', () => {
  const run = {
    id: 'run_1',
    verdict: 'failed',
    status: 'finished',
    totals: { passed: 3, failed: 1, skipped: 0, flaky: 1, notRun: 0 },
    durationMs: 12_345,
    problem: null,
    notes: ['weaker isolation'],
    links: { self: 's', results: 'r', report: 'p', artifacts: 'a', events: 'e', webUi: 'w' },
  } as unknown as RunAnswer;
  const test = {
    testId: 't',
    occurrence: 1,
    kind: 'test',
    suite: 'unit',
    file: 'a.ts',
    name: 'x',
    path: ['x'],
    status: 'failed',
    durationMs: 3,
    attempts: 2,
    message: 'm',
    runner: 'r',
    batch: 'b1',
  } as const;

  it('is one object of exactly this form', () => {
    expect(jsonAnswer(run, [{ ...test, path: ['x'] }])).toEqual({
      execution: 'run_1',
      verdict: 'failed',
      totals: run.totals,
      durationMs: 12_345,
      tests: [{ suite: 'unit', file: 'a.ts', name: 'x', status: 'failed', durationMs: 3, attempts: 2 }],
      links: run.links,
    });
    expect(jsonProblem({ message: 'm', exitCode: 2 })).toEqual({
      execution: null,
      verdict: null,
      totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
      durationMs: null,
      tests: [],
      links: null,
      problem: { name: 'BadRequest', message: 'm', usage: true },
    });
  });

  it('reads well', () => {
    expect(
      summary(run, false, [
        ['Report', '/r.html'],
        ['Web UI', 'http://w'],
      ]),
    ).toBe(
      '✗ failed  3 passed, 1 failed, 1 flaky  in 12 s\nnote: weaker isolation\nReport  /r.html\nWeb UI  http://w\n',
    );
  });
});

describe('words', () => {
  it('durations', () =>
    expect([420, 9_940, 12_300, 185_000, 7_800_000].map(duration)).toEqual([
      '0.4 s',
      '9.9 s',
      '12 s',
      '3 min 05 s',
      '2 h 10 min',
    ]));
  it('tables ignore colour codes', () =>
    expect(
      table([
        ['\u001b[32mok\u001b[39m', 'x'],
        ['missing', 'y'],
      ]),
    ).toBe('\u001b[32mok\u001b[39m       x\nmissing  y\n'));
  it('one line', () => expect(oneLine('a\n\u001b[31mb\u001b[39m  cd', 5)).toBe('a b …'));
});

describe('the doctor on a project', () => {
  const isolation = { level: 'bubblewrap', lacks: [] };
  it('tells what each suite has and lacks', async () => {
    const suites = [
      { name: 'unit', framework: 'vitest', because: 'vitest in package.json', files: 12, version: '4.1.0' },
      { name: 'py', framework: 'pytest', because: 'pytest.ini', files: 3, problem: 'pytest is not installed' },
    ];
    expect(await projectChecks('/p', async () => ({ suites, isolation }))).toEqual([
      { name: 'suite unit', status: 'ok', detail: 'vitest 4.1.0, 12 files (vitest in package.json)' },
      {
        name: 'suite py',
        status: 'missing',
        detail: 'pytest, 3 files (pytest.ini): pytest is not installed',
        fix: 'install what the project needs, then look again',
      },
      { name: 'cage', status: 'ok', detail: 'bubblewrap' },
    ]);
  });
  it('tells why there is nothing to look at', async () => {
    expect(await projectChecks('/p', async () => ({ suites: [], problem: 'no tests here', isolation }))).toEqual([
      { name: 'project', status: 'missing', detail: 'no tests here', fix: 'see docs/configuration.md' },
      { name: 'cage', status: 'ok', detail: 'bubblewrap' },
    ]);
  });
});
