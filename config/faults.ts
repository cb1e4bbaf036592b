/**
 * Fault points for tests: `BATON_FAULTS=point:kind:nth`, or `@FILE` with one of these a line, read again whenever the
 * file changes, so that one stack serves many faults. At the nth passage of the point the process does what the kind says:
 *
 *   error               fails before the work
 *   execute-and-fail    does the work and then fails: committed, but the answer is lost
 *   hang, execute-and-hang     no answer for 12 s, longer than a heartbeat may be missing, and then a failure
 *   exit, execute-and-exit     the process ends at once, before or after the work
 *
 * Every method of a port that went through `around` is a point (`ledger.record`), and every HTTP request
 * (`http.POST /api/runs`). Settings read them only where `BATON_TEST_BUILD=1` is set.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProjectProblem } from '../domain/failures.js';

export type FaultPoint = (point: string) => Promise<void> | void;

export const FAULT_KINDS = [
  'error',
  'execute-and-fail',
  'hang',
  'execute-and-hang',
  'exit',
  'execute-and-exit',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const HANG_MS = 12_000;

interface Fault {
  readonly text: string;
  readonly point: string;
  readonly kind: FaultKind;
  left: number;
}

export interface Faults {
  /** A place in the code that one passes by. */
  readonly at: FaultPoint;
  /** The kind that is due at this passage, if any. */
  due(point: string): FaultKind | undefined;
  /** The same port, every method of it a point `name.method`; ports inside it are `name.port.method`. */
  around<T extends object>(name: string, port: T): T;
}

export const NO_FAULTS: FaultPoint = () => undefined;
export const NONE: Faults = { at: NO_FAULTS, due: () => undefined, around: (_name, port) => port };

/** The points alone, for what has places inside a transaction. */
export const faultPoints = (text: string): FaultPoint => faults(text).at;

export function faults(text: string): Faults {
  if (text.trim() === '') return NONE;
  const due = text.startsWith('@') ? fromFile(text.slice(1)) : fromList(parseAll(text.split(',')));
  const at: FaultPoint = (point) => {
    const kind = due(point);
    return kind === undefined ? undefined : act(kind, point);
  };
  return { at, due, around: (name, port) => around(due, name, port) };
}

type Due = (point: string) => FaultKind | undefined;

function fromList(list: readonly Fault[], claim: (fault: Fault) => boolean = () => true): Due {
  return (point) =>
    list.filter((f) => f.point === point && f.left > 0 && --f.left === 0).find((fault) => claim(fault))?.kind;
}

/** Each line strikes once in all processes together, also across their restarts: who strikes leaves a mark in `FILE.struck/`. */
function fromFile(file: string): Due {
  const struck = `${file}.struck`;
  let seen = '';
  let due: Due = () => undefined;
  return (point) => {
    const version = existsSync(file) ? `${statSync(file).mtimeMs} ${statSync(file).ino}` : '';
    if (version !== seen) {
      seen = version;
      due = fromList(version === '' ? [] : parseAll(readFileSync(file, 'utf8').split('\n')), (f) =>
        mark(struck, f.text),
      );
    }
    return due(point);
  };
}

function mark(dir: string, text: string): boolean {
  mkdirSync(dir, { recursive: true });
  try {
    writeFileSync(join(dir, encodeURIComponent(text)), String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

const parseAll = (lines: readonly string[]): Fault[] =>
  lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(parse);

/** A route has colons of its own (`http.GET /api/runs/:id`), so kind and number are read from the end. */
function parse(text: string): Fault {
  const [, point, kind, nth = '1'] = /^(.+?):([a-z-]+)(?::([1-9]\d{0,6}))?$/.exec(text) ?? [];
  if (!point || !FAULT_KINDS.some((known) => known === kind)) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `BATON_FAULTS: "${text}" is not point:kind:nth with kind error, exit or hang, or execute-and-fail, -hang or -exit, and nth from 1.`,
    );
  }
  return { text, point, kind: kind as FaultKind, left: Number(nth) };
}

function act(kind: FaultKind, point: string): Promise<void> {
  if (kind.endsWith('exit')) process.exit(86);
  const fail = (): Promise<never> => Promise.reject(new Error(`fault injected at ${point}`));
  return kind.endsWith('hang') ? sleep(HANG_MS).then(fail) : fail();
}

function around<T extends object>(due: Due, name: string, port: T): T {
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof key !== 'string') return value;
      const point = `${name}.${key}`;
      if (typeof value === 'object' && value !== null) return around(due, point, value);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const work = (): unknown => Reflect.apply(value, target, args);
        const kind = due(point);
        if (kind === undefined) return work();
        return kind.startsWith('execute') ? Promise.resolve(work()).then(() => act(kind, point)) : act(kind, point);
      };
    },
  });
}
