/** What holds for the knowledge store on every database. */
import { expect, it } from 'vitest';
import { knowledgeStore } from '../../../adapters/knowledge/knowledge.js';
import { cosine } from '../../../domain/knowledge/embedding.js';
import type { LessonStore } from '../../../domain/knowledge/lessons.js';
import { offlineEmbedding, offlineVector } from '../../../domain/knowledge/offline.js';
import type { Lesson } from '../../../domain/knowledge.js';
import { redactor } from '../../../domain/redact.js';
import { LABELLED } from '../../domain/analysis/labelled.js';

const redact = redactor();

export const lesson = (id: string, text: string, change: Partial<Lesson> = {}): Lesson => ({
  ...{ id, project: 'shop', kind: 'failure', execution: `run_${id}`, text, data: {} },
  ...change,
});
export const ids = (found: readonly { id: string }[]): string[] => found.map(({ id }) => id);

/** What holds on every database: 300 real failures, and the order that a plain sort of all of them gives. */
export function behaviour(lessons: () => LessonStore): void {
  const texts = LABELLED.filter(({ message }) => message).slice(0, 300);

  it('gives the order of an exact comparison with every lesson', async () => {
    const knowledge = knowledgeStore({
      lessons: lessons(),
      embedding: offlineEmbedding,
      redact: (text) => text,
    });
    await knowledge.remember(texts.map(({ id, message }) => lesson(id, message!, { project: 'exact' })));
    for (const query of texts.filter((_, i) => i % 29 === 0)) {
      const vector = offlineVector(query.message!).map(Math.fround);
      const scores = new Map(
        texts.map(({ id, message }) => [id, cosine(offlineVector(message!).map(Math.fround), vector)]),
      );
      const found = await knowledge.recall({ project: 'exact', text: query.message!, limit: 10 });
      const exact = [...scores.values()]
        .sort((a, b) => b - a)
        .slice(0, 10)
        .filter((score) => score >= 0.05);
      expect(found).toHaveLength(exact.length);
      for (const [at, { score }] of found.entries()) expect(score).toBeCloseTo(exact[at]!, 3);
      for (const { id, score } of found) expect(score).toBeCloseTo(scores.get(id)!, 3);
    }
  });

  it('replaces by id, tells kinds and projects apart, and gives one of a fingerprint', async () => {
    const knowledge = knowledgeStore({ lessons: lessons(), embedding: offlineEmbedding, redact });
    const same = { data: { fingerprint: 'f1' } };
    await knowledge.remember([
      lesson('a', 'the cart is empty', same),
      lesson('b', 'the cart is empty', same),
      lesson('c', 'the cart is full', { kind: 'fix' }),
    ]);
    await knowledge.remember([lesson('c', 'the basket of the cart is full', { kind: 'fix' })]);
    const found = await knowledge.recall({ project: 'shop', text: 'cart', limit: 10 });
    expect(found).toHaveLength(2);
    const [other] = ids(found).filter((id) => id !== 'c');
    expect(['a', 'b']).toContain(other);
    expect(found.find(({ id }) => id === 'c')?.text).toBe('the basket of the cart is full');
    expect(ids(await knowledge.recall({ project: 'shop', text: 'cart', limit: 10, kinds: ['fix'] }))).toEqual(['c']);
    expect(ids(await knowledge.recall({ project: 'shop', text: 'cart', limit: 10, except: 'run_c' }))).toEqual([other]);
  });
}
