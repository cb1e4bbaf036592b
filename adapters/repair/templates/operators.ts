/** Wrong comparison, arithmetic, logical and assignment operators; operands the wrong way round. */
import ts from 'typescript';
import type { Defect } from '../../../domain/fix/candidate.schema.js';
import { guessExpression, guessName } from '../source.js';
import { type Context, type Proposal, replace, type Template, wrapped } from '../template.js';

/** Other operators by the one that stands there, likeliest first, with how near they are. */
const COMPARISONS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '<': { '<=': 1, '>': 0.8, '>=': 0.6, '!==': 0.25, '===': 0.2 },
  '<=': { '<': 1, '>=': 0.8, '>': 0.6, '===': 0.2, '!==': 0.2 },
  '>': { '>=': 1, '<': 0.8, '<=': 0.6, '!==': 0.25, '===': 0.2 },
  '>=': { '>': 1, '<=': 0.8, '<': 0.6, '===': 0.2, '!==': 0.2 },
  '===': { '!==': 1, '<=': 0.35, '>=': 0.35, '<': 0.3, '>': 0.3, '==': 0.3 },
  '!==': { '===': 1, '<': 0.3, '>': 0.3, '<=': 0.25, '>=': 0.25, '!=': 0.3 },
  '==': { '!=': 1, '===': 0.4, '<=': 0.3, '>=': 0.3 },
  '!=': { '==': 1, '!==': 0.4, '<': 0.3, '>': 0.3 },
};
const ARITHMETIC: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '+': { '-': 1, '*': 0.6, '/': 0.3, '%': 0.2 },
  '-': { '+': 1, '*': 0.4, '/': 0.4, '%': 0.4 },
  '*': { '/': 1, '+': 0.7, '-': 0.4, '**': 0.5, '%': 0.3 },
  '/': { '*': 1, '%': 0.8, '-': 0.5, '+': 0.3 },
  '%': { '/': 0.9, '*': 0.5, '-': 0.5, '+': 0.3 },
  '**': { '*': 1 },
  '<<': { '>>': 1, '>>>': 0.5 },
  '>>': { '>>>': 0.8, '<<': 1 },
  '>>>': { '>>': 1, '<<': 0.8 },
  '&': { '|': 1, '^': 0.7, '&&': 0.4 },
  '|': { '&': 1, '^': 0.7, '||': 0.4 },
  '^': { '&': 1, '|': 0.8, '**': 0.6 },
};
const LOGICAL: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '&&': { '||': 1, '??': 0.2 },
  '||': { '&&': 1, '??': 0.8 },
  '??': { '||': 0.8, '&&': 0.3 },
};
const ASSIGNING: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '=': { '+=': 1, '-=': 0.6, '*=': 0.4, '??=': 0.3, '||=': 0.2 },
  '+=': { '-=': 1, '=': 0.8, '*=': 0.6 },
  '-=': { '+=': 1, '=': 0.8, '/=': 0.4 },
  '*=': { '/=': 1, '+=': 0.8, '=': 0.5, '**=': 0.3 },
  '/=': { '*=': 1, '-=': 0.6, '%=': 0.5, '=': 0.4 },
  '%=': { '/=': 1, '=': 0.5 },
  '??=': { '||=': 0.8, '=': 0.8 },
  '||=': { '??=': 1, '&&=': 0.8, '=': 0.6 },
  '&&=': { '||=': 1 },
  '|=': { '&=': 1, '^=': 0.8, '=': 0.5 },
  '&=': { '|=': 1, '^=': 0.8 },
  '^=': { '|=': 0.8, '&=': 1 },
  '<<=': { '>>=': 1, '>>>=': 0.8 },
  '>>=': { '<<=': 1, '>>>=': 0.8 },
};
const TABLES: readonly (readonly [Defect, number, typeof COMPARISONS])[] = [
  ['comparison', 0.9, COMPARISONS],
  ['arithmetic', 0.8, ARITHMETIC],
  ['condition', 0.75, LOGICAL],
  ['assignment', 0.85, ASSIGNING],
];

export const operators: Template = (node, context) => {
  if (!ts.isBinaryExpression(node)) return [];
  const sign = node.operatorToken.getText();
  const found: Proposal[] = [];
  for (const [kind, prior, table] of TABLES) {
    for (const [other, closeness] of Object.entries(table[sign] ?? {})) {
      if (!makesSense(node, other, context)) continue;
      found.push({
        kind,
        title: `\`${other}\` in place of \`${sign}\``,
        at: node.operatorToken.getStart(),
        edits: [replace(node.operatorToken, other)],
        prior,
        closeness,
      });
    }
  }
  return [...found, ...swapped(node, sign), ...oneSide(node, sign)];
};

/** Texts are not subtracted, and what is declared here is not added to. */
function makesSense(node: ts.BinaryExpression, other: string, context: Context): boolean {
  const text = (side: ts.Expression): boolean =>
    guessExpression(side) === 'string' ||
    (ts.isIdentifier(side) && guessName(side.text, context.names(node)) === 'string');
  const onlyNumbers = /^(?:[-*/%&|^]|\*\*|<<|>>>?)=?$/.test(other);
  if (onlyNumbers && (text(node.left) || text(node.right))) return false;
  if (/^(?:[-+*/%]|\*\*)=$/.test(other) && node.operatorToken.getText() === '=') {
    const right = guessExpression(node.right);
    return right === 'number' || right === 'unknown' || (right === 'string' && other === '+=');
  }
  return true;
}

/** `a - b` → `b - a`. */
function swapped(node: ts.BinaryExpression, sign: string): Proposal[] {
  if (!['-', '/', '%', '**', '<<', '>>', '??', '<', '>', '<=', '>='].includes(sign)) return [];
  if (node.left.getText() === node.right.getText()) return [];
  // For a comparison this is the same as another operator.
  if (/[<>]/.test(sign)) return [];
  return [
    {
      kind: 'arguments',
      title: `the sides of \`${sign}\` the other way round`,
      at: node.getStart(),
      edits: [replace(node.left, wrapped(node.right)), replace(node.right, wrapped(node.left))],
      prior: 0.7,
      closeness: 0.8,
    },
  ];
}

/** `a && b` → `a` or `b`. */
function oneSide(node: ts.BinaryExpression, sign: string): Proposal[] {
  if (!['&&', '||', '+', '-', '*', '/', '%'].includes(sign)) return [];
  const logical = sign === '&&' || sign === '||';
  return [node.left, node.right].map((kept) => ({
    kind: logical ? ('condition' as const) : ('arithmetic' as const),
    title: `one side of \`${sign}\` only`,
    at: node.operatorToken.getStart(),
    edits: [replace(node, kept.getText())],
    prior: logical ? 0.4 : 0.3,
    closeness: logical ? 0.6 : 0.6,
  }));
}

/** `++` and `--`; a missing or needless minus. */
export const signs: Template = (node) => {
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return [];
  const text = node.getText();
  const other = text.includes('++') ? text.replace('++', '--') : text.includes('--') ? text.replace('--', '++') : null;
  if (other !== null)
    return [
      {
        kind: 'assignment',
        title: 'counts the other way',
        at: node.getStart(),
        edits: [replace(node, other)],
        prior: 0.8,
        closeness: 1,
      },
    ];
  if (node.operator !== ts.SyntaxKind.MinusToken) return [];
  return [
    {
      kind: 'arithmetic',
      title: 'without the minus',
      at: node.getStart(),
      edits: [replace(node, node.operand.getText())],
      prior: 0.5,
      closeness: 0.8,
    },
  ];
};
