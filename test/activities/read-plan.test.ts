import { describe, expect, it } from 'vitest';
import { readPlan } from '../../activities/run.js';
import type { ArtifactStore, Ledger } from '../../domain/ports.js';
import { NotFound } from '../../domain/ports.js';

const reading = (get: ArtifactStore['get']): Promise<unknown> =>
  readPlan(
    {
      ledger: { planDigest: async () => 'sha256:1' } as unknown as Ledger,
      artifacts: { get } as unknown as ArtifactStore,
    },
    'run_1',
  ).catch((error: unknown) => error);

describe('a plan that cannot be read', () => {
  it('ends the run when it is gone, or is no plan', async () => {
    const gone = async (): Promise<Uint8Array> => {
      throw new NotFound('no artifact has the digest');
    };
    expect(await reading(gone)).toMatchObject({ problem: 'Internal' });
    expect(await reading(async () => Buffer.from('{"half":'))).toMatchObject({ problem: 'Internal' });
  });

  it('is asked for again when the store is away', async () => {
    const away = new Error('connect ECONNREFUSED');
    expect(await reading(() => Promise.reject(away))).toBe(away);
  });
});
