/** What a template is: it looks at one node and proposes small edits that would undo a slip of its kind. */
import ts from 'typescript';
import type { Defect } from '../../domain/fix/candidate.schema.js';
import type { Edit, Name } from './source.js';

export interface Proposal {
  readonly kind: Defect;
  /** One line, in words of the language and not of the project. */
  readonly title: string;
  /** Where in the text the fault would be; its suspicion counts. */
  readonly at: number;
  readonly edits: readonly Edit[];
  readonly prior: number;
  readonly closeness: number;
}

export interface Context {
  readonly text: string;
  readonly ast: ts.SourceFile;
  /** Names that can be used at a node; remembered per node. */
  names(node: ts.Node): readonly Name[];
  /** Facts of the whole file, gathered once. */
  readonly facts: Facts;
}

export interface Facts {
  /** Member names by what they are read of, such as `this` → `items`, `start`. */
  readonly members: ReadonlyMap<string, ReadonlySet<string>>;
  /** Number literals of the file. */
  readonly numbers: readonly string[];
  /** Conditions of the file, as text. */
  readonly conditions: readonly string[];
  /** Functions of the file that are async, by name. */
  readonly asyncNames: ReadonlySet<string>;
  /** Statements that are calls or assignments, as text. */
  readonly statements: readonly string[];
}

export type Template = (node: ts.Node, context: Context) => Proposal[];

export const replace = (node: ts.Node, text: string): Edit => ({ start: node.getStart(), end: node.getEnd(), text });
export const insertBefore = (node: ts.Node, text: string): Edit => ({
  start: node.getStart(),
  end: node.getStart(),
  text,
});
export const insertAfter = (node: ts.Node, text: string): Edit => ({ start: node.getEnd(), end: node.getEnd(), text });

/** Space at the beginning of the line a node is on. */
export function indentOf(node: ts.Node, text: string): string {
  const start = text.lastIndexOf('\n', node.getStart() - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, start + 200))![0];
}

/** A node whose text binds tighter than any operator around it. */
export const isTight = (node: ts.Node): boolean =>
  ts.isIdentifier(node) ||
  ts.isNumericLiteral(node) ||
  ts.isStringLiteralLike(node) ||
  ts.isPropertyAccessExpression(node) ||
  ts.isElementAccessExpression(node) ||
  ts.isCallExpression(node) ||
  ts.isParenthesizedExpression(node) ||
  ts.isNonNullExpression(node) ||
  node.kind === ts.SyntaxKind.ThisKeyword ||
  ts.isArrayLiteralExpression(node);

export const wrapped = (node: ts.Node): string => (isTight(node) ? node.getText() : `(${node.getText()})`);

export function factsOf(ast: ts.SourceFile): Facts {
  const members = new Map<string, Set<string>>();
  const numbers = new Set<string>();
  const conditions = new Set<string>();
  const asyncNames = new Set<string>();
  const statements = new Set<string>();
  const member = (of: string, name: string): void => {
    const known = members.get(of) ?? new Set();
    members.set(of, known.add(name));
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) member(node.expression.getText(), node.name.getText());
    if (ts.isNumericLiteral(node)) numbers.add(node.getText());
    if (ts.isIfStatement(node) || ts.isWhileStatement(node)) conditions.add(node.expression.getText());
    if (ts.isConditionalExpression(node)) conditions.add(node.condition.getText());
    if (isAsync(node)) asyncNames.add(nameOf(node));
    if (ts.isExpressionStatement(node) && node.getText().length < 120) statements.add(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(ast);
  asyncNames.delete('');
  const short = [...conditions].filter((text) => text.length < 80);
  return { members, numbers: [...numbers], conditions: short, asyncNames, statements: [...statements] };
}

const isAsync = (node: ts.Node): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((each) => each.kind === ts.SyntaxKind.AsyncKeyword);

function nameOf(node: ts.Node): string {
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name) return node.name.getText();
  return ts.isVariableDeclaration(node.parent) ? node.parent.name.getText() : '';
}

/** Whether an expression is a target: what an assignment or `++` changes. */
export function isTarget(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isBinaryExpression(parent) && parent.left === node) return ASSIGNMENTS.has(parent.operatorToken.kind);
  return ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent)
    ? parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken
    : false;
}

const K = ts.SyntaxKind;
export const ASSIGNMENTS: ReadonlySet<ts.SyntaxKind> = new Set([
  K.EqualsToken,
  K.PlusEqualsToken,
  K.MinusEqualsToken,
  K.AsteriskEqualsToken,
  K.SlashEqualsToken,
  K.PercentEqualsToken,
  K.BarEqualsToken,
  K.AmpersandEqualsToken,
  K.CaretEqualsToken,
  K.LessThanLessThanEqualsToken,
  K.GreaterThanGreaterThanEqualsToken,
  K.QuestionQuestionEqualsToken,
  K.BarBarEqualsToken,
  K.AmpersandAmpersandEqualsToken,
]);
