/** Arguments in the wrong order, missing ones, missing copies, missing normalisation of text, missing calls around. */
import ts from 'typescript';
import { guessExpression, guessName } from '../source.js';
import {
  type Context,
  insertAfter,
  insertBefore,
  isTarget,
  type Proposal,
  replace,
  type Template,
} from '../template.js';

/** More arguments than this are not permuted. */
const MAX_ARGUMENTS = 4;

export const argumentOrder: Template = (node) => {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
  const list = node.arguments ?? ts.factory.createNodeArray<ts.Expression>();
  if (list.length < 2 || list.length > MAX_ARGUMENTS) return [];
  const texts = list.map((each) => each.getText());
  return orders(list.length)
    .filter((order) => order.some((from, to) => texts[from] !== texts[to]))
    .map((order) => ({
      kind: 'arguments',
      title: 'arguments in another order',
      at: node.getStart(),
      edits: order.flatMap((from, to) => (from === to ? [] : [replace(list[to]!, texts[from]!)])),
      prior: 0.7,
      closeness: order.filter((from, to) => from !== to).length === 2 ? 0.95 : 0.7,
    }));
};

/** Every order but the one that is there. */
function orders(length: number): number[][] {
  const all: number[][] = [];
  const go = (made: number[]): void => {
    if (made.length === length) all.push(made);
    else for (let i = 0; i < length; i++) if (!made.includes(i)) go([...made, i]);
  };
  go([]);
  return all.slice(1);
}

/** Calls whose first or second argument is forgotten most often. */
export const missingArguments: Template = (node) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const name = node.expression.name.text;
  const [first] = node.arguments;
  const proposal = (title: string, edits: Proposal['edits'], closeness: number): Proposal => ({
    kind: 'arguments',
    title,
    at: node.expression.getEnd() - name.length,
    edits,
    prior: 0.65,
    closeness,
  });
  if ((name === 'slice' || name === 'substring') && node.arguments.length === 1 && first)
    return [proposal('from the beginning', [insertBefore(first, '0, ')], 0.9)];
  if ((name === 'sort' || name === 'toSorted') && node.arguments.length === 0)
    return [
      proposal('sorts by number', [{ start: node.end - 1, end: node.end - 1, text: '(a, b) => a - b' }], 0.9),
      proposal(
        'sorts by number, largest first',
        [{ start: node.end - 1, end: node.end - 1, text: '(a, b) => b - a' }],
        0.6,
      ),
    ];
  if (name === 'flat' && node.arguments.length === 0)
    return [proposal('flattens all levels', [{ start: node.end - 1, end: node.end - 1, text: 'Infinity' }], 0.7)];
  if (/^reduce/.test(name) && node.arguments.length === 1 && first)
    return ['0', "''", '[]', '{}'].map((text, i) =>
      proposal('with a first value', [insertAfter(first, `, ${text}`)], 0.9 - i / 10),
    );
  return [];
};

/** What is sorted, reversed or filled in place is often somebody else's. */
export const copies: Template = (node, context) => {
  if (!ts.isPropertyAccessExpression(node) || !ts.isCallExpression(node.parent)) return [];
  const target = node.expression;
  if (!['sort', 'reverse', 'splice', 'push', 'unshift', 'fill'].includes(node.name.text)) return [];
  if (!ts.isIdentifier(target) && !ts.isPropertyAccessExpression(target)) return [];
  if (ts.isIdentifier(target) && !['array', 'unknown'].includes(guessName(target.text, context.names(node)))) return [];
  const used = !ts.isExpressionStatement(node.parent.parent);
  return [
    {
      kind: 'call',
      title: 'works on a copy',
      at: target.getStart(),
      edits: [replace(target, `[...${target.getText()}]`)],
      prior: 0.5,
      closeness: used ? 0.9 : 0.3,
    },
  ];
};

/** A list or an object that is stored or returned, and changed later. */
export const copiedValues: Template = (node, context) => {
  if (!ts.isIdentifier(node) || isTarget(node)) return [];
  const { parent } = node;
  const stored =
    (ts.isVariableDeclaration(parent) && parent.initializer === node) ||
    (ts.isBinaryExpression(parent) && parent.right === node && parent.operatorToken.getText() === '=') ||
    (ts.isCallExpression(parent) &&
      parent.arguments.includes(node) &&
      /\.(?:push|set|add)$/.test(parent.expression.getText())) ||
    ts.isReturnStatement(parent);
  if (!stored) return [];
  const guess = guessName(node.text, context.names(node));
  const forms = {
    array: ['[...X]'],
    object: ['{ ...X }'],
    map: ['new Map(X)'],
    set: ['new Set(X)'],
    unknown: ['[...X]', '{ ...X }'],
  };
  return (forms[guess as keyof typeof forms] ?? []).map((form) => ({
    kind: 'call',
    title: 'stores a copy',
    at: node.getStart(),
    edits: [replace(node, form.replace('X', node.text))],
    prior: 0.35,
    closeness: guess === 'unknown' ? 0.4 : 0.8,
  }));
};

const NORMAL = ['.toLowerCase()', '.trim()', '.toUpperCase()'] as const;

