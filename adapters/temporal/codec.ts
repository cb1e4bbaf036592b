/**
 * Payload codec: AES-256-GCM with a key id on every payload, so that keys can be rotated and old histories stay
 * readable. Two kinds of payloads stay as they are: small references (ids and counts), which runners must read although
 * they hold no key, and payloads of histories that were written before encryption was switched on.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const { temporal } = proto;
const ENCODING = 'binary/encrypted';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Ids, digests and counts. Anything that could hold words of a project is larger or has other fields. */
const PLAIN_FIELDS = new Set(['execution', 'batch', 'share', 'bail', 'stage', 'temporalRunId']);

export interface CodecKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The first key encrypts, all of them decrypt. */
export class EncryptionCodec implements PayloadCodec {
  private readonly keys: ReadonlyMap<string, Uint8Array>;
  private readonly current: CodecKey;

  constructor(keys: readonly CodecKey[]) {
    const [current] = keys;
    if (!current) throw new Error('an encryption codec needs a key');
    for (const { id, key } of keys)
      if (key.length !== 32) throw new Error(`key ${id} has ${key.length} bytes, 32 are needed`);
    this.current = current;
    this.keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (isReference(payload) ? payload : this.seal(payload)));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (encodingOf(payload) === ENCODING ? this.open(payload) : payload));
  }

  private seal(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.current.key, nonce);
    const plain = temporal.api.common.v1.Payload.encode(payload).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return { metadata: { encoding: Buffer.from(ENCODING), 'key-id': Buffer.from(this.current.id) }, data };
  }

  private open(payload: Payload): Payload {
    const id = Buffer.from(payload.metadata?.['key-id'] ?? []).toString();
    const key = this.keys.get(id);
    if (!key) throw new Error(`payload was encrypted with key "${id}", which is not configured`);
    const data = Buffer.from(payload.data ?? []);
    const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(data.subarray(-TAG_BYTES));
    const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    return temporal.api.common.v1.Payload.decode(plain);
  }
}

const encodingOf = (payload: Payload): string => Buffer.from(payload.metadata?.['encoding'] ?? []).toString();

function isReference(payload: Payload): boolean {
  if (encodingOf(payload) !== 'json/plain' || !payload.data || payload.data.length > 256) return false;
  const value: unknown = JSON.parse(Buffer.from(payload.data).toString());
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length > 0 &&
    Object.keys(value).every((k) => PLAIN_FIELDS.has(k))
  );
}
