import { describe, expect, it } from 'vitest';
import { faultOf, type RedResult } from '../../domain/fault.js';
import { fingerprint, sameFailure } from '../../domain/same-failure.js';

const red = (change: Partial<RedResult>): RedResult => ({ kind: 'test', path: ['adds'], message: 'boom', ...change });

describe('failure or error', () => {
  it.each<[string, string | undefined, Partial<RedResult>, string]>([
    ['the tool’s own word counts', 'vitest', { fault: 'failure' }, 'failure'],
    ['a file that does not load', 'pytest', { kind: 'file' }, 'error'],
    ['a hook of mocha', 'mocha', { path: ['"before each" hook for "adds"'], message: 'AssertionError: no' }, 'error'],
    ['jest’s expect', 'jest', { message: 'expect(received).toBe(expected)' }, 'failure'],
    ['vitest’s assertion', 'vitest', { stack: 'AssertionError: expected 1 to be 2' }, 'failure'],
    ['a compared value', 'mocha', { expected: '1', actual: '2' }, 'failure'],
    ['something thrown', 'vitest', { stack: 'TypeError: x is undefined' }, 'error'],
    ['a Go test that says no', 'go-test', { message: 'a_test.go:3: got 1' }, 'failure'],
    ['a Go panic', 'go-test', { message: 'panic: runtime error' }, 'error'],
    ['an exception in a body of pytest', 'pytest', { message: 'ValueError: no' }, 'failure'],
    ['a Rust assertion', 'cargo', { message: 'assertion `left == right` failed' }, 'failure'],
    ['Playwright’s expect', 'playwright', { message: 'Error: expect(locator).toBeVisible() failed' }, 'failure'],
    ['a page that does not answer', 'playwright', { message: 'page.goto: net::ERR_CONNECTION_REFUSED' }, 'error'],
  ])('%s', (_, framework, change, fault) => {
    expect(faultOf(framework, red(change))).toBe(fault);
  });
});

describe('the same failure', () => {
  it('looks past places, numbers and ids, and at nothing else', () => {
    expect(fingerprint('at /tmp/slot-1/a/b.js:3:4 in 12 ms')).toBe(fingerprint('at /home/x/b.js:31:7 in 9 ms'));
    expect(fingerprint('id deadbeef01 of 7e57d004-2b97-0e7a-b45f-5387367791cd')).toBe('id # of #');
    const one = { fault: 'failure', message: '3 !== 4' } as const;
    expect(sameFailure(one, { fault: 'failure', message: '3 !== 5' })).toBe(true);
    expect(sameFailure(one, { fault: 'error', message: '3 !== 4' })).toBe(false);
    expect(sameFailure(one, { fault: 'failure', message: 'no such table' })).toBe(false);
  });
});
