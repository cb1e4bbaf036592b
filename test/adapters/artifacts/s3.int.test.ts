import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { s3Artifacts, type S3Options } from '../../../adapters/artifacts/s3.js';
import type { ArtifactStore } from '../../../domain/ports.js';
import { startS3, type TestS3 } from '../../support/s3.js';
import { artifactBehaviour, collect, digestOf, parts } from './behaviour.js';

const PART_BYTES = 5 * 1024 * 1024;

let server: TestS3;
let store: ArtifactStore;
const options = (more: Partial<S3Options> = {}): S3Options => ({
  bucket: 'baton-test',
  prefix: 'team/artifacts',
  endpoint: server.endpoint,
  region: 'us-east-1',
  accessKey: server.accessKey,
  secretKey: server.secretKey,
  partBytes: PART_BYTES,
  ...more,
});
const folder = (): string => join(server.dir, 'baton-test', 'team', 'artifacts');
const fileOf = (digest: string): string => join(folder(), digest.slice(7, 9), digest.slice(7));

beforeAll(async () => {
  server = await startS3();
  store = await s3Artifacts(options());
}, 900_000);
afterAll(() => server?.stop());

describe('artifacts in an S3-compatible store', () => {
  artifactBehaviour(
    () => store,
    () => {
      const long = new Date(Date.now() - 2 * 3_600_000);
      for (const two of readdirSync(folder()))
        for (const name of readdirSync(join(folder(), two))) utimesSync(join(folder(), two, name), long, long);
    },
  );

  it('store a large file in parts, byte for byte, and its ranges across them', async () => {
    const bytes = randomBytes(2 * PART_BYTES + 12_345);
    const { digest } = await store.put(parts(bytes.subarray(0, 7_000_000), bytes.subarray(7_000_000)));
    expect(digest).toBe(digestOf(bytes));
    expect(Buffer.from(await store.get(digest)).equals(bytes)).toBe(true);
    const across = await collect(await store.stream(digest, { start: PART_BYTES - 3, end: PART_BYTES + 3 }));
    expect(across.equals(bytes.subarray(PART_BYTES - 3, PART_BYTES + 4))).toBe(true);
  });

  it('are not uploaded a second time', async () => {
    const bytes = Buffer.from('only once');
    const { digest } = await store.put(bytes);
    const first = statSync(fileOf(digest)).ino;
    await store.put(bytes);
    expect(statSync(fileOf(digest)).ino).toBe(first);
  });

  it('that were changed in the store are reported, never handed out as if they were right', async () => {
    const { digest } = await store.put(Buffer.from('right bytes'));
    writeFileSync(fileOf(digest), 'wrong bytes');
    await expect(store.get(digest)).rejects.toThrow(/was changed in the store/);
    const seen: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of await store.stream(digest)) seen.push(chunk);
    })();
    await expect(reading).rejects.toThrow(/was changed in the store/);
    expect(Buffer.concat(seen).length).toBeLessThan('wrong bytes'.length);
    rmSync(fileOf(digest));
  });

  it('leave alone what others keep beside them', async () => {
    const stranger = join(folder(), 'README');
    mkdirSync(folder(), { recursive: true });
    writeFileSync(stranger, 'not ours');
    const long = new Date(Date.now() - 2 * 3_600_000);
    utimesSync(stranger, long, long);
    await store.sweep(new Set());
    expect(readFileSync(stranger, 'utf8')).toBe('not ours');
  });

  it('say which store refuses, with a wrong key', async () => {
    const wrong = s3Artifacts(options({ secretKey: 'not the secret' }));
    await expect(wrong).rejects.toMatchObject({
      problem: 'StoreUnavailable',
      message: expect.stringMatching(/bucket baton-test, refuses.*Check BATON_ARTIFACTS/),
    });
  });

  it('wait for a store that is restarted', async () => {
    const { digest } = await store.put(Buffer.from('before the crash'));
    await server.crash();
    const reading = store.get(digest);
    const back = server.restart();
    expect(Buffer.from(await reading).toString()).toBe('before the crash');
    await back;
  });
});
