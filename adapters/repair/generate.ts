/** Candidates for a failure: every template at every place that failing tests run, best first. */
import ts from 'typescript';
import { type Candidate, scoreOf } from '../../domain/fix/candidate.schema.js';
import { makeDiff } from '../../domain/fix/diff.js';
import type { Suspicion } from '../../domain/fix/suspicion.js';
import { lineAt, lineStarts } from '../../domain/fix/suspicion.js';
import { applyEdits, type Edit, isScript, MAX_SOURCE_CHARS, namesAt, parse, syntaxError } from './source.js';
import { type Context, factsOf, type Template } from './template.js';
import * as calls from './templates/calls.js';
import * as conditions from './templates/conditions.js';
import * as names from './templates/names.js';
import * as numbers from './templates/numbers.js';
import * as operators from './templates/operators.js';
import * as statements from './templates/statements.js';

export const TEMPLATES: readonly Template[] = [operators, numbers, names, calls, conditions, statements].flatMap(
  (group) => Object.values(group),
);

export interface GenerateInput {
  /** Product files by path, with their text. */
  readonly files: ReadonlyMap<string, string>;
  readonly suspicion: Suspicion;
  /** Most candidates that are kept. */
  readonly limit: number;
}

/** Files looked into, most suspicious first. */
const MAX_FILES = 12;

export function generateCandidates({ files, suspicion, limit }: GenerateInput): Candidate[] {
  const paths = suspicion.files.filter(
    (path) => isScript(path) && (files.get(path)?.length ?? MAX_SOURCE_CHARS) < MAX_SOURCE_CHARS,
  );
  const drafts = paths.slice(0, MAX_FILES).flatMap((path) => inFile(path, files.get(path)!, suspicion));
  drafts.sort((a, b) => scoreOf(b) - scoreOf(a) || a.key.localeCompare(b.key, 'en'));
  const made: Candidate[] = [];
  // Texts and diffs are only made for those that have a chance to be kept.
  for (const { key: _, edits, ...draft } of drafts) {
    if (made.length >= limit) break;
    const before = files.get(draft.file)!;
    const after = applyEdits(before, edits);
    const diff = makeDiff(draft.file, before, after);
    if (diff !== undefined && syntaxError(draft.file, after) === null)
      made.push({ ...draft, id: `t${made.length + 1}`, diff });
  }
  return made;
}

interface Draft extends Omit<Candidate, 'id' | 'diff'> {
  /** What differs, without what is common at both ends. */
  readonly key: string;
  readonly edits: readonly Edit[];
}

/** The smallest replacement that has the same outcome. */
function keyOf(path: string, text: string, edits: readonly Edit[]): string | undefined {
  let start = Math.min(...edits.map((edit) => edit.start));
  let end = Math.max(...edits.map((edit) => edit.end));
  const fresh = applyEdits(
    text.slice(start, end),
    edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start })),
  );
  let [from, to] = [0, fresh.length];
  while (start < end && from < to && text[start] === fresh[from]) {
    start++;
    from++;
  }
  while (end > start && to > from && text[end - 1] === fresh[to - 1]) {
    end--;
    to--;
  }
  return start === end && from === to ? undefined : `${path}:${start}:${end}:${fresh.slice(from, to)}`;
}

function inFile(path: string, text: string, suspicion: Suspicion): Draft[] {
  const ast = parse(path, text);
  const known = new Map<ts.Node, ReturnType<typeof namesAt>>();
  const context: Context = {
    text,
    ast,
    facts: factsOf(ast),
    names(node) {
      const found = known.get(node) ?? namesAt(node);
      known.set(node, found);
      return found;
    },
  };
  const starts = lineStarts(text);
  const drafts = new Map<string, Draft>();
  const look = (node: ts.Node): void => {
    for (const template of TEMPLATES) {
      for (const { kind, title, at, edits, prior, closeness } of template(node, context)) {
        const suspicious = Math.min(1, suspicion.at(path, at));
        if (suspicious <= 0) continue;
        const key = keyOf(path, text, edits);
        const share = { suspicion: suspicious, prior, closeness: Math.max(0, Math.min(1, closeness)) };
        const earlier = key === undefined ? undefined : drafts.get(key);
        if (key === undefined || (earlier && scoreOf(earlier) >= scoreOf(share))) continue;
        const line = lineAt(starts, at);
        drafts.set(key, { origin: 'template', kind, title, file: path, line, ...share, key, edits });
      }
    }
  };
  const visit = (node: ts.Node): void => {
    if (
      ts.isImportDeclaration(node) ||
      ts.isTypeNode(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node)
    )
      return;
    look(node);
    ts.forEachChild(node, visit);
  };
  visit(ast);
  return [...drafts.values()];
}
