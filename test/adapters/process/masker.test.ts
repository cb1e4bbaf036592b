import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Masker } from '../../../adapters/process/masker.js';

function mask(secrets: readonly string[], chunks: readonly string[]): string {
  const masker = new Masker(secrets);
  return Buffer.concat([...chunks.map((chunk) => masker.push(Buffer.from(chunk, 'latin1'))), masker.end()]).toString(
    'latin1',
  );
}

describe('the masker', () => {
  test('replaces a secret wherever it is cut', () => {
    const text = 'before hunter2secret after';
    for (let at = 0; at <= text.length; at += 1)
      expect(mask(['hunter2secret'], [text.slice(0, at), text.slice(at)])).toBe('before *** after');
  });

  test('shows at once what cannot be part of a secret', () => {
    const masker = new Masker(['hunter2']);
    expect(masker.push(Buffer.from('50 % done\rhun')).toString()).toBe('50 % done\r');
    expect(masker.push(Buffer.from('dred')).toString()).toBe('hundred');
  });

  test('masks overlapping secrets as one, also over chunks', () => {
    expect(mask(['abcd', 'cdef'], ['xxabcdefyy'])).toBe('xx***yy');
    expect(mask(['abcd', 'cdef'], ['xxabcd', 'efyy'])).toBe('xx***yy');
    expect(mask(['abcd', 'cdef'], ['xxabcd', 'gh'])).toBe('xx***gh');
  });

  test('finds a secret in base64 at every alignment, in base64url and percent-encoded', () => {
    const secret = 'p?ss>w/rd~123';
    for (const before of ['', 'a', 'ab', 'user:']) {
      for (const form of ['base64', 'base64url'] as const) {
        const shown = mask([secret], [Buffer.from(`${before}${secret}tail`).toString(form)]);
        expect(shown).toContain('***');
        expect(Buffer.from(shown.replace('***', ''), form).toString()).not.toContain(secret.slice(2, -2));
      }
    }
    expect(mask([secret], [`?token=${encodeURIComponent(secret)}&x`])).toBe('?token=***&x');
  });

  test('leaves other bytes as they are, without secrets and with', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x80, 0x0d]).toString('latin1');
    expect(mask([], [bytes])).toBe(bytes);
    expect(mask(['secret', ''], [bytes])).toBe(bytes);
  });

  test('however output is cut, no secret is shown and the rest is', () => {
    const secrets = ['aab', 'abaa', 'bcb'];
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 }), { maxLength: 12 });
    fc.assert(
      fc.property(pieces, (chunks) => {
        const shown = mask(secrets, chunks);
        for (const secret of secrets) expect(shown).not.toContain(secret);
        expect(shown).toBe(mask(secrets, [chunks.join('')]));
      }),
      { numRuns: 500 },
    );
  });
});
