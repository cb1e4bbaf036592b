/** Where lessons are kept with their vectors. */
import type { Lesson } from '../knowledge.js';

export interface KeptLesson extends Lesson {
  readonly embedding: string;
  readonly vector: readonly number[];
}

export interface Nearest {
  readonly project: string;
  readonly embedding: string;
  readonly vector: readonly number[];
  readonly kinds?: readonly Lesson['kind'][] | undefined;
  /** Lessons of this execution are left out: nobody learns from what he is asking about. */
  readonly except?: string | undefined;
  readonly limit: number;
}

export interface LessonStore {
  /** The same id replaces text, data and vector; the time of the first stays, so that repeating keeps nothing alive. */
  put(lessons: readonly KeptLesson[]): Promise<void>;
  /**
   * Nearest first, newer before older where two are equally near. Of lessons with the same `data.fingerprint` only the best
   * is given: a failure of a thousand runs is one thing to know.
   */
  nearest(query: Nearest): Promise<(Lesson & { readonly score: number; readonly at: string })[]>;
  /** Lessons whose vector is of another embedding, oldest first. */
  foreign(embedding: string, limit: number): Promise<Lesson[]>;
  /** How it searches. */
  method(): Promise<'pgvector' | 'exact scan'>;
}
