/**
 * An embedding without a server: words, pairs of words, parts of names and runs of four characters, each hashed to a place
 * and a sign in a vector of 512. The same text gives the same vector on every machine. It knows likeness of words, not of
 * meaning. Weighing features by how rare they are in failures of other projects was tried and gave nothing: recall among
 * five 0.684 with, 0.687 without it; so nothing here is learned.
 */
import { normalise } from '../fingerprint.js';
import { mix } from '../identity.js';
import type { Embedding } from './embedding.js';

export const DIMENSIONS = 512;
const LOOKED_AT = 2_000;
const WEIGHT = { word: 1, pair: 0.7, part: 0.5, gram: 0.25 } as const;

export const offlineEmbedding: Embedding = {
  name: 'offline-v1',
  embed: async (texts) => texts.map(offlineVector),
};

/** Of length one; all zero for a text without words. */
export function offlineVector(text: string): number[] {
  const vector = new Array<number>(DIMENSIONS).fill(0);
  for (const [feature, weight] of featuresOf(text)) {
    const hash = Number.parseInt(mix(feature, 21).slice(0, 8), 16);
    const sign = hash & 1 ? 1 : -1;
    vector[(hash >>> 1) % DIMENSIONS]! += sign * weight;
  }
  const length = Math.sqrt(vector.reduce((sum, each) => sum + each * each, 0));
  return length === 0 ? vector : vector.map((each) => each / length);
}

/** Each feature with its weight; what occurs again counts less each time. */
export function featuresOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (kind: keyof typeof WEIGHT, value: string): void => {
    const key = `${kind} ${value}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  for (const line of text.slice(0, LOOKED_AT).split('\n')) {
    const words = normalise(line).match(/<\w+>|[\p{L}_$][\p{L}\p{N}_$]*|\d+/gu) ?? [];
    const small = words.map((word) => word.toLowerCase());
    small.forEach((word, at) => {
      add('word', word);
      if (at > 0) add('pair', `${small[at - 1]} ${word}`);
      for (const part of partsOf(words[at]!)) add('part', part);
      if (!word.startsWith('<'))
        for (let from = 0; from + 4 <= word.length; from++) add('gram', word.slice(from, from + 4));
    });
  }
  return new Map(
    [...counts].map(([key, count]) => [
      key,
      WEIGHT[key.slice(0, key.indexOf(' ')) as keyof typeof WEIGHT] * (1 + Math.log(count)),
    ]),
  );
}

/** `ReferenceError` → reference, error; `order_total` → order, total. */
function partsOf(name: string): string[] {
  const parts = name.replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2').split(/[\s_$]+/);
  return parts.length < 2 ? [] : parts.filter((part) => part.length > 1).map((part) => part.toLowerCase());
}
