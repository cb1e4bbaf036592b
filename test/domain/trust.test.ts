import { describe, expect, test } from 'vitest';
import type { Source } from '../../domain/run.schema.js';
import { refusal } from '../../domain/seal.js';
import { trustOf } from '../../domain/trust.js';

const admin = { isAdmin: true, trustedRepositories: [] };
const operator = { isAdmin: false, trustedRepositories: ['https://git.example.org/shop.git'] };
const directory: Source = { kind: 'directory', dir: '/p' };
const commit = (name: string, repository = 'https://git.example.org/shop.git'): Source => ({
  kind: 'commit',
  repository,
  commit: name,
});

describe('how far a run is trusted', () => {
  test.each([
    ['a directory', directory, operator, 'trusted'],
    ['a commit of a repository of our own', commit('main'), operator, 'trusted'],
    [
      'a commit of somebody else’s repository',
      commit('main', 'https://git.example.org/fork.git'),
      operator,
      'untrusted',
    ],
    ['the same, asked for by an administrator', commit('main', 'https://git.example.org/fork.git'), admin, 'trusted'],
    ['a proposed change in our own repository', commit('refs/pull/7/head'), operator, 'untrusted'],
    ['a proposed change, asked for by an administrator', commit('refs/merge-requests/7/head'), admin, 'untrusted'],
    ['a branch that is called like one', commit('pull-in-the-anchor'), admin, 'trusted'],
  ] as const)('%s', (_what, source, voucher, trust) => {
    expect(trustOf(source, undefined, voucher)).toBe(trust);
    expect(trustOf(source, 'untrusted', voucher)).toBe('untrusted');
  });

  test('a machine refuses what it cannot hold as well as demanded', () => {
    const seal = { writable: [], readable: [], hidden: [], network: false };
    expect(refusal('bubblewrap', { seal })).toBeNull();
    expect(refusal('pid-namespace', { seal })).toMatch(/nothing was started/);
    expect(refusal('pid-namespace', { isolation: 'pid-namespace' })).toBeNull();
    expect(refusal('process-group', { isolation: 'pid-namespace' })).toMatch(/demanded/);
    expect(refusal('process-group', {})).toBeNull();
  });
});
