/**
 * What two failures have in common. A message is brought to a form without what changes from run to run: colours, paths,
 * times, addresses, identifiers, numbers. Two messages of one form are one failure. Patterns are fixed and take linear
 * time; only the beginning of a message is looked at, because what follows is mostly a diff of data.
 */
import { mix } from './identity.js';

/** Characters of a message that are looked at. */
const LOOKED_AT = 2_000;
/** Characters of the normal form that are kept. */
const KEPT = 300;

/** In this order: an identifier holds numbers, a path holds identifiers. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are written with the escape character
  [/\u001b\[[0-9;]{0,20}[A-Za-z]/g, ''],
  [/\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s'"`<>)]+/gi, '<url>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?/g, '<time>'],
  [/\b\d{1,2}:\d{2}:\d{2}(\.\d{1,9})?\b/g, '<time>'],
  [/(?<![\w./\\-])(?:[A-Za-z]:)?(?:\.{1,2})?(?:[\\/][\w.@+~$-]+)+(?::\d+){0,2}/g, '<path>'],
  [/\b0x[0-9a-f]+\b/gi, '<hex>'],
  [/\b(?=[0-9a-f]{0,64}\d)(?=[0-9a-f]{0,64}[a-f])[0-9a-f]{7,64}\b/gi, '<hex>'],
  [/\b\d+(?:\.\d+){3}\b/g, '<address>'],
  [/(?<![\w<])[+-]?\d[\d_,]*(?:\.\d+)?(?:e[+-]?\d+)?(?=(?:ms|s|m|h|kb|mb|gb|%|px)?(?![\w]))/gi, '<number>'],
];

/** The message without what changes, in one line, at most 300 characters. */
export function normalise(message: string): string {
  let text = message.slice(0, LOOKED_AT);
  for (const [pattern, word] of CHANGING) text = text.replace(pattern, word);
  return text.replace(/\s+/g, ' ').trim().slice(0, KEPT);
}

/** The name of a normalised message. 24 hexadecimal digits. */
export function fingerprint(pattern: string): string {
  return mix(pattern, 11) + mix(pattern, 12).slice(0, 8);
}
