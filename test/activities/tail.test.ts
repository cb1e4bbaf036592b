import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineTail } from '../../activities/batch/tail.js';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'baton-tail-'));
  path = join(dir, 'events.ndjson');
  await writeFile(path, '');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function all(tail: LineTail): Promise<string[]> {
  const lines: string[] = [];
  for (let more = await tail.read(); more !== null; more = await tail.read()) lines.push(...more);
  return lines;
}

describe('whether the file still is what was read', () => {
  it.each<[string, () => Promise<void>, RegExp | undefined]>([
    ['untouched', async () => {}, undefined],
    ['longer, which is for the next look', () => appendFile(path, 'three\n'), undefined],
    ['cut', () => writeFile(path, 'one\n'), /cut from 8 to 4 bytes/],
    ['rewritten at the same length', () => writeFile(path, 'one\nTWO\n'), /changed after it had been read/],
    ['removed', () => rm(path), /removed/],
  ])('%s', async (_, edit, expected) => {
    const tail = new LineTail(path);
    await appendFile(path, 'one\ntwo\n');
    await all(tail);
    await edit();
    if (expected) expect(await tail.changed()).toMatch(expected);
    else expect(await tail.changed()).toBeUndefined();
    await tail.close();
  });
});

describe('following the events file', () => {
  it('gives only complete lines, and the rest once it is complete', async () => {
    const tail = new LineTail(path);
    await appendFile(path, 'one\ntwo\nthr');
    expect(await all(tail)).toEqual(['one', 'two']);
    await appendFile(path, 'ee\n');
    expect(await all(tail)).toEqual(['three']);
    await appendFile(path, 'last');
    expect(await all(tail)).toEqual([]);
    expect([tail.takeRest(), tail.takeRest()]).toEqual(['last', '']);
    await tail.close();
  });

  it('keeps characters whole that lie across a chunk', async () => {
    const tail = new LineTail(path);
    const text = `${'x'.repeat(256 * 1024 - 1)}é€😀`;
    await appendFile(path, `${text}\nlast\n`);
    expect(await all(tail)).toEqual([text, 'last']);
    await tail.close();
  });

  it('drops a line that is longer than any event, and only that line', async () => {
    const tail = new LineTail(path);
    await appendFile(path, `first\n${'y'.repeat(3 * 1024 * 1024)}\nlast\n`);
    const lines = await all(tail);
    expect(lines.filter((line) => line.length < 100)).toEqual(['first', 'last']);
    await tail.close();
  });

  it('digests every byte', async () => {
    const tail = new LineTail(path);
    await appendFile(path, 'one\ntwo\n');
    await all(tail);
    expect(tail.digest()).toBe(`sha256:${createHash('sha256').update('one\ntwo\n').digest('hex')}`);
    await tail.close();
  });
});
