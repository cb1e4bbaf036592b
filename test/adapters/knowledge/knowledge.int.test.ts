import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knowledgeStore } from '../../../adapters/knowledge/knowledge.js';
import { serverEmbedding } from '../../../adapters/model/embeddings.js';
import { openLedger, type StoreLedger } from '../../../adapters/store/index.js';
import type { Embedding } from '../../../domain/knowledge/embedding.js';
import { offlineEmbedding } from '../../../domain/knowledge/offline.js';
import { redactor } from '../../../domain/redact.js';
import { openTestLedger, type TestLedger } from '../../support/ledger.js';
import { type ModelServer, startModelServer } from '../../support/model-server.js';
import { hasPostgres, startPostgres, type TestPostgres } from '../../support/postgres.js';
import { behaviour, ids, lesson } from './behaviour.js';

const CANARY = 'canary-embedding-secret-2211';
const redact = redactor([CANARY]);

describe('the knowledge store, embedded', () => {
  let store: TestLedger;
  let server: ModelServer;
  beforeAll(async () => {
    store = await openTestLedger();
    server = await startModelServer({ canaries: [CANARY] });
  });
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });
  behaviour(() => store.ledger.lessons);

  const ofServer = (dimensions?: number): Embedding =>
    serverEmbedding({
      ...{
        name: 'words',
        baseUrl: server.url,
        apiKey: server.key,
        keyName: 'OPENAI_API_KEY',
        dimensions,
        timeoutMs: 5_000,
      },
      ...{ tokensPerDay: 1e9, budget: store.ledger.model, redact },
    });

  it('asks a server for vectors, as numbers, and never sends a secret', async () => {
    const knowledge = knowledgeStore({ lessons: store.ledger.lessons, embedding: ofServer(), redact });
    await knowledge.remember([
      lesson('s1', `payment refused ${CANARY}`, { project: 'served' }),
      lesson('s2', 'printer on fire', { project: 'served' }),
    ]);
    const found = await knowledge.recall({ project: 'served', text: `refused payment ${CANARY}`, limit: 2 });
    expect(found[0]).toMatchObject({ id: 's1', text: 'payment refused [redacted]' });
    expect(found[0]!.score).toBeGreaterThan(0.8);
    expect(server.complaints).toEqual([]);
  });

  it('makes new vectors when the embedding changes, and finds nothing by old ones meanwhile', async () => {
    const lessons = store.ledger.lessons;
    await knowledgeStore({ lessons, embedding: offlineEmbedding, redact }).remember([
      lesson('m1', 'the moon is down', { project: 'moved' }),
    ]);
    const moved = knowledgeStore({ lessons, embedding: ofServer(32), redact });
    expect(await moved.recall({ project: 'moved', text: 'moon', limit: 1 })).toEqual([]);
    expect(await moved.refresh(1_000)).toBeGreaterThan(0);
    expect(ids(await moved.recall({ project: 'moved', text: 'moon', limit: 1 }))).toEqual(['m1']);
    expect(await moved.refresh(1_000)).toBe(0);
  });

  it('a server that is away is told of as such, to be asked again', async () => {
    await server.shut();
    await expect(ofServer().embed(['a'])).rejects.toMatchObject({ name: 'ModelBusy' });
    await server.open();
  });

  it('searches three thousand lessons', async () => {
    const knowledge = knowledgeStore({
      lessons: store.ledger.lessons,
      embedding: offlineEmbedding,
      redact: (text) => text,
    });
    const word = (n: number): string =>
      createHash('sha256').update(String(n)).digest('hex').replace(/\d/g, '').slice(0, 8);
    const many = Array.from({ length: 3_000 }, (_, i) =>
      lesson(`l${i}`, `${word(i)} ${word(i % 97)} ${word(i % 13)}`, { project: 'large' }),
    );
    await knowledge.remember(many);
    const start = performance.now();
    const found = await knowledge.recall({ project: 'large', text: many[1321]!.text, limit: 5 });
    const took = performance.now() - start;
    console.log(`3,000 lessons by ${await knowledge.method()}: ${took.toFixed(0)} ms`);
    expect(found[0]?.id).toBe('l1321');
    expect(took).toBeLessThan(10_000);
  });
});

// Where PostgreSQL is missing the tests say so; in CI it must be there.
const skip = !hasPostgres() && !process.env['CI'];
describe.skipIf(skip)('the knowledge store on PostgreSQL', () => {
  let server: TestPostgres;
  let ledger: StoreLedger;
  beforeAll(async () => {
    server = await startPostgres();
    ledger = await openLedger({ kind: 'postgres', url: server.url });
  });
  afterAll(async () => {
    await ledger?.close();
    await server?.stop();
  });
  behaviour(() => ledger.lessons);

  it('says how it searches', async () => {
    expect(['pgvector', 'exact scan']).toContain(await ledger.lessons.method());
  });
});
