import { describe, expect, it } from 'vitest';
import { compileCel } from '../../../domain/alerts/cel.js';
import { readCondition } from '../../../domain/alerts/condition.js';
import { Catalogue } from '../../../domain/monitoring/catalogue.js';

const catalogue = new Catalogue([
  { name: 'probe.api.up', unit: 'state', kind: 'gauge', help: '' },
  { name: 'probe.api.latency_seconds', unit: 'seconds', kind: 'gauge', help: '' },
]);
const normal = (text: string): string => readCondition(text, catalogue).text;
const holds = (text: string, values: Record<string, number>): boolean => {
  const { cel, series } = readCondition(text, catalogue);
  return compileCel(cel, series.length)(series.map((name) => values[name]!));
};
const refusal = (text: string): string => {
  try {
    const { cel, series } = readCondition(text, catalogue);
    compileCel(cel, series.length);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('conditions', () => {
  it.each([
    ['test_failure_rate > 0.1', 'tests.failure_rate > 0.1'],
    ['cpu_usage > 0.9 AND memory_usage > 0.9', 'system.cpu_usage > 0.9 && system.memory_usage > 0.9'],
    ['system.cpu_percent > 80', 'system.cpu_usage > 0.8'],
    ['80 < system.cpu_percent', '0.8 < system.cpu_usage'],
    ['cpu_usage > 80%', 'system.cpu_usage > 0.8'],
    ['probe.api.latency_ms >= 250', 'probe.api.latency_seconds >= 0.25'],
    ['probe.api.latency_seconds > 2m', 'probe.api.latency_seconds > 120.0'],
    ['system.disk_free_bytes < 5GiB', 'system.disk_free_bytes < 5368709120.0'],
    ['system.cpu_percent + 10 > 90', '(system.cpu_usage * 100.0) + 10.0 > 90.0'],
    ['not (cpu_usage > .9)', null],
    ['NOT (cpu_usage > 0.9)', '!(system.cpu_usage > 0.9)'],
  ])('%s is %s', (given, wanted) => {
    if (wanted === null) expect(refusal(given)).toContain('means nothing here');
    else expect(normal(given)).toBe(wanted);
  });

  it('AND binds closer than OR, in words and in signs, and brackets decide otherwise', () => {
    const at = (cpu: number, memory: number, disk: number) => ({
      'system.cpu_usage': cpu,
      'system.memory_usage': memory,
      'system.disk_usage': disk,
    });
    for (const text of [
      'cpu_usage > 0.5 OR memory_usage > 0.5 AND disk_usage > 0.5',
      'cpu_usage > 0.5 || memory_usage > 0.5 && disk_usage > 0.5',
    ])
      expect([at(1, 0, 0), at(0, 1, 0), at(0, 1, 1)].map((values) => holds(text, values))).toEqual([true, false, true]);
    expect(holds('(cpu_usage > 0.5 OR memory_usage > 0.5) AND disk_usage > 0.5', at(1, 0, 0))).toBe(false);
  });

  it('a series that is not there is refused, with the one that was meant', () => {
    expect(refusal('cpu_usgae > 0.9')).toContain('did you mean "cpu_usage"?');
    expect(refusal('nothing.like.it > 1')).toContain('There is no series "nothing.like.it"');
  });

  it.each([
    ['cpu_usage > 80', 'a ratio from 0 to 1, so it never reaches 80: write 0.8, or 80%'],
    ['cpu_usage > 5m', 'is in a ratio from 0 to 1; 5m is in another unit'],
    ['cpu_usage > probe.api.latency_ms', 'they cannot be compared'],
    ['cpu_usage > system.cpu_percent', 'they cannot be compared'],
    ['cpu_usage', 'compare it'],
    ['cpu_usage >', 'cannot be read'],
    ['cpu_usage > 0.9 AND', 'cannot be read'],
    ['1 > 0', 'names no series'],
    ['  ', 'is empty'],
    ['cpu_usage > 0.9; process.exit()', 'means nothing here'],
    ['constructor.constructor("x") > 1', 'means nothing here'],
    ['__proto__ > 1', 'There is no series "__proto__"'],
    [`cpu_usage > ${'('.repeat(200)}1`, 'cannot be read'],
  ])('%s is refused: %s', (text, told) => {
    expect(refusal(text)).toContain(told);
  });
});
