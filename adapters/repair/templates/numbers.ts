/** Off by one, wrong bounds, wrong constants and initial values. */
import ts from 'typescript';
import { guessExpression, guessName } from '../source.js';
import { type Context, isTarget, isTight, type Proposal, replace, type Template } from '../template.js';

/** `n` → `n + 1`, `n - 1` where a number is expected: bounds, indices, arguments, answers, what is stored. */
export const offByOne: Template = (node, context) => {
  if (!ts.isExpression(node) || !isNumberPlace(node, context)) return [];
  if (ts.isNumericLiteral(node)) return [];
  const found: Proposal[] = [];
  const text = isTight(node) ? node.getText() : `(${node.getText()})`;
  for (const [end, closeness] of [
    [' + 1', 0.9],
    [' - 1', 0.9],
  ] as const)
    found.push(bound(node, `${text}${end}`, `${end.trim()} here`, closeness));
  return found;
};

/** `n - 1` → `n`. */
export const withoutOne: Template = (node) => {
  if (!ts.isBinaryExpression(node) || !['+', '-'].includes(node.operatorToken.getText())) return [];
  if (!ts.isNumericLiteral(node.right) || node.right.text !== '1') return [];
  return [bound(node, node.left.getText(), 'without the 1', 1)];
};

const bound = (node: ts.Node, text: string, title: string, closeness: number): Proposal => ({
  kind: 'bounds',
  title,
  at: node.getStart(),
  edits: [replace(node, text)],
  prior: 0.7,
  closeness,
});

function isNumberPlace(node: ts.Expression, context: Context): boolean {
  const form =
    ts.isIdentifier(node) ||
    ts.isPropertyAccessExpression(node) ||
    ts.isBinaryExpression(node) ||
    ts.isCallExpression(node);
  if (!form || isTarget(node) || isName(node)) return false;
  const guess = ts.isIdentifier(node) ? guessName(node.text, context.names(node)) : guessExpression(node);
  if (guess !== 'number' && guess !== 'unknown') return false;
  const { parent } = node;
  if (ts.isBinaryExpression(parent)) {
    const sign = parent.operatorToken.getText();
    if (['<', '<=', '>', '>='].includes(sign)) return true;
    if (['===', '!==', '=', '+=', '-='].includes(sign))
      return parent.right === node && (guess === 'number' || sign === '=');
    return ['+', '-', '*', '/', '%'].includes(sign) && guess === 'number' && !ts.isBinaryExpression(node);
  }
  if (ts.isElementAccessExpression(parent)) return parent.argumentExpression === node;
  if (ts.isCallExpression(parent)) return parent.expression !== node && (guess === 'number' || ts.isIdentifier(node));
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node && guess === 'number';
  return ts.isReturnStatement(parent) || (ts.isArrowFunction(parent) && parent.body === node)
    ? guess === 'number' || ts.isCallExpression(node)
    : false;
}

const isName = (node: ts.Node): boolean =>
  (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) ||
  (ts.isCallExpression(node.parent) && node.parent.expression === node);

/** Another number: one more or less, 0, 1, its negative, ten times, a tenth, or a number of the same file. */
export const constants: Template = (node, context) => {
  if (!ts.isNumericLiteral(node)) return [];
  const value = Number(node.text);
  const isKey = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
  if (isKey || !Number.isFinite(value)) return [];
  const others = new Map<string, number>();
  const add = (text: string, closeness: number): void => {
    if (text !== node.text && !(others.get(text)! >= closeness)) others.set(text, closeness);
  };
  add(shown(value + 1), 1);
  if (value !== 0) add(shown(value - 1), 1);
  else add('-1', 0.7);
  if (value === 1) add('2', 1);
  if (value > 1) add('1', 0.6);
  if (value !== 0) add('0', value === 1 ? 1 : 0.4);
  if (value >= 5) {
    for (const step of [10, 5, 2])
      for (const sign of [1, -1]) if (value + sign * step > 0) add(shown(value + sign * step), 0.5);
    add(shown(value * 10), 0.5);
    add(shown(value / 10), 0.5);
    add(shown(value * 2), 0.4);
    add(shown(value / 2), 0.4);
  }
  if (value !== 0 && !ts.isPrefixUnaryExpression(node.parent)) add(`-${node.text}`, 0.4);
  for (const known of context.facts.numbers.slice(0, 20)) add(known, 0.4);
  return [...others].map(([text, closeness]) => ({
    kind: 'constant',
    title: `another number: ${text}`,
    at: node.getStart(),
    edits: [replace(node, text)],
    prior: isSmallPlace(node) ? 0.65 : 0.5,
    closeness,
  }));
};

