/** Reads a definition from JSON or YAML; every complaint names line and column. */
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { type Definition, MAX_DOCUMENT_BYTES } from '../../domain/definitions/definition.schema.js';
import type { Path } from '../../domain/definitions/mistake.js';
import { validate } from '../../domain/definitions/validate.js';
import type { DocumentMistake, ReadDefinition } from '../../domain/definitions/ports.js';

const MAX_ALIASES = 50;
const MAX_DEPTH = 64;
/** A document with more mistakes than this is told the first ones. */
const MAX_MISTAKES = 100;

/** `name` is what positions begin with, such as the file. JSON is YAML too, so one parser knows the positions of both. */
export function readDefinition(
  text: string,
  name: string,
  options: { readonly drafts?: boolean } = {},
): ReadDefinition {
  if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) return refused(name, 'The document is larger than 1 MiB.');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    schema: 'core',
    prettyErrors: false,
    stringKeys: true,
    merge: false,
  });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    return {
      definition: undefined,
      mistakes: document.errors
        .slice(0, MAX_MISTAKES)
        .map((error) => mistake(name, at(error.pos[0]), [], `${broken(error.message)}.`)),
    };
  }
  const unknownTag = document.warnings[0];
  if (unknownTag)
    return {
      definition: undefined,
      mistakes: [mistake(name, at(unknownTag.pos[0]), [], `${broken(unknownTag.message)}: tags have no meaning here.`)],
    };
  if (tooDeep(document.contents)) return refused(name, `The document is nested more than ${MAX_DEPTH} levels deep.`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    return refused(name, `${broken(error instanceof Error ? error.message : String(error))}.`);
  }
  const { definition, mistakes } = validate(value, options);
  const positions = mistakes.map((each) => ({ ...each, ...place(document.contents, each.path, each.offset, at) }));
  positions.sort((a, b) => a.line - b.line || a.column - b.column);
  return {
    definition: definition as Definition | undefined,
    mistakes: positions
      .slice(0, MAX_MISTAKES)
      .map((each) => mistake(name, { line: each.line, column: each.column }, each.path, each.message)),
  };
}

/** A definition that came as JSON has no lines of its own: it is written out first, so that complaints have a place. */
export const readDefinitionValue = (value: unknown, options: { readonly drafts?: boolean } = {}): ReadDefinition =>
  readDefinition(JSON.stringify(value, undefined, 2) ?? 'null', 'definition', options);

const mistake = (name: string, at: { line: number; column: number }, path: Path, message: string): DocumentMistake => ({
  ...at,
  path: path.join('.'),
  message,
  text: `${name}:${at.line}:${at.column} ${message}`,
});

const refused = (name: string, message: string): ReadDefinition => ({
  definition: undefined,
  mistakes: [mistake(name, { line: 1, column: 1 }, [], message)],
});

/** The parser's sentence, without its full stop and without the source that it quotes. */
const broken = (message: string): string => message.split('\n')[0]!.replace(/[.:]$/, '');

/** Position of the key or value that a path leads to, or of the nearest thing around it. */
function place(
  root: unknown,
  path: Path,
  offset: number | undefined,
  at: (offset: number) => { line: number; column: number },
): { line: number; column: number } {
  let node = root as Node | null;
  let found = node?.range?.[0] ?? 0;
  for (const [depth, key] of path.entries()) {
    const next = step(node, key);
    if (!next) break;
    const last = depth === path.length - 1;
    found = (last && offset === undefined ? (next.key ?? next.value) : next.value)?.range?.[0] ?? found;
    node = next.value;
    // Inside a text in quotes, the first character is one further; in a block it cannot be told so simply.
    if (last && offset !== undefined && isScalar(node) && node.type !== 'BLOCK_FOLDED' && node.type !== 'BLOCK_LITERAL')
      found += offset + (node.type === 'PLAIN' ? 0 : 1);
  }
  return at(found);
}

function step(node: Node | null, key: string | number): { key?: Node | null; value: Node | null } | undefined {
  if (isMap(node)) {
    const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key));
    return pair && { key: pair.key as Node, value: (pair.value ?? pair.key) as Node };
  }
  const items = (node as { items?: unknown[] } | null)?.items;
  const item = typeof key === 'number' ? items?.[key] : undefined;
  return item === undefined ? undefined : { value: item as Node };
}

function tooDeep(root: unknown): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((node) => {
      if (isMap(node)) return node.items.map((pair) => pair.value);
      return (node as { items?: unknown[] } | null)?.items ?? [];
    });
  }
  return false;
}
