import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openReceiptKey, ownReceiptKey, parsePublicKey, verifySignature } from '../../../adapters/receipts/key-pair.js';

const home = (): string => mkdtempSync(join(tmpdir(), 'baton-key-'));
const text = Buffer.from('what was observed');

it('makes the key once, readable by its owner only, and signs with it from then on', () => {
  const dir = join(home(), 'new');
  expect(() => ownReceiptKey(dir)).not.toThrow();
  expect(ownReceiptKey(dir)).toBeUndefined();
  const first = openReceiptKey(dir);
  const second = openReceiptKey(dir);
  expect(second.public).toEqual(first.public);
  expect(statSync(join(dir, 'receipt-key.pem')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['receipt-key.pem']);
  expect(verifySignature(ownReceiptKey(dir)!, text, first.sign(text))).toBe(true);
  expect(verifySignature(ownReceiptKey(dir)!, Buffer.from('something else'), first.sign(text))).toBe(false);
  expect(verifySignature(openReceiptKey(home()).public, text, first.sign(text))).toBe(false);
});

it('takes a key that several processes share, as a file or as its text', () => {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const file = join(home(), 'shared.pem');
  writeFileSync(file, pem);
  const dir = home();
  expect(openReceiptKey(dir, file).keyId).toBe(openReceiptKey(home(), pem).keyId);
  expect(readdirSync(dir)).toEqual([]);
  expect(parsePublicKey(openReceiptKey(dir, pem).public.publicKey, 'it')).toEqual(openReceiptKey(dir, pem).public);
});

it('says what is wrong with a key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  expect(() => openReceiptKey(home(), join(home(), 'none.pem'))).toThrow(/BATON_RECEIPT_KEY: .*ENOENT/);
  expect(() => openReceiptKey(home(), rsa.toString())).toThrow(/a key of rsa, not Ed25519/);
  expect(() => openReceiptKey(home(), '-----BEGIN nothing')).toThrow(/no private key in PEM form/);
  expect(() => parsePublicKey('nothing', '--key x')).toThrow('--key x holds no public key in PEM form.');
});
