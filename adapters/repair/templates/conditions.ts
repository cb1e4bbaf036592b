/** Conditions that are negated, missing, or too narrow; things that may not be there. */
import ts from 'typescript';
import { enclosing, guessExpression, guessName } from '../source.js';
import {
  type Context,
  indentOf,
  insertBefore,
  isTarget,
  isTight,
  type Proposal,
  replace,
  type Template,
  wrapped,
} from '../template.js';

const isCondition = (node: ts.Node): node is ts.Expression => {
  const { parent } = node;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  if (ts.isConditionalExpression(parent)) return parent.condition === node;
  return ts.isForStatement(parent) && parent.condition === node;
};

/** An operand of `&&`, `||`, or what a predicate answers. */
const isPart = (node: ts.Node): boolean =>
  (ts.isBinaryExpression(node.parent) && /^(?:&&|\|\|)$/.test(node.parent.operatorToken.getText())) ||
  (ts.isReturnStatement(node.parent) && guessExpression(node as ts.Expression) === 'boolean') ||
  (ts.isArrowFunction(node.parent) &&
    node.parent.body === node &&
    guessExpression(node as ts.Expression) === 'boolean');

export const negation: Template = (node) => {
  if (!ts.isExpression(node) || !(isCondition(node) || isPart(node))) return [];
  const bare = ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken;
  // An operator's own opposite is proposed with the operators.
  if (!bare && ts.isBinaryExpression(node) && !/^(?:&&|\|\||in|instanceof)$/.test(node.operatorToken.getText()))
    return [];
  return [
    {
      kind: 'condition',
      title: bare ? 'without the `!`' : 'the opposite condition',
      at: node.getStart(),
      edits: [replace(node, bare ? unwrapped(node.operand) : `!${wrapped(node)}`)],
      prior: 0.75,
      closeness: 0.9,
    },
  ];
};

const unwrapped = (node: ts.Expression): string =>
  ts.isParenthesizedExpression(node) && !ts.isBinaryExpression(node.expression)
    ? node.expression.getText()
    : node.getText();

/** `!` in the middle: `x.some(f)` → `!x.some(f)` is `negation`; here are branches the other way round. */
export const branches: Template = (node) => {
  if (!ts.isConditionalExpression(node)) return [];
  return [
    {
      kind: 'condition',
      title: 'branches the other way round',
      at: node.getStart(),
      edits: [replace(node.whenTrue, wrapped(node.whenFalse)), replace(node.whenFalse, wrapped(node.whenTrue))],
      prior: 0.6,
      closeness: 0.8,
    },
  ];
};

/** Another condition beside the one that is there. */
export const moreConditions: Template = (node, context) => {
  if (!ts.isExpression(node) || !(isCondition(node) || isPart(node) || isAnswer(node))) return [];
  const text = node.getText();
  return atoms(node, context).flatMap(([atom, closeness]) =>
    text.includes(atom)
      ? []
      : (['&&', '||'] as const).map((sign) => ({
          kind: 'condition' as const,
          title: `one more condition, by \`${sign}\``,
          at: node.getStart(),
          edits: [replace(node, `${grouped(node, sign)} ${sign} ${atom}`)],
          prior: 0.35,
          closeness,
        })),
  );
};

const isAnswer = (node: ts.Node): boolean =>
  ts.isBinaryExpression(node) &&
  (ts.isReturnStatement(node.parent) || ts.isArrowFunction(node.parent)) &&
  guessExpression(node) === 'boolean';

const grouped = (node: ts.Expression, sign: string): string => {
  const mixed =
    ts.isBinaryExpression(node) &&
    /^(?:&&|\|\||\?\?)$/.test(node.operatorToken.getText()) &&
    node.operatorToken.getText() !== sign;
  return mixed || ts.isConditionalExpression(node) ? `(${node.getText()})` : node.getText();
};

/** Simple conditions over what can be named here, and those the file uses elsewhere. */
function atoms(node: ts.Node, context: Context): (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  const names = context.names(node).filter((name) => name.depth === 0);
  for (const { name, guess } of names.slice(0, 8)) {
    if (guess === 'number' || guess === 'unknown') {
      found.push([`${name} === 0`, 0.6], [`${name} > 0`, 0.55], [`${name} < 0`, 0.5]);
      const modulo = ts.isBinaryExpression(node) ? multiples(node.getText(), name) : [];
      found.push(...modulo.map((text) => [text, 0.7] as const));
    }
    if (guess === 'array' || guess === 'string') found.push([`${name}.length === 0`, 0.6], [`${name}.length > 0`, 0.6]);
    if (guess === 'boolean') found.push([name, 0.8], [`!${name}`, 0.8]);
    if (guess === 'unknown')
      found.push([`${name} !== undefined`, 0.5], [`${name} == null`, 0.5], [name, 0.5], [`!${name}`, 0.5]);
  }
  const numbers = names.filter(({ guess }) => guess === 'number').slice(0, 5);
  for (const a of numbers)
    for (const b of numbers) if (a !== b) found.push([`${a.name} < ${b.name}`, 0.45], [`${a.name} === ${b.name}`, 0.4]);
  found.push(
    ...context.facts.conditions.slice(0, 10).map((text) => [text.includes(' ') ? `(${text})` : text, 0.5] as const),
  );
  return found;
}

