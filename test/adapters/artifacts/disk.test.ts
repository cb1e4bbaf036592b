import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskArtifacts } from '../../../adapters/artifacts/disk.js';
import type { ArtifactStore } from '../../../domain/ports.js';
import { artifactBehaviour } from './behaviour.js';

let dir: string;
let store: ArtifactStore;
beforeEach(() => {
  dir = join(mkdtempSync(join(tmpdir(), 'baton-artifacts-')), 'artifacts');
  store = diskArtifacts(dir);
});
afterEach(() => rmSync(join(dir, '..'), { recursive: true, force: true }));

const fileOf = (digest: string) => join(dir, digest.slice(7, 9), digest.slice(7));
const drafts = () => readdirSync(join(dir, 'incoming'));

describe('artifacts on disk', () =>
  artifactBehaviour(
    () => store,
    () => {
      const long = new Date(Date.now() - 2 * 3_600_000);
      for (const two of readdirSync(dir).filter((name) => name.length === 2))
        for (const name of readdirSync(join(dir, two))) utimesSync(join(dir, two, name), long, long);
    },
  ));

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
