/**
 * Expressions of definitions and alerts: CEL, which has no loops without an end, no way to the host and no clock. They are
 * parsed, never handed to JavaScript, so they may be evaluated inside a workflow. Its `matches` is left out, because it
 * would hand a user's pattern to a backtracking engine; so are loops inside loops, which grow without need.
 */
import { type ASTNode, Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js';
import { isObject, type Json } from './json.js';

export const MAX_EXPRESSION = 2_000;
const LIMITS = { maxAstNodes: 400, maxDepth: 32, maxListElements: 200, maxMapEntries: 100, maxCallArguments: 16 };
const LOOPS = ['all', 'exists', 'exists_one', 'map', 'filter'];

/** An expression that cannot be parsed or evaluated; the message is the end of a sentence. */
export class BadExpression extends Error {
  override readonly name = 'BadExpression';
  constructor(
    message: string,
    /** Characters from its beginning. */
    readonly offset = 0,
  ) {
    super(message);
  }
}

/** A place that an expression reads: `steps.build.outputs.url` is `['steps', 'build', 'outputs', 'url']`. */
export interface Reference {
  readonly names: readonly string[];
  readonly offset: number;
}

export interface Expression {
  readonly text: string;
  readonly references: readonly Reference[];
  /** Throws `BadExpression`. */
  evaluate(variables: Readonly<Record<string, unknown>>): Json;
}

/** Names that an expression may use, each with its type of CEL, or an object of such. */
export interface Shape {
  readonly [name: string]: string | Shape;
}

export interface Checker {
  /** The type of CEL that it has. Throws `BadExpression` for types that do not fit together. */
  typeOf(text: string): string;
}

const MAX_RANGE = 100_000;

/** `range(3)` is `[0, 1, 2]`. */
function withRange(env: Environment): Environment {
  return env.registerFunction('range(int): list<int>', (count: bigint) => {
    if (count < 0n || count > BigInt(MAX_RANGE)) throw new BadExpression(`asks for a range beyond 0 to ${MAX_RANGE}`);
    return Array.from({ length: Number(count) }, (_, index) => BigInt(index));
  });
}

const loose = withRange(
  new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  }),
);

/** Throws `BadExpression`. */
export function parseExpression(text: string): Expression {
  if (text.trim() === '') throw new BadExpression('is empty');
  if (text.length > MAX_EXPRESSION) throw new BadExpression(`is longer than ${MAX_EXPRESSION} characters`);
  const parsed = sentence(() => loose.parse(text));
  const references: Reference[] = [];
  walk(parsed.ast, { bound: new Set(), references, loops: 0 });
  return {
    text,
    references,
    evaluate(variables) {
      return fromCel(sentence(() => parsed(toCelEach(picked(variables, references)))));
    },
  };
}

/** Words that CEL keeps for itself: a parameter of such a name is written `params.list`. */
export function isReserved(name: string): boolean {
  try {
    new Environment().registerVariable(name, 'dyn');
    return false;
  } catch {
    // Its only way to say so.
    return true;
  }
}

/** Checks types against what is known of the names; `dyn` where nothing is. */
export function checker(shape: Shape): Checker {
  const env = withRange(new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS }));
  for (const [name, type] of Object.entries(shape)) {
    if (typeof type === 'string') env.registerVariable(name, type);
    else env.registerVariable(name, { schema: type as Record<string, string> });
  }
  return {
    typeOf(text) {
      const found = sentence(() => env.parse(text).check());
      if (!found.valid) throw problemOf(found.error);
      return found.type ?? 'dyn';
    },
  };
}

/** A condition over numbers that are named `m0`, `m1` …, in the order of the values it is asked with. Throws `BadExpression`. */
export function numericCondition(text: string, count: number): (values: readonly number[]) => boolean {
  const names = Array.from({ length: count }, (_, i) => `m${i}`);
  const env = new Environment({ limits: LIMITS });
  for (const name of names) env.registerVariable(name, 'double');
  const parsed = sentence(() => env.parse(text));
  const { valid, type, error } = parsed.check();
  if (!valid) throw problemOf(error);
  if (type !== 'bool') throw new BadExpression('is a value, not a question: compare it, as in `cpu_usage > 0.9`');
  return (values) => parsed(Object.fromEntries(names.map((name, i) => [name, values[i] ?? Number.NaN]))) === true;
}

