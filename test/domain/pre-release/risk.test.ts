import { describe, expect, it } from 'vitest';
import { globMatcher } from '../../../adapters/process/glob.js';
import { areaFinder } from '../../../domain/pre-release/areas.js';
import type { ChangedFile, SuiteFact } from '../../../domain/pre-release/change.schema.js';
import { riskOf } from '../../../domain/pre-release/risk.js';
import { groupSuites, rankSuites } from '../../../domain/pre-release/suite-order.js';

const file = (path: string, change: Partial<ChangedFile> = {}): ChangedFile => ({
  path,
  kind: 'modified',
  added: 10,
  deleted: 2,
  churn: 0,
  ...change,
});
const area = areaFinder([], globMatcher);
const suite = (name: string, priority: SuiteFact['priority'], dir = '.'): SuiteFact => ({
  name,
  framework: 'vitest',
  dir,
  priority,
});

describe('the area of a file', () => {
  it.each([
    ['src/ai/prompt.ts', 'critical'],
    ['src/server/pay.ts', 'critical'],
    ['src/api/orders.ts', 'high'],
    ['src/OrderController.ts', 'high'],
    ['src/integrations/slack.ts', 'high'],
    ['package-lock.json', 'high'],
    ['.github/workflows/ci.yml', 'high'],
    ['src/ui/button.tsx', 'medium'],
    ['src/sum.ts', 'medium'],
    ['docs/api/server.md', 'low'],
    ['src/api/orders.test.ts', 'low'],
    ['test/server/pay.js', 'low'],
    ['pkg/pay_test.go', 'low'],
    ['src/said.ts', 'medium'],
  ])('%s: %s', (path, tier) => {
    expect(area(path).tier).toBe(tier);
  });

  it('is what the project says, before any rule', () => {
    const own = areaFinder([{ name: 'prices', paths: ['docs/prices/**'], tier: 'critical' }], globMatcher);
    expect(own('docs/prices/list.md')).toEqual({ name: 'prices', tier: 'critical' });
    expect(own('docs/else.md').tier).toBe('low');
  });
});

describe('the risk of a change', () => {
  it('is the same number for the same input, with its terms shown', () => {
    const change = { files: [file('src/server/pay.ts', { churn: 10, added: 90, deleted: 9 })], filesCut: 0 };
    const past = [{ directory: 'src/server', changes: 8, red: 6 }];
    const risk = riskOf(change, area, past);
    expect(risk).toEqual(riskOf(change, area, past));
    const [one] = risk.files;
    expect(one!.terms).toEqual({ area: 0.6, churn: 0.075, past: 0.075, size: 0.067 });
    expect(one!.score).toBeCloseTo(0.817, 3);
    expect(risk).toMatchObject({ tier: 'critical', score: one!.score });
    expect(risk.reasons).toEqual([
      'critical: 1 file of backend services, such as src/server/pay.ts',
      'src/server/pay.ts was changed by 10 commits in 90 days',
      '6 of the last 8 changes to src/server ended red',
    ]);
    expect(risk.directories).toEqual([
      { directory: 'src/server', score: one!.score, files: 1, churn: 10, changes: 8, red: 6 },
    ]);
  });

  it('takes its tier from the riskiest file, and never leaves 0 to 1', () => {
    const files = [file('README.md'), file('src/ui/a.tsx'), file('src/api/b.ts', { churn: 9999, added: 99_999 })];
    const risk = riskOf({ files, filesCut: 0 }, area, [{ directory: 'src/api', changes: 50, red: 50 }]);
    expect(risk.tier).toBe('high');
    expect(risk.score).toBeLessThanOrEqual(1);
    expect(riskOf({ files: [], filesCut: 0 }, area, [])).toMatchObject({ tier: 'low', score: 0 });
  });
});

describe('the order of suites', () => {
  const suites = [
    suite('api', 'medium', 'packages/api'),
    suite('web', 'medium', 'packages/web'),
    suite('shots', 'low'),
  ];

  it('is raised for what is nearest to a risky file, and for what was often red', () => {
    const ranked = rankSuites(
      suites,
      [{ path: 'packages/api/server.ts', tier: 'critical' }],
      [
        { suite: 'shots', runs: 10, red: 2 },
        { suite: 'web', runs: 4, red: 4 },
      ],
    );
    expect(ranked.map(({ name, priority }) => [name, priority])).toEqual([
      ['api', 'high'],
      ['web', 'medium'],
      ['shots', 'medium'],
    ]);
    expect(groupSuites(ranked)).toEqual([
      { name: 'high-priority', suites: ['api'], priority: 'high' },
      { name: 'rest', suites: ['web', 'shots'], priority: null },
    ]);
  });

  it('is not touched by a change to documents', () => {
    const ranked = rankSuites(suites, [{ path: 'README.md', tier: 'low' }], []);
    expect(ranked.map(({ priority }) => priority)).toEqual(['medium', 'medium', 'low']);
    expect(groupSuites(ranked).map(({ suites: names }) => names)).toEqual([['api', 'web'], ['shots']]);
  });

  it('is one group where nothing can be told apart', () => {
    expect(groupSuites([])).toEqual([{ name: 'all', suites: null, priority: null }]);
    expect(groupSuites(rankSuites([suite('unit', 'medium')], [], []))).toEqual([
      { name: 'all', suites: null, priority: 'medium' },
    ]);
  });
});
