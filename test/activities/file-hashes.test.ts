import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withHashes } from '../../activities/file-hashes.js';
import type { PlannedFile } from '../../domain/plan.schema.js';
import { aSuite } from '../support/builders.js';

const planned = (file: string): PlannedFile => ({ suite: 'unit', file, predictedMs: 1, basis: 'size' });

it('gives each file the hash of its content, and none to what is no single small file', async () => {
  const root = mkdtempSync(join(tmpdir(), 'baton-hash-'));
  mkdirSync(join(root, 'pkg', 'folder'), { recursive: true });
  writeFileSync(join(root, 'pkg', 'a.test.js'), 'test();');
  writeFileSync(join(root, 'pkg', 'large.js'), Buffer.alloc(3 * 1024 * 1024));
  const files = ['a.test.js', 'folder', 'gone.js', 'large.js'].map(planned);
  const hashed = await withHashes(root, [aSuite('unit', { dir: 'pkg' })], files);
  expect(hashed.map(({ file, sha256 }) => [file, sha256])).toEqual([
    ['a.test.js', `sha256:${createHash('sha256').update('test();').digest('hex')}`],
    ['folder', undefined],
    ['gone.js', undefined],
    ['large.js', undefined],
  ]);
});

it('takes less than a second of processor time for 10,000 files', async () => {
  const root = mkdtempSync(join(tmpdir(), 'baton-hash-'));
  const files = Array.from({ length: 10_000 }, (_, i) => planned(`f${i}.test.js`));
  for (const { file } of files) writeFileSync(join(root, file), `test('${file}', () => {});\n`.repeat(20));
  const before = process.cpuUsage();
  const hashed = await withHashes(root, [aSuite()], files);
  const { user, system } = process.cpuUsage(before);
  expect(hashed.every(({ sha256 }) => sha256 !== undefined)).toBe(true);
  // Processor time, because the wall clock of a loaded machine measures its other work.
  expect((user + system) / 1000).toBeLessThan(1_000);
}, 120_000);
