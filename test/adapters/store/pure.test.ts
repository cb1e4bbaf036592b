/** The parts of the store that need no database. */
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor, pageSize } from '../../../adapters/store/cursor.js';
import { BadCursor, named } from '../../../adapters/store/errors.js';
import { toJson, toText } from '../../../adapters/store/json.js';
import { CLOSED_LISTS } from '../../../adapters/store/migrations/0001-ledger.js';
import { WORDS as TRAVEL_WORDS } from '../../../adapters/store/migrations/0005-travel.js';
import { WORDS as EXECUTION_WORDS } from '../../../adapters/store/migrations/0007-executions.js';
import { WORDS as NOTICE_WORDS } from '../../../adapters/store/migrations/0009-notices.js';
import { WORDS as PIPELINE_WORDS } from '../../../adapters/store/migrations/0015-pipelines.js';
import { WORDS as MONITORING_WORDS } from '../../../adapters/store/migrations/0010-monitoring.js';
import { placeOf } from '../../../adapters/store/postgres.js';
import { EVENT_TYPES } from '../../../domain/events.js';
import { ProjectProblem } from '../../../domain/failures.js';
import { BatchOutcome, RawStatus, RunStatus, TestStatus, Verdict } from '../../../domain/outcome.schema.js';
import { FenceRefused } from '../../../domain/ports.js';

/** Words that later migrations have added. */
const LATER: readonly string[] = [
  TRAVEL_WORDS,
  EXECUTION_WORDS,
  NOTICE_WORDS,
  MONITORING_WORDS,
  PIPELINE_WORDS,
].flatMap((words) => words.eventType);

test('the closed lists of the schema are those of the domain: a new word needs a new migration', () => {
  expect(CLOSED_LISTS).toEqual({
    batchOutcome: BatchOutcome.options,
    rawStatus: RawStatus.options,
    testStatus: TestStatus.options,
    verdict: Verdict.options,
    runStatus: RunStatus.options,
    eventType: EVENT_TYPES.filter((type) => !LATER.includes(type)),
  });
});

test('a cursor is good for its own list only', () => {
  expect(decodeCursor('runs', encodeCursor('runs', 42))).toBe(42);
  for (const bad of [
    '',
    '!',
    encodeCursor('results', 42),
    encodeCursor('runs', 1.5),
    encodeCursor('runs', -1),
    `${encodeCursor('runs', 4)}=`,
  ]) {
    expect(() => decodeCursor('runs', bad)).toThrow(BadCursor);
  }
  expect([0, -3, 7, 1e9, Number.NaN].map(pageSize)).toEqual([1, 1, 7, 1000, 1]);
});

test('text loses only what no database takes', () => {
  expect(toText('a\0b\ud83d')).toBe('a\ufffdb\ufffd');
  expect(toJson({ a: ['\0', '\ud800x', '😀', '\\u0000', 'ü'] })).toBe(
    JSON.stringify({ a: ['\ufffd', '\ufffdx', '😀', '\\u0000', 'ü'] }),
  );
  expect(toJson({ a: '😀' })).toBe('{"a":"😀"}');
});

test('database errors get a name and a way out; others stay what they are', () => {
  const error = (code: string, message = 'm') => Object.assign(new Error(message), { code });
  const problem = (from: unknown) => {
    const to = named(from, 'PostgreSQL at db');
    return to instanceof ProjectProblem ? [to.problem, to.message] : to;
  };
  expect(problem(error('53100', 'could not extend file'))).toEqual([
    'DiskFull',
    expect.stringContaining('could not extend file'),
  ]);
  expect(problem(new Error('write: No space left on device'))).toEqual([
    'DiskFull',
    expect.stringContaining('Free some space'),
  ]);
  expect(problem(error('28P01'))).toEqual([
    'StoreUnavailable',
    expect.stringContaining('Check user and password in DATABASE_URL'),
  ]);
  expect(problem(error('3D000'))).toEqual(['StoreUnavailable', expect.stringContaining('Create the database')]);
  for (const code of ['ECONNREFUSED', 'ECONNRESET', '57P01', '57P03', '08006', '53300', '57014', '25P03']) {
    expect(problem(error(code))).toEqual(['StoreUnavailable', expect.stringContaining('PostgreSQL at db')]);
  }
  expect(problem(new AggregateError([error('ECONNREFUSED', 'refused')], ''))).toEqual([
    'StoreUnavailable',
    expect.stringContaining('refused'),
  ]);
  const fence = new FenceRefused('b1', 1, 2);
  const bug = error('42P01', 'no such table');
  expect([named(fence, 'x'), named(bug, 'x')]).toEqual([fence, bug]);
});

test('the place of a database is told without its password', () => {
  expect(placeOf('postgres://me:secret@db.example.org:5433/baton?sslmode=require')).toBe(
    'PostgreSQL at db.example.org:5433/baton',
  );
  expect(placeOf('host=db password=secret')).toBe('PostgreSQL');
});
