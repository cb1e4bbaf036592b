/** Embeddings of a server: every word is a direction, so that texts with common words are near each other. */
import type { ServerResponse } from 'node:http';
import { mix } from '../../../domain/identity.js';
import type { EmbeddingsRequest } from './examine.js';

const USUAL = 64;

export function embed(response: ServerResponse, request: EmbeddingsRequest, alwaysFloats: boolean): void {
  const { input, dimensions = USUAL, encoding_format: format, model } = request;
  const data = input.map((text, index) => {
    const vector = vectorOf(text, dimensions);
    const floats = alwaysFloats || format === 'float';
    const embedding = floats ? vector : Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    return { object: 'embedding', index, embedding };
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: input.length, total_tokens: input.length } }),
  );
}

function vectorOf(text: string, dimensions: number): number[] {
  const vector = new Array<number>(dimensions).fill(0.001);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? [])
    vector[Number.parseInt(mix(word, 7).slice(0, 8), 16) % dimensions]! += 1;
  return vector;
}
