/** Makes a function useless, to see whether the tests that now pass look at it at all. */
import ts from 'typescript';
import { enclosing, isFunction, parse } from './source.js';

/** The innermost function around the offset answers nonsense at once; code outside functions makes the whole file throw. */
export function sabotage(path: string, text: string, offset: number): string | undefined {
  const file = parse(path, text);
  const node = deepest(file, Math.min(offset, Math.max(0, text.length - 1)));
  let of = isFunction(node) ? node : enclosing(node);
  // A callback inside a function is part of what that function does.
  for (let outer = of && enclosing(of); outer && ts.isCallExpression(of!.parent); outer = enclosing(of!)) of = outer;
  if (!of) return `${text}\nthrow new Error('baton made this unusable');\n`;
  const { body } = of;
  if (!body) return undefined;
  const out = "return Object.freeze({ baton: 'made this unusable' });";
  if (ts.isBlock(body)) return `${text.slice(0, body.getStart() + 1)} ${out}${text.slice(body.getStart() + 1)}`;
  return `${text.slice(0, body.getStart())}(() => { ${out} })()${text.slice(body.getEnd())}`;
}

function deepest(node: ts.Node, offset: number): ts.Node {
  const inner = ts.forEachChild(node, (child) => (child.pos <= offset && offset < child.end ? child : undefined));
  return inner ? deepest(inner, offset) : node;
}
