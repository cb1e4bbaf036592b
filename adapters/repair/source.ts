/** A file of JavaScript or TypeScript as the templates see it: its tree, its names, what stands where. */
import ts from 'typescript';

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export type Guess = 'number' | 'string' | 'boolean' | 'array' | 'object' | 'map' | 'set' | 'function' | 'unknown';

export interface Name {
  readonly name: string;
  readonly guess: Guess;
  /** 0: of the innermost function; 1 and more: further out. */
  readonly depth: number;
  readonly pos: number;
  readonly mutable: boolean;
}

export type FunctionNode =
  | ts.FunctionDeclaration
  | ts.FunctionExpression
  | ts.ArrowFunction
  | ts.MethodDeclaration
  | ts.ConstructorDeclaration
  | ts.AccessorDeclaration;

/** Larger files are left alone. */
export const MAX_SOURCE_CHARS = 300_000;

const KINDS: readonly (readonly [RegExp, ts.ScriptKind])[] = [
  [/\.tsx$/, ts.ScriptKind.TSX],
  [/\.[cm]?ts$/, ts.ScriptKind.TS],
  [/\.jsx$/, ts.ScriptKind.JSX],
  [/\.[cm]?js$/, ts.ScriptKind.JSX],
];

export const isScript = (path: string): boolean =>
  KINDS.some(([pattern]) => pattern.test(path)) && !path.endsWith('.d.ts');

export function parse(path: string, text: string): ts.SourceFile {
  const kind = KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? ts.ScriptKind.JS;
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
}

/** The first thing the parser does not understand, or null. */
export function syntaxError(path: string, text: string): string | null {
  const file = parse(path, text) as ts.SourceFile & { readonly parseDiagnostics?: readonly ts.Diagnostic[] };
  const first = file.parseDiagnostics?.[0];
  return first ? ts.flattenDiagnosticMessageText(first.messageText, ' ') : null;
}

export function enclosing(node: ts.Node): FunctionNode | undefined {
  return ts.findAncestor(node.parent, isFunction);
}

export const isFunction = (node: ts.Node): node is FunctionNode =>
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isConstructorDeclaration(node) ||
  ts.isGetAccessor(node) ||
  ts.isSetAccessor(node);

/** Names that can be used at a place, innermost first. */
export function namesAt(node: ts.Node): Name[] {
  const found: Name[] = [];
  const seen = new Set<string>();
  const add = (name: ts.Node, guess: Guess, depth: number, mutable: boolean): void => {
    if (!ts.isIdentifier(name) || seen.has(name.text)) return;
    seen.add(name.text);
    found.push({ name: name.text, guess, depth, pos: name.getStart(), mutable });
  };
  const bind = (name: ts.BindingName, guess: Guess, depth: number, mutable: boolean): void => {
    if (ts.isIdentifier(name)) add(name, guess, depth, mutable);
    else
      for (const element of name.elements)
        if (ts.isBindingElement(element)) bind(element.name, 'unknown', depth, mutable);
  };
  const declare = (list: ts.VariableDeclarationList, depth: number): void => {
    for (const each of list.declarations)
      if (each.name.end <= node.getStart() || depth > 0)
        bind(each.name, guessOf(each), depth, (list.flags & ts.NodeFlags.Const) === 0);
  };
  let depth = 0;
  for (let at: ts.Node | undefined = node; at; at = at.parent) {
    if (ts.isBlock(at) || ts.isSourceFile(at) || ts.isCaseClause(at)) {
      for (const statement of at.statements) {
        if (ts.isVariableStatement(statement)) declare(statement.declarationList, depth);
        if (ts.isFunctionDeclaration(statement) && statement.name) add(statement.name, 'function', depth + 1, false);
      }
    } else if ((ts.isForStatement(at) || ts.isForOfStatement(at) || ts.isForInStatement(at)) && at.initializer) {
      if (ts.isVariableDeclarationList(at.initializer) && node.pos >= at.initializer.end)
        declare(at.initializer, depth);
    } else if (isFunction(at)) {
      for (const parameter of at.parameters) bind(parameter.name, guessOf(parameter), depth, true);
      depth++;
    }
  }
  return found;
}

function guessOf(declared: ts.VariableDeclaration | ts.ParameterDeclaration): Guess {
  if (declared.type) return ofType(declared.type);
  return declared.initializer ? guessExpression(declared.initializer) : 'unknown';
}

