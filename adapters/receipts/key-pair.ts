/** The installation's Ed25519 key pair, and signatures over bytes. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import type { ReceiptKey } from '../../domain/receipt.schema.js';

const OWN_FILE = 'receipt-key.pem';

export interface ReceiptKeyPair {
  readonly keyId: string;
  readonly public: ReceiptKey;
  /** base64url. */
  sign(bytes: Uint8Array): string;
}

/**
 * `given`: PEM or the path of a PEM file; otherwise `receipt-key.pem` in `home` (made with mode 0600 when it is missing).
 * Throws `ProjectProblem('ConfigInvalid')` for what is no private Ed25519 key.
 */
export function openReceiptKey(home: string, given?: string): ReceiptKeyPair {
  const pem = given === undefined ? ownPem(home) : given.includes('-----BEGIN') ? given : readGiven(given);
  const key = privateKey(pem, given === undefined ? join(home, OWN_FILE) : 'BATON_RECEIPT_KEY');
  const own = receiptKeyOf(createPublicKey(key));
  return { keyId: own.keyId, public: own, sign: (bytes) => sign(null, bytes, key).toString('base64url') };
}

/** The public half of the installation's own key; undefined where none was made yet. */
export function ownReceiptKey(home: string, given?: string): ReceiptKey | undefined {
  try {
    if (given === undefined) readFileSync(join(home, OWN_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return openReceiptKey(home, given).public;
}

/** From PEM. Throws `ProjectProblem('ConfigInvalid')` when it is no Ed25519 key. */
export function parsePublicKey(pem: string, name: string): ReceiptKey {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw invalid(`${name} holds no public key in PEM form.`);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw invalid(`${name} holds a key of ${key.asymmetricKeyType}, not Ed25519.`);
  return receiptKeyOf(key);
}

/** Whether `signature` (base64url) is of these bytes and this key. */
export function verifySignature(key: ReceiptKey, bytes: Uint8Array, signature: string): boolean {
  return verify(null, bytes, createPublicKey(key.publicKey), Buffer.from(signature, 'base64url'));
}

function receiptKeyOf(key: KeyObject): ReceiptKey {
  const der = key.export({ type: 'spki', format: 'der' });
  return {
    keyId: createHash('sha256').update(der).digest('hex').slice(0, 32),
    algorithm: 'Ed25519',
    publicKey: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Two processes may need it at the same moment: whoever links its file first has made the key of both. */
function ownPem(home: string): string {
  const path = join(home, OWN_FILE);
  const known = readIfThere(path);
  if (known !== undefined) return known;
  mkdirSync(home, { recursive: true });
  const draft = `${path}.${process.pid}.${Date.now()}`;
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    writeSynced(draft, pem);
    linkSync(draft, path);
    syncDir(home);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(path, 'utf8');
}

function writeSynced(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A key that a power cut takes away would leave receipts that nobody can check. */
function syncDir(dir: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readGiven(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`BATON_RECEIPT_KEY: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

function privateKey(pem: string, name: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw invalid(`${name} holds no private key in PEM form. Make one with: openssl genpkey -algorithm ed25519`);
  }
  if (key.asymmetricKeyType !== 'ed25519')
    throw invalid(`${name} holds a key of ${key.asymmetricKeyType}, not Ed25519.`);
  return key;
}

const invalid = (message: string): ProjectProblem => new ProjectProblem('ConfigInvalid', message);