const shown = (value: number): string => String(Number(value.toPrecision(12)));

/** Where 0 and 1 are mistaken for each other most: starts of loops, indices, arguments. */
const isSmallPlace = ({ parent }: ts.Node): boolean =>
  ts.isVariableDeclaration(parent) || ts.isElementAccessExpression(parent) || ts.isCallExpression(parent);

/** The first value of something that grows: `0` → `-Infinity`, `Infinity`, `1`; `''` → nothing else fits. */
export const initialValues: Template = (node) => {
  const starts =
    (ts.isVariableDeclaration(node) && node.initializer) ||
    (ts.isPropertyDeclaration(node) && node.initializer) ||
    (ts.isCallExpression(node) && /\.reduce(?:Right)?$/.test(node.expression.getText()) && node.arguments[1]) ||
    undefined;
  if (!starts) return [];
  const text = starts.getText();
  const others = INITIAL.get(text) ?? [];
  return others.map(([other, closeness]) => ({
    kind: 'constant',
    title: `begins with ${other}`,
    at: starts.getStart(),
    edits: [replace(starts, other)],
    prior: 0.55,
    closeness,
  }));
};

const INITIAL: ReadonlyMap<string, readonly (readonly [string, number])[]> = new Map(
  Object.entries<readonly (readonly [string, number])[]>({
    '0': [
      ['-Infinity', 0.8],
      ['Infinity', 0.8],
      ['1', 1],
      ['null', 0.3],
    ],
    '1': [['0', 1]],
    Infinity: [
      ['-Infinity', 1],
      ['0', 0.7],
    ],
    '-Infinity': [
      ['Infinity', 1],
      ['0', 0.7],
    ],
    true: [['false', 1]],
    false: [['true', 1]],
    null: [
      ['0', 0.5],
      ["''", 0.4],
      ['[]', 0.4],
      ['undefined', 0.4],
    ],
    '{}': [['[]', 0.5]],
    '[]': [['{}', 0.5]],
  }),
);

/** `true` ↔ `false`, and small texts. */
export const literals: Template = (node) => {
  const text = node.getText();
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    if (ts.isLiteralTypeNode(node.parent)) return [];
    return [constant(node, text === 'true' ? 'false' : 'true', 0.9)];
  }
  if (!ts.isStringLiteral(node) || ts.isImportDeclaration(node.parent) || ts.isLiteralTypeNode(node.parent)) return [];
  const others = TEXTS.get(node.text) ?? [];
  return others.map((other) => constant(node, `'${other}'`, 0.7));
};

const TEXTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries<readonly string[]>({
    '': [' ', ',', ', '],
    ' ': ['', '  ', ', ', '-'],
    ',': [', ', '', ' '],
    ', ': [',', ' '],
    '-': ['_', '', ' '],
    _: ['-', ' '],
    '0': [' ', '1'],
    '/': ['', '\\\\'],
    '\n': ['', ' '],
  }),
);

const constant = (node: ts.Node, text: string, closeness: number): Proposal => ({
  kind: 'constant',
  title: `another value: ${text}`,
  at: node.getStart(),
  edits: [replace(node, text)],
  prior: 0.55,
  closeness,
});
