/** The storm's own parts: what it arms, what it measures and what it sums up. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faults } from '../../config/faults.js';
import type { BatonEvent } from '../../domain/events.js';
import { mixNamed } from '../chaos/mixes.js';
import { random } from '../chaos/random.js';
import { readSegments } from '../chaos/report.js';
import { resumes } from '../chaos/resume.js';
import type { SegmentResult } from '../chaos/segment.js';
import { runSeries } from '../chaos/series.js';
import type { Fault } from '../chaos/storm.js';
import { AmbiguousWrites } from '../chaos/writes.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'baton-chaos-test-'));

describe('ambiguous writes of a storm', () => {
  it('strike once for each time they are armed, and not after the storm', async () => {
    const file = join(folder(), 'faults.txt');
    const writes = new AmbiguousWrites(file, ['ledger.record']);
    const { due } = faults(writes.environment['BATON_FAULTS'] ?? '');
    expect(due('ledger.record')).toBeUndefined();
    writes.arm(random(1));
    const armed = readFileSync(file, 'utf8').trim().split('\n').length;
    const struck = (): number => Array.from({ length: 20 }, () => due('ledger.record')).filter(Boolean).length;
    // Lines for one place strike at its first passage, all of them.
    expect(struck()).toBe(1);
    writes.arm(random(1));
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(armed);
    expect(struck()).toBe(1);
    const told = writes.disarm();
    expect(told.map(({ point }) => point)).toEqual(told.map(() => 'ledger.record'));
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(struck()).toBe(0);
  });
});

describe('the time to resume', () => {
  const event = (type: BatonEvent['type'], at: number): BatonEvent =>
    ({ type, time: new Date(at).toISOString() }) as BatonEvent;
  const fault = (kind: Fault['kind'], at: number): Fault => ({ at, kind, victim: 'api', part: 'api-1', attempt: '' });

  it('is from a kill to the next stored result of any execution', () => {
    const events = [
      event('results_recorded', 1_000),
      event('batch_started', 2_500),
      event('results_recorded', 4_000),
      event('run_finished', 9_000),
    ];
    const faults = [fault('kill', 2_000), fault('freeze', 2_100), fault('all', 4_500), fault('kill', 9_500)];
    expect(resumes(events, faults)).toEqual([2_000, 4_500]);
  });
});

describe('a series of segments', () => {
  const result = (seed: number, kills: number, findings: string[] = []): SegmentResult => ({
    seed,
    kills,
    findings,
    shape: 'cluster',
    faults: { 'kill runner': kills },
    writes: {},
    executions: 1,
    results: 10,
    lost: 0,
    doubled: 0,
    rerunNeedlessly: 0,
    takeovers: [],
    resumes: [],
    quietMs: 1,
    wallMs: 1,
  });

  it('takes the next seed and mix until there are enough kills, and counts what went wrong', async () => {
    const dir = folder();
    const ran: string[] = [];
    const bad = await runSeries({
      firstSeed: 5,
      segments: 10,
      untilKills: 50,
      endsAt: Number.POSITIVE_INFINITY,
      mix: undefined,
      file: join(dir, 'segments.ndjson'),
      totalFile: join(dir, 'total.md'),
      run: async (seed, mix) => {
        ran.push(`${seed} ${mix}`);
        if (seed === 6) throw new Error('the stack could not be started');
        return result(seed, 20, seed === 7 ? ['lost'] : []);
      },
      done: () => {},
      say: () => {},
    });
    expect(ran).toEqual(['5 usual', '6 kills', '7 writes', '8 disk']);
    expect(bad).toBe(2);
    expect(readSegments(join(dir, 'segments.ndjson')).map(({ seed }) => seed)).toEqual([5, 7, 8]);
    expect(readFileSync(join(dir, 'total.md'), 'utf8')).toContain('| kills | 60 |');
  });
});

it('a mix that does not exist is named with those that do', () => {
  expect(() => mixNamed('rain')).toThrow('There is no mix "rain". Known: usual, kills, writes, disk, links.');
});
