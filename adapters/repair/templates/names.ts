/** Wrong variable, wrong member, wrong method. */
import ts from 'typescript';
import { compatible, likeness } from '../source.js';
import { isTarget, type Proposal, replace, type Template } from '../template.js';

/** Names tried in place of one. */
const MAX_NAMES = 10;

export const variables: Template = (node, context) => {
  if (!ts.isIdentifier(node) || !isUse(node)) return [];
  const names = context.names(node);
  const own = names.find((each) => each.name === node.text);
  if (!own) return [];
  const target = isTarget(node);
  const called = ts.isCallExpression(node.parent) && node.parent.expression === node;
  return names
    .filter((each) => each.name !== node.text && compatible(each.guess, own.guess))
    .filter((each) => (called ? each.guess === 'function' || each.guess === 'unknown' : each.guess !== 'function'))
    .filter((each) => !target || each.mutable)
    .map((each) => ({
      each,
      near: nearness(node.text, each.name, each.depth, each.guess === own.guess && own.guess !== 'unknown'),
    }))
    .sort((a, b) => b.near - a.near || a.each.pos - b.each.pos)
    .slice(0, MAX_NAMES)
    .map(({ each, near }) => ({
      kind: 'variable',
      title: 'another variable',
      at: node.getStart(),
      edits: [shorthand(node) ? replace(node, `${node.text}: ${each.name}`) : replace(node, each.name)],
      prior: 0.6,
      closeness: near,
    }));
};

const nearness = (a: string, b: string, depth: number, sameKind: boolean): number =>
  Math.min(1, 0.55 + 0.2 * likeness(a, b) + (sameKind ? 0.15 : 0) + (depth === 0 ? 0.1 : depth > 1 ? -0.25 : 0));

const shorthand = (node: ts.Node): boolean => ts.isShorthandPropertyAssignment(node.parent);

function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent))
    return parent.initializer === node;
  return !(
    ts.isFunctionDeclaration(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isTypeNode(parent) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isImportClause(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isJsxAttribute(parent)
  );
}

/** `item.start` → `item.end`: members that the file reads of the same or another thing. */
export const members: Template = (node, context) => {
  if (!ts.isPropertyAccessExpression(node) || (ts.isPrivateIdentifier(node.name) && !node.name.text)) return [];
  const known = context.facts.members.get(node.expression.getText()) ?? new Set<string>();
  const called = ts.isCallExpression(node.parent) && node.parent.expression === node;
  const others = called ? [] : [...known].filter((name) => name !== node.name.text && !METHODS.has(name));
  return others.slice(0, MAX_NAMES).map((name) => ({
    kind: 'member',
    title: 'another member',
    at: node.name.getStart(),
    edits: [replace(node.name, name)],
    prior: 0.55,
    closeness: 0.6 + 0.4 * likeness(name, node.name.text),
  }));
};

/** Methods that are taken for each other. */
const CONFUSED: readonly (readonly string[])[] = [
  ['push', 'unshift'],
  ['pop', 'shift'],
  ['push', 'add'],
  ['slice', 'splice'],
  ['slice', 'substring'],
  ['map', 'flatMap', 'filter', 'forEach'],
  ['filter', 'find', 'some'],
  ['some', 'every'],
  ['find', 'findLast', 'findIndex'],
  ['indexOf', 'lastIndexOf', 'findIndex'],
  ['findIndex', 'findLastIndex'],
  ['reduce', 'reduceRight'],
  ['min', 'max'],
  ['floor', 'ceil', 'round', 'trunc'],
  ['keys', 'values', 'entries'],
  ['startsWith', 'endsWith', 'includes'],
  ['includes', 'has'],
  ['toUpperCase', 'toLowerCase'],
  ['trim', 'trimStart', 'trimEnd'],
  ['padStart', 'padEnd'],
  ['replace', 'replaceAll'],
  ['match', 'matchAll'],
  ['getDate', 'getDay', 'getUTCDate'],
  ['getMonth', 'getUTCMonth'],
  ['getHours', 'getUTCHours'],
  ['getFullYear', 'getUTCFullYear', 'getYear'],
  ['get', 'has'],
  ['add', 'delete'],
  ['set', 'delete'],
  ['length', 'size'],
  ['sort', 'toSorted'],
  ['reverse', 'toReversed'],
  ['splice', 'toSpliced'],
  ['concat', 'push'],
  ['all', 'allSettled', 'race', 'any'],
  ['isInteger', 'isSafeInteger', 'isFinite'],
  ['parseInt', 'parseFloat', 'Number'],
  ['charAt', 'charCodeAt', 'codePointAt'],
  ['resolve', 'reject'],
  ['sin', 'cos'],
  ['then', 'finally'],
  ['assign', 'create'],
];
const OTHERS = new Map<string, string[]>();
for (const group of CONFUSED)
  for (const name of group) OTHERS.set(name, [...(OTHERS.get(name) ?? []), ...group.filter((other) => other !== name)]);
const METHODS: ReadonlySet<string> = new Set(OTHERS.keys());

export const methods: Template = (node) => {
  const name = ts.isPropertyAccessExpression(node)
    ? node.name
    : ts.isCallExpression(node) &&
        ts.isIdentifier(node.expression) &&
        ['parseInt', 'parseFloat'].includes(node.expression.text)
      ? node.expression
      : undefined;
  if (!name) return [];
  return (OTHERS.get(name.text) ?? []).map(
    (other, i): Proposal => ({
      kind: 'member',
      title: `\`${other}\` in place of \`${name.text}\``,
      at: name.getStart(),
      edits: [replace(name, other)],
      prior: 0.75,
      closeness: i === 0 ? 0.95 : 0.8,
    }),
  );
};
