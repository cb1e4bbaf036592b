import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { E_MAIL, REDACTED, redact, redactor, visibleText } from '../../domain/redact.js';

/** Made up for this test, in the shapes of the real ones. Put together here, so that no scanner takes them for leaked ones. */
const piece = 'Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4fGh7jK0mN';
const KEYS = [
  `ghp_${piece.slice(0, 36)}`,
  `github_pat_${piece.slice(0, 22)}_${piece}`,
  `glpat-${piece.slice(0, 20)}`,
  `xoxb-123456789012-${piece.slice(0, 24)}`,
  `sk-${piece}`,
  `sk-proj-${piece}`,
  `sk_live_${piece.slice(0, 24)}`,
  `AKIA${'IOSFODNN7EXAMPLE'}`,
  `AIza${piece.slice(0, 35)}`,
  `npm_${piece.slice(0, 36)}`,
  `hf_${piece.slice(0, 34)}`,
  `SG.${piece.slice(0, 22)}.${piece}`,
  `whsec_${piece.slice(0, 32)}`,
  `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${piece}`,
];

/** Where a program may print one, with `$` for the value. */
const PLACES = [
  '$',
  'Error: refused for $ at /app/index.js:3:1',
  '{"config":{"value":"$"}}',
  'expected $ to equal undefined',
  '[$]',
  'key=$;next',
  '\u001b[31m$\u001b[39m',
];

describe('keys by their shape', () => {
  it.each(KEYS)('%s goes, wherever it stands', (key) => {
    for (const place of PLACES) expect(redact(place.replace('$', key))).not.toContain(key.slice(-12));
  });

  it('is not fooled by colours and invisible characters in the middle', () => {
    const key = KEYS[0]!;
    for (const cut of ['\u001b[31m', '\u200b', '\u202e', '\ufeff', '\u001b]8;;http://x\u0007', '\u00ad', '\u0000']) {
      expect(redact(`${key.slice(0, 9)}${cut}${key.slice(9)}`)).toBe(REDACTED);
    }
  });
});

describe('values by their name', () => {
  const value = 'correct-horse';
  it.each([
    'password=$',
    'DB_PASSWORD: $',
    '"password": "$"',
    '{\\"apiKey\\":\\"$\\"}',
    "client_secret => '$'",
    '--token $ --verbose',
    '--api-key=$',
    'secretKey: "$"',
    '<password>$</password>',
    'PGPASSWORD=$ psql',
    'Authorization: Bearer $',
    'Authorization: Basic $',
    'Cookie: theme=dark; sid=$; other=1',
    'set-cookie: sid=$; Path=/',
    'https://host/x?sig=$&v=1',
    'postgres://app:$@db.internal:5432/shop',
    'https://$@github.com/acme/shop.git',
    'password="a\\"b$"',
    'smtp_pass = $',
    'X-Amz-Signature=$',
  ])('%s', (text) => {
    const clean = redact(text.replace('$', value));
    expect(clean).not.toContain(value);
    expect(clean).toContain(REDACTED);
  });

  it('leaves what is no value, and ordinary words', () => {
    for (const text of [
      'password: null',
      'token=undefined',
      'SyntaxError: Unexpected token } in JSON at position 4',
      '5 pass, 2 fail',
      'the compass: north',
      'Basic authentication is required',
      'expected 3 to be 4',
      'at Object.<anonymous> (src/cart/total.test.ts:12:5)',
      'commit 9f8e7d6c5b4a39281706f5e4d3c2b1a098765432',
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'com.google.gson.internal.bind.ReflectiveTypeAdapterFactory$Adapter.read',
      '/home/ada/checkout/packages/web/src/components/Header2/HeaderMenu3/HeaderMenuItem.spec.tsx',
      '1700000000000 1700000000001',
      'git@github.com:acme/shop.git',
      'node_modules/.pnpm/vitest@4.1.12/node_modules/vitest/dist/index.js',
    ])
      expect(redact(text)).toBe(text);
  });
});

