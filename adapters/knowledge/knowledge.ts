/** The knowledge store: texts are redacted, made vectors of, kept, and found again by likeness. */
import type { Embedding } from '../../domain/knowledge/embedding.js';
import type { LessonStore } from '../../domain/knowledge/lessons.js';
import type { Knowledge, Lesson } from '../../domain/knowledge.js';
import type { Redact } from '../../domain/redact.js';

/** Texts that are made vectors of in one call. */
const PORTION = 64;
const MOST_FOUND = 50;
/** Less in common than this is nothing in common. */
const LEAST_SCORE = 0.05;

export interface KnowledgeDeps {
  readonly lessons: LessonStore;
  readonly embedding: Embedding;
  readonly redact: Redact;
}

export interface KnowledgeStore extends Knowledge {
  /** Makes new vectors for lessons of an earlier embedding, at most `limit`. Returns how many. */
  refresh(limit: number): Promise<number>;
  method(): Promise<string>;
}

export function knowledgeStore({ lessons, embedding, redact }: KnowledgeDeps): KnowledgeStore {
  const keep = async (given: readonly Lesson[]): Promise<void> => {
    for (let at = 0; at < given.length; at += PORTION) {
      const portion = given.slice(at, at + PORTION);
      const vectors = await embedding.embed(portion.map(({ text }) => text));
      await lessons.put(portion.map((lesson, i) => ({ ...lesson, embedding: embedding.name, vector: vectors[i]! })));
    }
  };
  return {
    embedding: embedding.name,
    remember: (given) => keep(given.map((lesson) => clean(lesson, redact))),
    async recall({ project, text, kinds, limit, except }) {
      const [vector] = await embedding.embed([redact(text)]);
      const wanted = { project, embedding: embedding.name, vector: vector!, kinds, except };
      const found = await lessons.nearest({ ...wanted, limit: Math.min(limit, MOST_FOUND) });
      return found.filter(({ score }) => score >= LEAST_SCORE);
    },
    async refresh(limit) {
      const old = await lessons.foreign(embedding.name, limit);
      await keep(old);
      return old.length;
    },
    method: () => lessons.method(),
  };
}

function clean(lesson: Lesson, redact: Redact): Lesson {
  const data = Object.entries(lesson.data).map(([name, value]) => [
    name,
    typeof value === 'string' ? redact(value) : value,
  ]);
  return { ...lesson, text: redact(lesson.text), data: Object.fromEntries(data) as Lesson['data'] };
}