interface Walk {
  readonly bound: ReadonlySet<string>;
  readonly references: Reference[];
  readonly loops: number;
}

function walk(node: ASTNode, at: Walk): void {
  const chain = chainOf(node);
  if (chain) {
    if (!at.bound.has(chain.names[0]!)) at.references.push({ names: chain.names, offset: node.start });
    for (const inner of chain.inner) walk(inner, at);
    return;
  }
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args;
    walk(receiver, at);
    if (name === 'matches') throw noMatches(node);
    if (LOOPS.includes(name)) walkLoop(node, args, at);
    else for (const each of args) walk(each, at);
    return;
  }
  if (node.op === 'call') {
    if (node.args[0] === 'matches') throw noMatches(node);
    for (const each of node.args[1]) walk(each, at);
    return;
  }
  for (const each of children(node)) walk(each, at);
}

function walkLoop(node: ASTNode, args: readonly ASTNode[], at: Walk): void {
  if (at.loops > 0) throw new BadExpression('has a loop inside a loop, which is not allowed', node.start);
  const [name, ...bodies] = args;
  const own = name?.op === 'id' ? [name.args] : [];
  for (const body of bodies) walk(body, { ...at, bound: new Set([...at.bound, ...own]), loops: at.loops + 1 });
}

const noMatches = (node: ASTNode): BadExpression =>
  new BadExpression('uses `matches`, which is not available: use contains, startsWith or endsWith', node.start);

/** `a.b["c"]` as names, with what stands in brackets and is no text. */
function chainOf(node: ASTNode): { names: string[]; inner: ASTNode[] } | undefined {
  if (node.op === 'id') return { names: [node.args], inner: [] };
  if (node.op === '.' || node.op === '.?') {
    const before = chainOf(node.args[0]);
    return before && { names: [...before.names, node.args[1]], inner: before.inner };
  }
  if (node.op === '[]' || node.op === '[?]') {
    const before = chainOf(node.args[0]);
    const key = node.args[1];
    if (!before) return undefined;
    if (key.op === 'value' && typeof key.args === 'string')
      return { names: [...before.names, key.args], inner: before.inner };
    return { names: before.names, inner: [...before.inner, key] };
  }
  return undefined;
}

function children(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
    case 'call':
    case 'rcall':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return [...(node.args as readonly ASTNode[])];
  }
}

function sentence<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof BadExpression ? error : problemOf(error);
  }
}

function problemOf(error: unknown): BadExpression {
  const known = error as Partial<ParseError | EvaluationError>;
  const message = known.summary ?? (error instanceof Error ? error.message : String(error));
  return new BadExpression(plain(message.split('\n')[0]!), known.range?.start ?? 0);
}

/** CEL's own words, as the end of a sentence. */
function plain(message: string): string {
  const missing = /^No such key: (.*)$/.exec(message);
  if (missing) return `reads \`${missing[1]}\`, which is not there`;
  const overload = /^no such overload: (.*)$/.exec(message);
  if (overload) return `does not fit together: ${overload[1]}`;
  const unknown = /^Unknown variable: (.*)$/.exec(message);
  if (unknown) return `names \`${unknown[1]}\`, which there is not`;
  if (/^Unexpected token: EOF/.test(message)) return 'ends too early';
  return `cannot be read: ${message}`;
}

/** Only what an expression names is converted: of a thousand steps, the one that it asks about. */
function picked(
  variables: Readonly<Record<string, unknown>>,
  references: readonly Reference[],
): Readonly<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const {
    names: [root, first],
  } of references) {
    if (root === undefined || !Object.hasOwn(variables, root)) continue;
    const value = variables[root];
    const before = out[root];
    if (first === undefined || !isObject(value) || before === value) out[root] = value;
    else if (Object.hasOwn(value, first)) out[root] = { ...(isObject(before) ? before : {}), [first]: value[first] };
    else out[root] ??= {};
  }
  return out;
}

const toCelEach = (variables: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCel(value)]));

/** Whole numbers are another type to CEL, and another one to JavaScript. */
function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (isObject(value)) return toCelEach(value);
  return value ?? null;
}

function fromCel(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new BadExpression('is no finite number');
    return value;
  }
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [String(key), fromCel(each)]));
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fromCel(each)]));
  throw new BadExpression('gives something that cannot be stored as JSON');
}
