import { describe, expect, it } from 'vitest';
import { Sender } from '../../activities/batch/sender.js';
import { Collector } from '../../domain/collect.js';
import type { IngestChunk } from '../../domain/ports.js';

const key = { execution: 'run_1', batch: 'b1', fence: 3, runner: 'runner-1' };

function sent(): { chunks: IngestChunk[]; sender: Sender } {
  const chunks: IngestChunk[] = [];
  return { chunks, sender: new Sender({ record: async (chunk) => void chunks.push(chunk) }, key) };
}

const collected = (tests: number, message = '') => {
  const events = Array.from({ length: tests }, (_, i) => ({
    e: 'test' as const,
    file: 'a',
    path: [`t${i}`],
    status: 'failed' as const,
    message,
  }));
  return new Collector('unit', 1, ['a']).add([...events, { e: 'file-end', file: 'a', status: 'failed', tests }]);
};

describe('handing results to the ledger', () => {
  it('numbers chunks from 1 and never sends an end mark before its rows', async () => {
    const { chunks, sender } = sent();
    await sender.add(collected(2_200));
    await sender.flush();
    expect(chunks.map((c) => [c.seq, c.results.length, c.fileEnds.length])).toEqual([
      [1, 1_000, 0],
      [2, 1_000, 0],
      [3, 200, 1],
    ]);
    expect(chunks.every((c) => c.execution === 'run_1' && c.fence === 3)).toBe(true);
  });

  it('cuts chunks by size, so that long failures fit the body limit', async () => {
    const { chunks, sender } = sent();
    await sender.add(collected(400, 'x'.repeat(16_000)));
    await sender.flush();
    const sizes = chunks.map((c) => JSON.stringify(c).length);
    expect(Math.max(...sizes)).toBeLessThan(4 * 1024 * 1024);
    expect(chunks.flatMap((c) => c.results)).toHaveLength(400);
  });

  it('sends nothing when there is nothing', async () => {
    const { chunks, sender } = sent();
    await sender.flush();
    expect(chunks).toEqual([]);
  });
});
