import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskArtifacts } from '../../../adapters/artifacts/disk.js';
import type { ArtifactStore } from '../../../domain/ports.js';
import { NotFound } from '../../../domain/ports.js';

let dir: string;
let store: ArtifactStore;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'baton-artifacts-')), 'artifacts');
  store = diskArtifacts(dir);
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const fileOf = (digest: string) => join(dir, digest.slice(7, 9), digest.slice(7));
const drafts = () => readdirSync(join(dir, 'incoming'));

async function* parts(...list: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* list;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('bytes come back by their digest, whole and in part', async () => {
  const bytes = randomBytes(300_000);
  const stored = await store.put(parts(bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)));
  expect(stored).toEqual({ digest: digestOf(bytes), bytes: bytes.length });
  expect(Buffer.from(await store.get(stored.digest)).equals(bytes)).toBe(true);
  expect((await collect(await store.stream(stored.digest))).equals(bytes)).toBe(true);
  expect((await collect(await store.stream(stored.digest, { start: 5, end: 9 }))).equals(bytes.subarray(5, 10))).toBe(
    true,
  );
  expect(await store.size(stored.digest)).toBe(bytes.length);
  expect(existsSync(fileOf(stored.digest))).toBe(true);
  expect(drafts()).toEqual([]);
});

test('the same bytes may be stored again and at the same time; nothing at all is a file, too', async () => {
  const bytes = Buffer.from('same');
  const all = await Promise.all([1, 2, 3, 4].map(() => store.put(bytes)));
  expect(new Set(all.map((each) => each.digest))).toEqual(new Set([digestOf(bytes)]));
  expect(readFileSync(fileOf(digestOf(bytes)), 'utf8')).toBe('same');
  expect(await store.put(new Uint8Array())).toEqual({ digest: digestOf(new Uint8Array()), bytes: 0 });
});

test('an upload that breaks off leaves nothing behind', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw new Error('the sender went away');
  }
  await expect(store.put(broken())).rejects.toThrow('the sender went away');
  expect(drafts()).toEqual([]);
  expect(readdirSync(dir)).toEqual(['incoming']);
});

test('a full disk is told with the folder and what to do, and nothing half-written stays', async () => {
  async function* full(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half');
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
  await expect(store.put(full())).rejects.toMatchObject({
    problem: 'DiskFull',
    message: expect.stringMatching(/artifacts in .*free space there/),
  });
  expect(drafts()).toEqual([]);
});

test('what is unknown or no digest is not found, whatever path it spells', async () => {
  const unknown = digestOf(Buffer.from('unknown'));
  await expect(store.get(unknown)).rejects.toThrow(NotFound);
  await expect(store.stream(unknown)).rejects.toThrow(NotFound);
  expect(await store.size(unknown)).toBeUndefined();
  for (const odd of ['', 'sha256:../../etc/passwd', `sha256:${'A'.repeat(64)}`, `${unknown}/..`, unknown.slice(7)]) {
    await expect((async () => store.get(odd))()).rejects.toThrow(NotFound);
  }
});

test('a sweep deletes what nobody names, but nothing that is fresh', async () => {
  const [kept, old, fresh] = await Promise.all(
    ['kept', 'old one', 'fresh'].map((text) => store.put(Buffer.from(text))),
  );
  const long = new Date(Date.now() - 2 * 3_600_000);
  for (const { digest } of [kept!, old!]) utimesSync(fileOf(digest), long, long);
  writeFileSync(join(dir, 'incoming', 'abandoned'), 'half');
  writeFileSync(join(dir, 'incoming', 'arriving'), 'half');
  utimesSync(join(dir, 'incoming', 'abandoned'), long, long);
  writeFileSync(join(dir, 'README'), 'not ours');
  expect(await store.sweep(new Set([kept!.digest]))).toBe('old one'.length + 'half'.length);
  expect(await Promise.all([kept!, old!, fresh!].map(({ digest }) => store.size(digest)))).toEqual([4, undefined, 5]);
  expect(drafts()).toEqual(['arriving']);
  expect(existsSync(join(dir, 'README'))).toBe(true);
});
