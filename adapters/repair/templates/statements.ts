/** Missing `await`, missing `return`, missing, needless or misplaced statements. */
import ts from 'typescript';
import { enclosing, type FunctionNode } from '../source.js';
import {
  type Context,
  indentOf,
  insertAfter,
  insertBefore,
  type Proposal,
  replace,
  type Template,
} from '../template.js';

const isAsync = (node: ts.Node | undefined): boolean =>
  node !== undefined &&
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.AsyncKeyword);

export const awaits: Template = (node, context) => {
  if (!ts.isCallExpression(node) || !isAsync(enclosing(node)) || ts.isAwaitExpression(node.parent)) return [];
  const name = ts.isPropertyAccessExpression(node.expression) ? node.expression.name.text : node.expression.getText();
  const known =
    context.facts.asyncNames.has(name) || name === 'Promise' || /^Promise\./.test(node.expression.getText());
  const builtIn = /^(?:push|slice|map|filter|log|toString|join|trim|get|set|has|add|keys|values)$/.test(name);
  const direct = ts.isPropertyAccessExpression(node.parent) && node.parent.expression === node;
  return [
    {
      kind: 'async',
      title: 'with `await`',
      at: node.getStart(),
      edits: [replace(node, direct || isOperand(node) ? `(await ${node.getText()})` : `await ${node.getText()}`)],
      prior: 0.9,
      closeness: known ? 1 : builtIn ? 0.25 : 0.85,
    },
  ];
};

const isOperand = ({ parent }: ts.Node): boolean => ts.isAsExpression(parent) || ts.isNonNullExpression(parent);

/** `list.map(async …)` → `await Promise.all(list.map(async …))`. */
export const allOf: Template = (node) => {
  if (!ts.isCallExpression(node) || !isAsync(enclosing(node)) || !/\.map$/.test(node.expression.getText())) return [];
  const [first] = node.arguments;
  if (!first || !isAsync(first) || ts.isCallExpression(node.parent)) return [];
  return [
    {
      kind: 'async',
      title: 'waits for all of them',
      at: node.getStart(),
      edits: [replace(node, `await Promise.all(${node.getText()})`)],
      prior: 0.9,
      closeness: 0.95,
    },
  ];
};

/** An expression whose value is thrown away → returned. */
export const returns: Template = (node) => {
  if (!ts.isExpressionStatement(node)) return [];
  const { expression } = node;
  const idle = !ts.isCallExpression(expression) && !isAssigning(expression) && !ts.isAwaitExpression(expression);
  const last = ts.isBlock(node.parent) && node.parent.statements.at(-1) === node;
  if (!idle && !last && !ts.isIfStatement(node.parent)) return [];
  return [
    {
      kind: 'return',
      title: 'with `return`',
      at: node.getStart(),
      edits: [insertBefore(node, 'return ')],
      prior: 0.85,
      closeness: idle ? 1 : ts.isCallExpression(expression) ? 0.7 : 0.4,
    },
  ];
};

const isAssigning = (node: ts.Expression): boolean =>
  (ts.isBinaryExpression(node) &&
    /=$/.test(node.operatorToken.getText()) &&
    !/^[=!<>]=/.test(node.operatorToken.getText())) ||
  ts.isPostfixUnaryExpression(node) ||
  (ts.isPrefixUnaryExpression(node) && /^(?:\+\+|--)/.test(node.getText()));

/** A function that changes something and does not hand it back. */
export const lastReturns: Template = (node, context) => {
  if (!ts.isBlock(node) || node.statements.length === 0) return [];
  const of = node.parent as FunctionNode;
  if (!('body' in of) || of.body !== node || ts.isConstructorDeclaration(of)) return [];
  const last = node.statements.at(-1)!;
  if (ts.isReturnStatement(last) || ts.isThrowStatement(last)) return [];
  const indent = indentOf(last, context.text);
  const names = context.names(last).filter((name) => name.depth === 0);
  const declared = last.pos;
  const inside = ts.isCallExpression(of.parent) && /\.reduce/.test(of.parent.expression.getText());
  return [...names.map((name) => name.name), 'this'].slice(0, 6).map((name, i) => ({
    kind: 'return',
    title: 'hands something back at the end',
    at: declared,
    edits: [insertAfter(last, `\n${indent}return ${name};`)],
    prior: 0.7,
    closeness: inside && of.parameters[0]?.name.getText() === name ? 1 : Math.max(0.3, 0.7 - i * 0.08),
  }));
};

/** The result of a call that changes nothing by itself is stored. */
export const stored: Template = (node) => {
  if (!ts.isExpressionStatement(node) || !ts.isCallExpression(node.expression)) return [];
  const called = node.expression.expression;
  if (!ts.isPropertyAccessExpression(called) || !PURE.has(called.name.text)) return [];
  return [
    {
      kind: 'assignment',
      title: 'stores the result',
      at: node.getStart(),
      edits: [insertBefore(node, `${called.expression.getText()} = `)],
      prior: 0.85,
      closeness: 1,
    },
  ];
};