/** Of `year % 4 === 0 && year % 100 !== 0`: the next in the row, such as `year % 400 === 0`. */
function multiples(text: string, name: string): string[] {
  const by = [...text.matchAll(/\b(\w{1,40}) % (\d{1,9})\b/g)]
    .filter((match) => match[1] === name)
    .map((match) => Number(match[2]));
  if (by.length === 0) return [];
  const next = new Set(
    [...by.map((n) => n * 10), ...by.flatMap((a) => by.map((b) => a * b))].filter((n) => !by.includes(n)),
  );
  return [...next].slice(0, 4).flatMap((n) => [`${name} % ${n} === 0`, `${name} % ${n} !== 0`]);
}

/** `a.b` → `a?.b` where `a` may be missing. */
export const optional: Template = (node) => {
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return [];
  if (node.questionDotToken || isTarget(node) || node.expression.kind === ts.SyntaxKind.ThisKeyword) return [];
  if (ts.isIdentifier(node.expression) && /^[A-Z]/.test(node.expression.text)) return [];
  const from = node.expression.getEnd();
  const sure = ts.isNonNullExpression(node.expression) ? 1 : 0;
  const edit = {
    start: from - sure,
    end: ts.isElementAccessExpression(node) ? from : node.name.getStart(),
    text: '?.',
  };
  return [
    {
      kind: 'null',
      title: 'where there may be nothing',
      at: node.getStart(),
      edits: [edit],
      prior: 0.5,
      closeness: sure ? 1 : 0.8,
    },
  ];
};

const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  number: ['0'],
  string: ["''"],
  array: ['[]'],
  object: ['{}'],
  boolean: ['false'],
  map: ['new Map()'],
  set: ['new Set()'],
  unknown: ['[]', '0', "''", '{}', 'null', 'false'],
};

/** `a.b` → `a.b ?? []`. */
export const defaults: Template = (node, context) => {
  if (!ts.isExpression(node) || isTarget(node) || !isValuePlace(node)) return [];
  const form =
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isIdentifier(node) ||
    ts.isCallExpression(node);
  if (!form || ts.isAwaitExpression(node.parent)) return [];
  const guess = ts.isIdentifier(node) ? guessName(node.text, context.names(node)) : guessExpression(node);
  const values = [...(DEFAULTS[guess] ?? DEFAULTS['unknown']!)];
  const around = ts.isBinaryExpression(node.parent) || ts.isPropertyAccessExpression(node.parent);
  return values.map((value, i) => ({
    kind: 'null',
    title: `${value} where there is nothing`,
    at: node.getStart(),
    edits: [replace(node, around ? `(${node.getText()} ?? ${value})` : `${node.getText()} ?? ${value}`)],
    prior: 0.45,
    closeness: 0.85 - i * 0.08 - (ts.isCallExpression(node) ? 0.15 : 0) - (ts.isIdentifier(node) ? 0.15 : 0),
  }));
};

const isValuePlace = (node: ts.Node): boolean => {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
  if (ts.isBinaryExpression(parent)) return ['+', '-', '*', '=', '+='].includes(parent.operatorToken.getText());
  if (ts.isForOfStatement(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent)) return parent.expression !== node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node && !ts.isIdentifier(node);
  return (
    ts.isReturnStatement(parent) ||
    ts.isSpreadElement(parent) ||
    ts.isPropertyAssignment(parent) ||
    (ts.isArrowFunction(parent) && parent.body === node)
  );
};

/** A way out at the beginning of a function, before a statement or a loop's body. */
export const guards: Template = (node, context) => {
  if (!ts.isBlock(node) || node.statements.length === 0) return [];
  const owner = node.parent;
  const loop = ts.isForStatement(owner) || ts.isForOfStatement(owner) || ts.isWhileStatement(owner);
  const of = loop ? undefined : enclosing(node.statements[0]!);
  if (!loop && of?.body !== node) return [];
  const [first] = node.statements;
  const indent = indentOf(first!, context.text);
  const found: Proposal[] = [];
  const add = (condition: string, out: string, closeness: number): void => {
    found.push({
      kind: 'condition',
      title: 'a way out at the beginning',
      at: first!.getStart(),
      edits: [insertBefore(first!, `if (${condition}) ${out};\n${indent}`)],
      prior: 0.3,
      closeness,
    });
  };
  if (loop) {
    const body = ts.isForOfStatement(owner) ? owner.initializer.getText().replace(/^(?:const|let)\s+/, '') : '';
    if (/^\w+$/.test(body)) add(`!${body}`, 'continue', 0.6);
    return found;
  }
  const outs = returnValues(of!);
  for (const parameter of of!.parameters.slice(0, 3)) {
    if (!ts.isIdentifier(parameter.name) || parameter.initializer) continue;
    const name = parameter.name.text;
    for (const [out, closeness] of outs)
      for (const condition of [`${name} == null`, `${name}.length === 0`, `${name} === 0`, `${name} <= 0`])
        add(condition, `return ${out}`.trim(), closeness - (condition.includes('null') ? 0 : 0.1));
    add(`${name} === 0 || ${name} === 1`, `return ${name}`, 0.4);
  }
  return found;
};

/** What a function answers elsewhere, and empty answers. */
function returnValues(of: ts.SignatureDeclaration & { body?: ts.Node | undefined }): (readonly [string, number])[] {
  const own = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (
      ts.isReturnStatement(node) &&
      node.expression &&
      node.expression.getText().length < 20 &&
      isTight(node.expression)
    )
      own.add(node.expression.getText());
    ts.forEachChild(node, visit);
  };
  if (of.body) visit(of.body);
  const simple = [...own].filter((text) => /^(?:-?\d+|null|true|false|''|\[\]|\{\}|undefined)$/.test(text));
  const rest = ['0', 'null', '[]', "''", 'false'].filter((text) => !simple.includes(text));
  return [...simple.map((text) => [text, 0.8] as const), ...rest.map((text) => [text, 0.5] as const)];
}
