import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { knowsSecret, signedByGitHub } from '../../api/hooks/signature.js';

const body = Buffer.from('{"zen":"\\u00e9"}');
const sign = (secret: string, algorithm = 'sha256', of: Uint8Array = body): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(of).digest('hex')}`;

describe('the signature of a delivery', () => {
  it("fits GitHub's own example", () => {
    const given = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    expect(signedByGitHub(Buffer.from('Hello, World!'), given, ["It's a Secret to Everybody"])).toBe(true);
  });

  it('is one of several secrets, so that one can be replaced', () => {
    expect(signedByGitHub(body, sign('old'), ['new', 'old'])).toBe(true);
    expect(signedByGitHub(body, sign('older'), ['new', 'old'])).toBe(false);
  });

  const right = sign('s');
  it.each([
    ['none', undefined],
    ['empty', ''],
    ['without its name', right.slice(7)],
    ['sha1', sign('s', 'sha1')],
    ['truncated', right.slice(0, -1)],
    ['longer', `${right}0`],
    ['upper case', right.toUpperCase()],
    ['upper case digits', `sha256=${right.slice(7).toUpperCase()}`],
    ['of another body', sign('s', 'sha256', Buffer.from('{}'))],
    ['of another secret', sign('t')],
    ['no hexadecimal', `sha256=${'z'.repeat(64)}`],
    ['two in one', `${right},${right}`],
    ['with a space', ` ${right}`],
  ])('%s is refused', (_name, signature) => {
    expect(signedByGitHub(body, signature, ['s'])).toBe(false);
  });

  it('without a secret nothing is signed', () => {
    expect(signedByGitHub(body, sign(''), [])).toBe(false);
    expect(knowsSecret('', [])).toBe(false);
    expect(knowsSecret('token', ['other', 'token'])).toBe(true);
    expect(knowsSecret('token2', ['token'])).toBe(false);
  });
});
