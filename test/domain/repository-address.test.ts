import { describe, expect, it } from 'vitest';
import { codeHosts } from '../../adapters/code-hosts/index.js';
import { repositoryAddress, sameRepository } from '../../domain/code-hosts/repository-address.js';

describe('addresses of repositories', () => {
  it.each([
    ['https://github.com/acme/shop', 'github.com', 'acme/shop'],
    ['https://user:secret@GitHub.com:443/acme/shop.git/', 'github.com', 'acme/shop'],
    ['git@gitlab.example.org:group/sub/shop.git', 'gitlab.example.org', 'group/sub/shop'],
    ['ssh://git@git.example.org:22/acme/shop.git', 'git.example.org', 'acme/shop'],
    ['http://127.0.0.1:8080/acme/shop', '127.0.0.1:8080', 'acme/shop'],
  ])('%s', (text, host, path) => {
    expect(repositoryAddress(text)).toEqual({ host, path });
  });

  it.each(['/srv/git/shop', './shop', 'shop', 'https://github.com/', 'ext::sh -c touch'])('%s is none', (text) => {
    expect(repositoryAddress(text)).toBeUndefined();
  });

  it('the same repository in two spellings', () => {
    expect(sameRepository('git@github.com:Acme/shop.git', 'https://github.com/acme/shop')).toBe(true);
    expect(sameRepository('https://github.com/acme/shop', 'https://github.com/acme/shop2')).toBe(false);
    expect(sameRepository('/srv/shop', '/srv/shop')).toBe(true);
  });

  it('finds its host, below a path too, and nothing for directories and strangers', () => {
    const hosts = codeHosts([
      { kind: 'github', url: 'https://github.com', access: { token: 't' } },
      { kind: 'gitlab', url: 'https://example.org/gitlab', token: 't' },
    ]);
    expect(hosts('git@github.com:acme/shop.git')).toMatchObject({ kind: 'github', repository: 'acme/shop' });
    expect(hosts('https://example.org/gitlab/group/sub/shop')).toMatchObject({
      kind: 'gitlab',
      repository: 'group/sub/shop',
    });
    expect(hosts('https://example.org/gitlabs/group/shop')).toBeUndefined();
    expect(hosts('https://github.com/acme')).toBeUndefined();
    expect(hosts('/srv/git/shop')).toBeUndefined();
  });
});
