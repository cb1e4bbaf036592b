import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { EncryptionCodec } from '../../../adapters/temporal/codec.js';

const key = (id: string) => ({ id, key: randomBytes(32) });
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value)!;

describe('what Temporal stores', () => {
  it('is unreadable without the key, and the same again with it', async () => {
    const codec = new EncryptionCodec([key('k1')]);
    const secret = payload({ sentence: 'the password is swordfish' });
    const [sealed] = await codec.encode([secret]);
    expect(Buffer.from(sealed!.data!).toString('latin1')).not.toContain('swordfish');
    expect(Buffer.from(sealed!.metadata!['key-id']!).toString()).toBe('k1');
    const [opened] = await codec.decode([sealed!]);
    expect(defaultPayloadConverter.fromPayload(opened!)).toEqual({ sentence: 'the password is swordfish' });
  });

  it('opens with an old key after rotation, and says which key is missing', async () => {
    const old = key('old');
    const [sealed] = await new EncryptionCodec([old]).encode([payload('x'.repeat(300))]);
    expect(await new EncryptionCodec([key('new'), old]).decode([sealed!])).toHaveLength(1);
    await expect(new EncryptionCodec([key('new')]).decode([sealed!])).rejects.toThrow(
      'key "old", which is not configured',
    );
  });

  it('notices a changed byte', async () => {
    const codec = new EncryptionCodec([key('k1')]);
    const [sealed] = await codec.encode([payload('x'.repeat(300))]);
    const data = Buffer.from(sealed!.data!);
    data[40]! ^= 1;
    await expect(codec.decode([{ ...sealed!, data }])).rejects.toThrow();
  });

  it('leaves references readable for runners, which hold no key, and nothing else', async () => {
    const codec = new EncryptionCodec([key('k1')]);
    const plain = await codec.encode([payload({ execution: 'run_1', batch: 'b1', share: 2, bail: false })]);
    expect(defaultPayloadConverter.fromPayload(plain[0]!)).toEqual({
      execution: 'run_1',
      batch: 'b1',
      share: 2,
      bail: false,
    });
    const [other] = await codec.encode([payload({ execution: 'run_1', sentence: 'words' })]);
    expect(Buffer.from(other!.metadata!['encoding']!).toString()).toBe('binary/encrypted');
  });

  it('reads histories from before encryption', async () => {
    const before = payload({ sentence: 'plain' });
    expect(await new EncryptionCodec([key('k1')]).decode([before])).toEqual([before]);
  });

  it('refuses a key of the wrong length', () => {
    expect(() => new EncryptionCodec([{ id: 'short', key: randomBytes(16) }])).toThrow('key short has 16 bytes');
  });
});
