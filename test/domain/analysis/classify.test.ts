import { describe, expect, it } from 'vitest';
import { ErrorClass } from '../../../domain/analysis/analysis.schema.js';
import { classify } from '../../../domain/analysis/classify.js';
import { type Evidence, MEASURED } from '../../../domain/analysis/confidence.js';
import { type FailedTry, signalsOf } from '../../../domain/analysis/signals.js';
import { LABELLED, type Labelled } from './labelled.js';

const judged = LABELLED.map((each) => ({ ...each, ...classify(signalsOf(each)) }));
type Judged = (typeof judged)[number];
const right = (each: Judged): boolean => each.class === each.label;
const share = (all: readonly Judged[]): number => all.filter(right).length / all.length;

/** Mean over the classes of the harmonic mean of precision and recall. */
function macroF1(all: readonly Judged[]): number {
  const labels = [...new Set(all.map(({ label }) => label))];
  const each = labels.map((label) => {
    const hits = all.filter((one) => one.label === label && right(one)).length;
    return (
      (2 * hits) / (all.filter((one) => one.label === label).length + all.filter((one) => one.class === label).length)
    );
  });
  return each.reduce((sum, f1) => sum + f1, 0) / each.length;
}

const row = (name: string, all: readonly Judged[]): string =>
  `${name.padEnd(22)} ${String(all.length).padStart(4)} failures  accuracy ${share(all).toFixed(3)}  macro F1 ${macroF1(all).toFixed(3)}`;

describe('classes of failures, on failures of seven real frameworks', () => {
  const tuned = judged.filter(({ heldBack }) => !heldBack);
  const heldBack = judged.filter((each) => each.heldBack);

  it('are right nearly always, also for scenarios that the rules were not written with', () => {
    const frameworks = [...new Set(judged.map(({ framework }) => framework))];
    console.log(
      [
        row('written with', tuned),
        row('held back', heldBack),
        ...frameworks.map((name) =>
          row(
            `  ${name}`,
            judged.filter(({ framework }) => framework === name),
          ),
        ),
        `wrong: ${[...new Set(judged.filter((one) => !right(one)).map((one) => `${one.framework}/${one.group}: ${one.label} taken for ${one.class}`))].join('; ')}`,
      ].join('\n'),
    );
    expect(LABELLED.length).toBeGreaterThanOrEqual(400);
    expect(heldBack.length).toBeGreaterThanOrEqual(150);
    expect(share(tuned)).toBeGreaterThanOrEqual(0.95);
    expect(share(heldBack)).toBeGreaterThanOrEqual(0.95);
    expect(macroF1(tuned)).toBeGreaterThanOrEqual(0.9);
    expect(macroF1(heldBack)).toBeGreaterThanOrEqual(0.9);
  });

  it('come with a confidence that was measured, and that holds for what was held back', () => {
    const kinds = Object.keys(MEASURED) as Evidence[];
    const table = kinds.map((kind) => {
      const of = (all: readonly Judged[]): readonly [number, number] => {
        const decided = all.filter(({ evidence }) => evidence === kind);
        return [decided.filter(right).length, decided.length];
      };
      return {
        kind,
        tuned: of(tuned),
        heldBack: of(heldBack),
        said: judged.find(({ evidence }) => evidence === kind)?.confidence,
      };
    });
    console.log(
      table
        .map(
          (r) =>
            `${r.kind.padEnd(18)} said ${String(r.said ?? '–').padEnd(5)} tuned ${r.tuned.join('/')} held back ${r.heldBack.join('/')}`,
        )
        .join('\n'),
    );
    expect(Object.fromEntries(table.map(({ kind, tuned: measured }) => [kind, measured]))).toEqual(MEASURED);
    // As a whole: what was said in the mean, and what came true.
    const sure = heldBack.filter(({ class: name }) => name !== 'unknown');
    const said = sure.reduce((sum, { confidence }) => sum + confidence, 0) / sure.length;
    expect(Math.abs(said - share(sure))).toBeLessThan(0.08);
  });

  it('say unknown in place of a guess', () => {
    const unknown = judged.filter(({ label }) => label === 'unknown');
    expect(unknown.length).toBeGreaterThanOrEqual(15);
    expect(share(unknown)).toBeGreaterThanOrEqual(0.9);
    expect(unknown.filter(right).every(({ confidence }) => confidence === 0)).toBe(true);
  });

  it('cover the list, whose words are closed', () => {
    const labels = new Set(LABELLED.map(({ label }: Labelled) => label));
    expect(ErrorClass.options.filter((name) => !labels.has(name))).toEqual(['crash']);
  });
});

describe('what is easily mixed up', () => {
  const of = (change: Partial<FailedTry>): string =>
    classify(
      signalsOf({
        kind: 'test',
        fault: 'error',
        message: null,
        stack: null,
        expected: null,
        actual: null,
        stdout: null,
        stderr: null,
        ...change,
      }),
    ).class;

  it('401 and 403, and a missing file that is no 404', () => {
    expect(of({ message: 'Request failed with status code 401' })).toBe('authentication');
    expect(of({ message: 'Request failed with status code 403' })).toBe('authorization');
    expect(of({ message: 'Request failed with status code 404' })).toBe('not_found');
    expect(of({ message: "ENOENT: no such file or directory, open 'a.json'" })).toBe('filesystem');
    expect(of({ message: "Cannot find module './a'" })).toBe('missing_module');
  });

  it('a refused connection of a database is the database', () => {
    const refused = 'connect ECONNREFUSED 127.0.0.1';
    expect(of({ message: `${refused}:5432` })).toBe('database');
    expect(of({ message: `${refused}:8080` })).toBe('network');
    const stack = `Error: ${refused}:9\n    at Socket (node:net:1)\n    at Client.connect (/a/node_modules/pg/lib/client.js:3:4)`;
    expect(of({ message: `${refused}:9`, stack })).toBe('database');
  });

  it('values of an assertion are only values', () => {
    const compared = { fault: 'failure', expected: 'timeout', actual: 'ECONNREFUSED 401 Unauthorized' } as const;
    expect(of({ ...compared, message: 'expected ECONNREFUSED 401 Unauthorized to be timeout' })).toBe('assertion');
    expect(of({ fault: 'failure', expected: '405', actual: '404', message: 'expected 404 to be 405' })).toBe(
      'assertion',
    );
  });

  it('a process that ended, and a file that does not parse', () => {
    expect(of({ kind: 'file', message: 'The process of this file ended with signal SIGSEGV.' })).toBe('crash');
    expect(
      of({
        kind: 'file',
        message: "The process of this file ended with exit code 1.\nSyntaxError: Unexpected token ';'",
      }),
    ).toBe('build');
    expect(of({ message: 'SyntaxError: Unexpected token < in JSON at position 0' })).toBe('runtime');
  });

  it('is decided in linear time, whatever the text', () => {
    for (const unit of [
      'expected ',
      'status: ',
      'got ',
      '401 ',
      'SyntaxError: ',
      'Snapshot ',
      ' at a (b:1:1)\n',
      'left right ',
    ]) {
      const start = performance.now();
      of({ message: unit.repeat(20_000), stack: unit.repeat(20_000), fault: 'failure' });
      expect(performance.now() - start, unit).toBeLessThan(1_500);
    }
  });
});
