/** What enters is checked before anything begins: ids, closed lists of words, request bodies, the project's file. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseProjectConfig } from '../../adapters/project/config-file.js';
import { newRunId } from '../../api/runs/run-id.js';
import { ExecutionId } from '../../domain/api.schema.js';
import { RunStatus, TestStatus } from '../../domain/outcome.schema.js';
import { aStart, openApi, postJson } from '../api/support/api.js';

it('1,000 executions that start in the same millisecond have 1,000 printable ids, which sort by time', () => {
  const now = 1_767_225_600_000;
  const ids = Array.from({ length: 1000 }, () => newRunId(now));
  expect(new Set(ids).size).toBe(1000);
  expect(ids.filter((id) => !/^run_[0-9A-Z]{26}$/.test(id) || !ExecutionId.safeParse(id).success)).toEqual([]);
  const later = newRunId(now + 1);
  expect(ids.filter((id) => id >= later)).toEqual([]);
});

it.each([TestStatus, RunStatus])('a status that is none is refused with the list of those there are', (words) => {
  const problem = words.safeParse('exploded');
  const list = words.options.map((word) => `"${word}"`).join('|');
  expect(problem.error?.issues.map((issue) => issue.message)).toEqual([`Invalid option: expected one of ${list}`]);
});

it('all mistakes of a configuration are told at once, each with its place', () => {
  const text =
    'lanes: 0\nsuites:\n  - name: unit\n    framework: vitesst\n  - name: api\n    framework: jest\n    colour: red\n';
  const told = (): unknown => parseProjectConfig(text, 'baton.config.yaml');
  for (const place of ['1:8 lanes', '4:16 suites.0.framework', '7:13 suites.1'])
    expect(told).toThrow(`baton.config.yaml:${place}: `);
});

const junk = fc.constantFrom<unknown>(null, -1, 1.5, '', {}, [[]], 'x'.repeat(5000), { kind: 'shell', dir: '/' });
const fields = fc.constantFrom(
  'source',
  'source.kind',
  'source.dir',
  'options.workers',
  'options.suites',
  'options.bail',
  'priority',
  'project',
  'more',
);

/** A good body with one field replaced. */
const spoiled = fc.tuple(fields, junk).map(([field, value]) => {
  const body: Record<string, unknown> = structuredClone({ options: {}, ...aStart() });
  const [outer, inner] = field.split('.') as [string, string?];
  if (inner === undefined) body[outer] = value;
  else body[outer] = { ...(body[outer] as object), [inner]: value };
  return body;
});

it('no spoiled body starts anything, whatever is wrong with it', async () => {
  const on = await openApi();
  try {
    const refused = async (body: unknown): Promise<void> => {
      expect((await postJson(`${on.url}/api/runs`, body)).status).toBe(400);
    };
    await fc.assert(fc.asyncProperty(fc.oneof(fc.jsonValue(), spoiled), refused), { seed: 11, numRuns: 150 });
    expect([on.engine.started, on.ledger.byId.size]).toEqual([[], 0]);
    expect((await postJson(`${on.url}/api/runs`, aStart())).status).toBe(202);
    expect(on.engine.started).toHaveLength(1);
  } finally {
    await on.close();
  }
});
