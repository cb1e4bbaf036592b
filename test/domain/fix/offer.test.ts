import { describe, expect, it } from 'vitest';
import { ownersOf } from '../../../domain/fix/codeowners.js';
import { code, inert } from '../../../domain/fix/pull-request.js';

describe('owners', () => {
  const file = `
# a comment
*                 @acme/shop
*.go              @gopher
/src/             @acme/src   # behind it
src/money/**      @ann @acme/money
docs/*            @writer
apps/**/index.js  @apps
/build/logs/      @logs
lib/free
someone@example.org
`;
  it.each([
    ['README.md', ['acme/shop']],
    ['a/b/c.go', ['gopher']],
    ['src/x.js', ['acme/src']],
    ['x/src/x.js', ['acme/shop']],
    ['src/money/deep/x.js', ['ann', 'acme/money']],
    ['docs/a.md', ['writer']],
    ['docs/a/b.md', ['acme/shop']],
    ['apps/index.js', ['apps']],
    ['apps/a/b/index.js', ['apps']],
    ['build/logs/x', ['logs']],
    ['lib/free/x.js', []],
  ])('%s: %j', (path, owners) => expect(ownersOf(file, [path])).toEqual(owners));

  it('takes patterns made to be slow in no time', () => {
    const began = performance.now();
    ownersOf(`${'*a'.repeat(40)}b @x\n${'**/'.repeat(60)}x @y`, [`${'a'.repeat(300)}/${'a/'.repeat(40)}z`]);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe('text of a project', () => {
  it.each([
    '@everyone look',
    'closes #12',
    'Fixes acme/shop#3',
    '![x](https://evil.example/?leak)',
    '<script>alert(1)</script>',
    'a\u202eb\u200bc',
    '`code` | cell',
    'line\nline',
  ])('%j does nothing', (text) => {
    const shown = code(text, 200);
    expect(shown).not.toMatch(/@\w|#\d|:\/\/|<|\n|\||[\u200b\u202e]/);
    expect(shown.slice(1, -1)).not.toContain('`');
  });

  it('is bounded', () => expect(inert('x'.repeat(5000), 100)).toHaveLength(100));
});
