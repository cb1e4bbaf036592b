/** How texts become vectors, so that near texts are near each other. */
export interface Embedding {
  /** Kept beside each vector: vectors of two embeddings say nothing about each other. */
  readonly name: string;
  /** One vector per text, of one length. Throws what may be tried again. */
  embed(texts: readonly string[]): Promise<number[][]>;
}

/** 1 for one direction, 0 for nothing in common; what points the other way counts as nothing in common. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return 0;
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let at = 0; at < a.length; at++) {
    dot += a[at]! * b[at]!;
    lengthA += a[at]! * a[at]!;
    lengthB += b[at]! * b[at]!;
  }
  const lengths = Math.sqrt(lengthA * lengthB);
  return lengths === 0 ? 0 : Math.min(1, Math.max(0, dot / lengths));
}
