import { expect, test } from 'vitest';
import { withoutCredentials } from '../../../adapters/vcs/git.js';
import { checkRef, checkRepository } from '../../../adapters/vcs/names.js';

test.each([
  '/srv/git/shop.git',
  'https://git.example/team/shop.git',
  'https://ada:token@git.example/team/shop.git',
  'ssh://git@git.example:2222/team/shop.git',
  'git@git.example:team/shop.git',
  'file:///srv/git/shop.git',
])('%s is a repository', (repository) => {
  expect(checkRepository(repository)).toBe(repository);
});

test.each([
  '--upload-pack=touch x',
  '-oProxyCommand=touch x',
  'ext::sh -c "touch x"',
  'git@git.example:-oProxyCommand=x',
  'ssh://-oProxyCommand=touch x/shop',
  'https://ada@-host/shop',
  'git@git.example::x',
  'fd::17',
  'shop',
  '../shop',
  '',
  '/srv/shop\n--upload-pack=x',
  'javascript:alert(1)',
])('%j is refused', (repository) => {
  expect(() => checkRepository(repository)).toThrow(
    expect.objectContaining({
      problem: 'BadSource',
      message: expect.stringContaining('Give an absolute path, https://'),
    }),
  );
});

test.each(['main', 'feature/vouchers', 'v1.0.0', 'a'.repeat(40), 'HEAD', 'release-2.x', 'ümlaut'])(
  '%s is a name',
  (name) => {
    expect(checkRef(name)).toBe(name);
  },
);

test.each([
  '--upload-pack=touch x',
  '-',
  '',
  'a b',
  'a..b',
  'a:b',
  'a^',
  'a~1',
  '@{u}',
  '@',
  'a.lock',
  'a/.b',
  '/a',
  'a/',
  'a\\b',
  'a?b',
  'a*',
  'a[',
  'x\u0000y',
  'a'.repeat(251),
])('%j is refused as a name', (name) => {
  expect(() => checkRef(name)).toThrow(expect.objectContaining({ problem: 'BadSource' }));
});

test('credentials in an address are not shown', () => {
  expect(withoutCredentials("fatal: 'https://ada:s3cret@git.example/x' and ssh://bob@host/y not found")).toBe(
    "fatal: 'https://git.example/x' and ssh://host/y not found",
  );
});