/** Text that is compared, looked up or returned as it came. */
export const normalisation: Template = (node, context) => {
  if (!ts.isExpression(node) || isTarget(node) || !isTextPlace(node, context)) return [];
  const text = node.getText();
  return NORMAL.filter((call) => !text.endsWith(call)).map((call, i) => ({
    kind: 'string',
    title: `with \`${call}\``,
    at: node.getEnd() - 1,
    edits: [insertAfter(node, call)],
    prior: 0.6,
    closeness: 0.9 - i * 0.15 - (ts.isCallExpression(node) ? 0 : 0.1),
  }));
};

function isTextPlace(node: ts.Expression, context: Context): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && ts.isIdentifier(node) && parent.expression !== node) return false;
  if (ts.isIdentifier(node)) {
    const guess = guessName(node.text, context.names(node));
    if (guess !== 'string' && guess !== 'unknown') return false;
    return (
      (ts.isPropertyAccessExpression(parent) && parent.expression === node && TEXT_METHODS.has(parent.name.text)) ||
      (guess === 'string' && isValue(node)) ||
      (ts.isCallExpression(parent) &&
        parent.arguments.includes(node) &&
        /\.(?:has|get|set|includes|add|delete|indexOf)$/.test(parent.expression.getText())) ||
      (ts.isBinaryExpression(parent) && /^[!=]==?$/.test(parent.operatorToken.getText()))
    );
  }
  return (
    guessExpression(node) === 'string' &&
    !ts.isStringLiteralLike(node) &&
    !ts.isTemplateExpression(node) &&
    !ts.isBinaryExpression(node) &&
    (isValue(node) || ts.isPropertyAccessExpression(parent))
  );
}

const TEXT_METHODS: ReadonlySet<string> = new Set([
  'split',
  'replace',
  'replaceAll',
  'match',
  'startsWith',
  'endsWith',
  'includes',
  'trim',
  'indexOf',
  'slice',
  'localeCompare',
  'padStart',
  'charAt',
  'test',
  'toLowerCase',
  'toUpperCase',
]);

const isValue = ({ parent }: ts.Node): boolean =>
  ts.isReturnStatement(parent) ||
  ts.isVariableDeclaration(parent) ||
  ts.isCallExpression(parent) ||
  ts.isArrowFunction(parent) ||
  ts.isPropertyAssignment(parent) ||
  (ts.isBinaryExpression(parent) && /=/.test(parent.operatorToken.getText()));

/** A normalisation that is one too many. */
export const withoutCall: Template = (node) => {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const called = node.expression;
  const plain = [
    'trim',
    'toLowerCase',
    'toUpperCase',
    'reverse',
    'sort',
    'toString',
    'flat',
    'slice',
    'filter',
  ].includes(called.name.text);
  return [
    {
      kind: plain && !['sort', 'slice', 'filter', 'reverse'].includes(called.name.text) ? 'string' : 'call',
      title: `without \`.${called.name.text}()\``,
      at: called.name.getStart(),
      edits: [replace(node, called.expression.getText())],
      prior: plain ? 0.45 : 0.2,
      closeness: node.arguments.length === 0 ? 0.8 : 0.5,
    },
  ];
};

/** A pattern without `g` or `i`. */
export const patternFlags: Template = (node) => {
  if (!ts.isRegularExpressionLiteral(node)) return [];
  const flags = node.text.slice(node.text.lastIndexOf('/') + 1);
  return [...'gi'].map((flag) => ({
    kind: 'string',
    title: flags.includes(flag) ? `without the flag ${flag}` : `with the flag ${flag}`,
    at: node.getStart(),
    edits: [
      replace(
        node,
        flags.includes(flag) ? node.text.slice(0, -flags.length) + flags.replace(flag, '') : node.text + flag,
      ),
    ],
    prior: 0.6,
    closeness: flags.includes(flag) ? 0.5 : 0.8,
  }));
};

/** `x` → `Number(x)` and the like, where kinds are mixed. */
export const conversions: Template = (node, context) => {
  if (!ts.isIdentifier(node) && !ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return [];
  const { parent } = node;
  const mixed =
    (ts.isBinaryExpression(parent) &&
      ['+', '===', '!==', '<', '>', '='].includes(parent.operatorToken.getText()) &&
      !isTarget(node)) ||
    (ts.isCallExpression(parent) && parent.arguments.includes(node as ts.Expression)) ||
    ts.isReturnStatement(parent);
  if (!mixed) return [];
  if (ts.isIdentifier(node) && guessName(node.text, context.names(node)) !== 'unknown') return [];
  return (['Number', 'String', 'Math.floor', 'Math.round', 'Math.abs'] as const).map((name, i) => ({
    kind: name === 'String' || name === 'Number' ? ('string' as const) : ('call' as const),
    title: `through \`${name}\``,
    at: node.getStart(),
    edits: [replace(node, `${name}(${node.getText()})`)],
    prior: 0.3,
    closeness: 0.8 - i * 0.05,
  }));
};

/** `a / b` → `Math.floor(a / b)`. */
export const rounding: Template = (node) => {
  if (!ts.isBinaryExpression(node) || node.operatorToken.getText() !== '/') return [];
  if (ts.isCallExpression(node.parent) && /^Math\./.test(node.parent.expression.getText())) return [];
  return ['floor', 'ceil', 'round'].map((name, i) => ({
    kind: 'call',
    title: `rounded by \`${name}\``,
    at: node.getStart(),
    edits: [replace(node, `Math.${name}(${node.getText()})`)],
    prior: 0.45,
    closeness: 0.9 - i * 0.1,
  }));
};
