/** Reads a document of layers; only when layers are asked for. */
import { readFileSync } from 'node:fs';
import { invalid, parseYaml } from '../adapters/project/yaml-file.js';
import { LayersDocument } from '../domain/layers/layers.schema.js';

/** Throws `ConfigInvalid` with file, line and column. */
export function readLayersFile(path: string): LayersDocument {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(`--layers: ${path} cannot be read (${(error as Error).message}).`);
  }
  return parseYaml(text, path, LayersDocument);
}