function ofType(type: ts.TypeNode): Guess {
  if (type.kind === ts.SyntaxKind.NumberKeyword) return 'number';
  if (type.kind === ts.SyntaxKind.StringKeyword) return 'string';
  if (type.kind === ts.SyntaxKind.BooleanKeyword) return 'boolean';
  if (ts.isArrayTypeNode(type) || ts.isTupleTypeNode(type)) return 'array';
  if (ts.isFunctionTypeNode(type)) return 'function';
  if (ts.isTypeReferenceNode(type)) return BY_NAME.get(type.typeName.getText()) ?? 'unknown';
  return 'unknown';
}

const BY_NAME: ReadonlyMap<string, Guess> = new Map(
  Object.entries<Guess>({
    Map: 'map',
    Set: 'set',
    WeakMap: 'map',
    Array: 'array',
    Record: 'object',
  }),
);
const RETURNS: ReadonlyMap<string, Guess> = new Map(
  Object.entries<Guess>({
    trim: 'string',
    toLowerCase: 'string',
    toUpperCase: 'string',
    join: 'string',
    padStart: 'string',
    replace: 'string',
    replaceAll: 'string',
    split: 'array',
    map: 'array',
    filter: 'array',
    sort: 'array',
    flatMap: 'array',
    keys: 'array',
    values: 'array',
    entries: 'array',
    from: 'array',
    includes: 'boolean',
    has: 'boolean',
    some: 'boolean',
    every: 'boolean',
    startsWith: 'boolean',
    endsWith: 'boolean',
    indexOf: 'number',
    findIndex: 'number',
    floor: 'number',
    ceil: 'number',
    round: 'number',
    max: 'number',
    min: 'number',
    abs: 'number',
  }),
);

/** What an expression most likely is, from its form alone. */
export function guessExpression(node: ts.Expression): Guess {
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
    return guessExpression(node.expression);
  if (ts.isNumericLiteral(node)) return 'number';
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return 'string';
  if (ts.isArrayLiteralExpression(node)) return 'array';
  if (ts.isObjectLiteralExpression(node)) return 'object';
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node)) return 'function';
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) return 'boolean';
  if (ts.isPrefixUnaryExpression(node)) return node.operator === ts.SyntaxKind.ExclamationToken ? 'boolean' : 'number';
  if (ts.isPostfixUnaryExpression(node)) return 'number';
  if (ts.isNewExpression(node)) return BY_NAME.get(node.expression.getText()) ?? 'unknown';
  if (ts.isPropertyAccessExpression(node)) return ['length', 'size'].includes(node.name.text) ? 'number' : 'unknown';
  if (ts.isCallExpression(node)) {
    const called = node.expression;
    if (ts.isIdentifier(called))
      return called.text === 'Number' ? 'number' : called.text === 'String' ? 'string' : 'unknown';
    if (ts.isPropertyAccessExpression(called)) return RETURNS.get(called.name.text) ?? 'unknown';
  }
  return ts.isBinaryExpression(node) ? ofOperator(node) : 'unknown';
}

function ofOperator(node: ts.BinaryExpression): Guess {
  const sign = node.operatorToken.getText();
  if (['<', '<=', '>', '>=', '===', '!==', '==', '!=', 'in', 'instanceof'].includes(sign)) return 'boolean';
  if (['-', '*', '/', '%', '**', '|', '&', '^', '<<', '>>', '>>>'].includes(sign)) return 'number';
  if (sign === '+') {
    const sides = [guessExpression(node.left), guessExpression(node.right)];
    return sides.includes('string') ? 'string' : sides.includes('number') ? 'number' : 'unknown';
  }
  return ['||', '??', '&&'].includes(sign) ? guessExpression(node.right) : 'unknown';
}

/** The guess for a name at its use. */
export function guessName(name: string, names: readonly Name[]): Guess {
  return names.find((each) => each.name === name)?.guess ?? 'unknown';
}

export const compatible = (a: Guess, b: Guess): boolean => a === b || a === 'unknown' || b === 'unknown';

/** 0 to 1: how alike two names are, by the share of letter pairs they have in common. */
export function likeness(a: string, b: string): number {
  const pairs = (text: string): string[] =>
    Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2).toLowerCase());
  const [p, q] = [pairs(a), pairs(b)];
  if (p.length + q.length === 0) return 0.5;
  const rest = [...q];
  let common = 0;
  for (const pair of p) {
    const i = rest.indexOf(pair);
    if (i < 0) continue;
    rest.splice(i, 1);
    common++;
  }
  return (2 * common) / (p.length + q.length);
}

export function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((now, { start, end, text: fresh }) => now.slice(0, start) + fresh + now.slice(end), text);
}