describe('other things that are nobody’s business', () => {
  it('private keys, whole or cut off', () => {
    const head = `-----BEGIN RSA ${'PRIVATE'} KEY-----`;
    const whole = `before\n${head}\nMIIEvQIBADANBg\nkqhkiG9w0B\n-----END RSA ${'PRIVATE'} KEY-----\nafter`;
    expect(redact(whole)).toBe(`before\n${REDACTED}\nafter`);
    expect(redact(`x ${head}\nMIIEvQIBADANBg`)).toBe(`x ${REDACTED}`);
    expect(redact('-----BEGIN CERTIFICATE-----\nMIIB')).toContain('MIIB');
  });

  it('e-mail addresses', () => {
    expect(redact('written by Ada <ada.lovelace+ci@mail.example.org>, see it.')).toBe(
      `written by Ada <${E_MAIL}>, see it.`,
    );
    expect(redact('müller@bücher.example')).toBe(E_MAIL);
    expect(redact('a@b and @scope/name and x@localhost')).toBe('a@b and @scope/name and x@localhost');
  });

  it('card numbers that check, other long numbers not', () => {
    expect(redact('paid with 4111 1111 1111 1111.')).toBe(`paid with ${REDACTED}.`);
    expect(redact('order 4111 1111 1111 1112')).toBe('order 4111 1111 1111 1112');
  });

  it('long random strings without a name', () => {
    const random = 'q7Zt2Lx9Vb4Nc8Kd1Hs6Wf3Rg5Yp0Jm2Qa7T';
    expect(redact(`got ${random}`)).toBe(`got ${REDACTED}`);
  });

  it('addresses that open a channel', () => {
    const path = 'T00000000/B00000000/abcdefghijkl';
    expect(redact(`https://hooks.slack.com/services/${path}`)).not.toContain('abcdefghijkl');
  });
});

describe('the installation’s own secrets', () => {
  const secret = 'pa$$ w/örd"1';
  const own = redactor([secret, 'abc']);

  it('go in every form', () => {
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret),
      Buffer.from(secret).toString('hex'),
      ...['', 'u', 'us', 'user:'].map((before) => Buffer.from(`${before}${secret}`).toString('base64')),
      ...['', 'u', 'us', 'user:'].map((before) => Buffer.from(`${before}${secret}?`).toString('base64url')),
    ];
    for (const form of forms) {
      const clean = own(`it said ${form} to me`);
      expect(clean).toContain(REDACTED);
      expect(clean).not.toContain(form);
    }
  });

  it('too short a secret would destroy every text, and is left', () => expect(own('abc abc')).toBe('abc abc'));

  it('never shows one, wherever it is put and whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme-ascii' }).filter((s) => /\S{6}/.test(s)),
        fc.string({ maxLength: 50, unit: 'binary' }),
        fc.string({ maxLength: 50, unit: 'binary' }),
        (canary, before, after) => {
          // The stars themselves are no leak.
          fc.pre(!REDACTED.includes(canary) && !E_MAIL.includes(canary));
          expect(redactor([canary])(`${before} ${canary} ${after}`).replaceAll(REDACTED, '')).not.toContain(canary);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the redactor itself', () => {
  it('changes nothing more when applied again', () => {
    const parts = [
      ...KEYS,
      'password: "x y"',
      'a@b.org',
      'https://u:p@h/',
      'Cookie: a=b',
      'plain words',
      '\n',
      '"',
      "'",
      '\\',
      '=',
    ];
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 8 })), { maxLength: 12 }),
        (all) => {
          const once = redact(all.join(' '));
          expect(redact(once)).toBe(once);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['at signs', '@'],
    ['dots and at signs', 'a@a.'],
    ['beginnings of tokens', 'eyJ-'],
    ['beginnings of keys', '-----BEGIN '],
    ['secret names', 'password'],
    ['names and signs', 'token="'],
    ['addresses', 'a://'],
    ['words', 'aB3'],
    ['digits', '4 '],
    ['escapes', '\u001b]8;;'],
    ['bearers', 'Bearer  '],
    ['backslashes', 'secret:"\\'],
  ])('takes linear time on %s', (_name, unit) => {
    const time = (chars: number): number => {
      const text = unit.repeat(Math.ceil(chars / unit.length));
      const start = performance.now();
      redact(text);
      return performance.now() - start;
    };
    time(20_000);
    // Quadratic time would be half a minute for this; the bound leaves room for a machine that is busy.
    expect(time(400_000)).toBeLessThan(5_000);
  });

  it('keeps lines and tabs, and drops what a terminal would obey', () => {
    expect(visibleText('a\tb\r\nc\u001b[2J\u001b]0;title\u0007d\u0007\u200be')).toBe('a\tb\ncde');
  });
});