const PURE: ReadonlySet<string> = new Set([
  'concat',
  'slice',
  'map',
  'filter',
  'trim',
  'replace',
  'replaceAll',
  'toLowerCase',
  'toUpperCase',
  'padStart',
  'padEnd',
  'toSorted',
  'toReversed',
  'flat',
  'normalize',
]);

export const deletions: Template = (node) => {
  const gone =
    ts.isExpressionStatement(node) ||
    ts.isIfStatement(node) ||
    ts.isContinueStatement(node) ||
    ts.isBreakStatement(node);
  if (!gone || !(ts.isBlock(node.parent) || ts.isSourceFile(node.parent))) return [];
  if (node.parent.statements.length < 2 || ts.isSourceFile(node.parent)) return [];
  return [
    {
      kind: 'call',
      title: 'without a statement',
      at: node.getStart(),
      edits: [{ start: node.getFullStart(), end: node.getEnd(), text: '' }],
      prior: 0.2,
      closeness: ts.isIfStatement(node) ? 0.4 : 0.7,
    },
  ];
};

/** Two neighbours the other way round. */
export const swaps: Template = (node) => {
  if (!ts.isBlock(node)) return [];
  return node.statements.slice(1).flatMap((second, i) => {
    const first = node.statements[i]!;
    if (ts.isVariableDeclarationList(first) || ts.isReturnStatement(first)) return [];
    return [
      {
        kind: 'call' as const,
        title: 'two statements the other way round',
        at: first.getStart(),
        edits: [replace(first, second.getText()), replace(second, first.getText())],
        prior: 0.3,
        closeness: 0.7,
      },
    ];
  });
};

/** A call that is missing: on something that can be named here, with something that can be named here. */
export const missingCalls: Template = (node, context) => {
  if (
    !ts.isStatement(node) ||
    !(ts.isBlock(node.parent) || ts.isSourceFile(node.parent)) ||
    ts.isSourceFile(node.parent)
  )
    return [];
  if (ts.isFunctionDeclaration(node)) return [];
  const names = context.names(node);
  const values = names
    .filter((name) => name.depth === 0 && ['unknown', 'string', 'number', 'object'].includes(name.guess))
    .slice(0, 6);
  const indent = indentOf(node, context.text);
  const found: Proposal[] = [];
  const add = (text: string, closeness: number): void => {
    found.push({
      kind: 'call',
      title: 'a statement that was missing',
      at: node.getStart(),
      edits: [insertBefore(node, `${text}\n${indent}`)],
      prior: 0.4,
      closeness,
    });
  };
  const block = node.parent.getText();
  for (const { name, guess, mutable, depth } of names.slice(0, 10)) {
    if (depth > 1) continue;
    if (guess === 'set')
      for (const value of values)
        add(`${name}.add(${value.name});`, block.includes(`${name}.has(${value.name})`) ? 1 : 0.5);
    if (guess === 'array') for (const value of values) add(`${name}.push(${value.name});`, 0.55);
    if (guess === 'number' && mutable && depth === 0) {
      add(`${name}++;`, 0.5);
      add(`${name}--;`, 0.35);
    }
  }
  for (const list of fields(node, context))
    for (const value of [...fieldValues(context), ...values.map((v) => v.name)].slice(0, 8))
      if (value !== list) add(`${list}.push(${value});`, 0.45);
  return found;
};

/** Fields that are lists, because the file calls list methods of them. */
function fields(node: ts.Node, context: Context): string[] {
  if (!ts.findAncestor(node, ts.isClassDeclaration)) return [];
  return [...context.facts.members]
    .filter(
      ([of, members]) =>
        of.startsWith('this.') && ['push', 'pop', 'shift', 'unshift'].some((name) => members.has(name)),
    )
    .map(([of]) => of);
}

function fieldValues(context: Context): string[] {
  return [...(context.facts.members.get('this') ?? [])].map((name) => `this.${name}`);
}

/** A statement of the same file once more, before another one. */
export const donors: Template = (node, context) => {
  if (!ts.isStatement(node) || !ts.isBlock(node.parent) || ts.isFunctionDeclaration(node)) return [];
  const indent = indentOf(node, context.text);
  return context.facts.statements
    .filter((text) => text !== node.getText() && !text.includes('\n'))
    .slice(0, 12)
    .map((text) => ({
      kind: 'call',
      title: 'a statement of the file once more',
      at: node.getStart(),
      edits: [insertBefore(node, `${text}\n${indent}`)],
      prior: 0.2,
      closeness: 0.5,
    }));
};

/** `case` without an end. */
export const breaks: Template = (node, context) => {
  if (!ts.isCaseClause(node) || node.statements.length === 0) return [];
  const last = node.statements.at(-1)!;
  if (ts.isBreakStatement(last) || ts.isReturnStatement(last) || ts.isThrowStatement(last) || ts.isBlock(last))
    return [];
  return [
    {
      kind: 'return',
      title: 'with `break`',
      at: last.getStart(),
      edits: [insertAfter(last, `\n${indentOf(last, context.text)}break;`)],
      prior: 0.8,
      closeness: 0.9,
    },
  ];
};
