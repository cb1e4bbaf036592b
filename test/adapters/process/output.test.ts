import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { BoundedOutput, cutMark } from '../../../adapters/process/output.js';

const dir = mkdtempSync(join(tmpdir(), 'baton-output-'));
afterAll(() => rmSync(dir, { recursive: true }));

function kept(chunks: readonly Buffer[], head: number, tail: number): string {
  const path = join(dir, 'out');
  const output = new BoundedOutput(path, head, tail);
  for (const chunk of chunks) output.write(chunk);
  output.end();
  return readFileSync(path, 'latin1');
}

describe('the bounded output', () => {
  test('keeps all of what fits, as it comes', () => {
    const path = join(dir, 'live');
    const output = new BoundedOutput(path, 4, 4);
    output.write(Buffer.from('abc'));
    expect(readFileSync(path, 'utf8')).toBe('abc');
    output.write(Buffer.from('defgh'));
    output.end();
    expect(readFileSync(path, 'utf8')).toBe('abcdefgh');
  });

  test('keeps the beginning and the end and says how much is missing', () => {
    expect(kept([Buffer.from('abcdefghij')], 3, 4)).toBe(Buffer.from(`abc${cutMark(3)}ghij`).toString('latin1'));
  });

  test('keeps the same however the output is cut', () => {
    const chunks = fc.array(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(chunks, (parts) => {
        const whole = Buffer.concat(parts);
        const head = whole.subarray(0, 7);
        const tail = whole.subarray(whole.length - 11);
        const cut = Buffer.concat([head, Buffer.from(cutMark(whole.length - 18)), tail]);
        expect(kept(parts, 7, 11)).toBe((whole.length <= 18 ? whole : cut).toString('latin1'));
      }),
      { numRuns: 200 },
    );
  });
});
