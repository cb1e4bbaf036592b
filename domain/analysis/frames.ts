/** Stack traces of Node, Python, Java, Go and Rust as frames, and which of them lie in the project. */
import { visibleText } from '../redact.js';
import type { Frame } from './analysis.schema.js';

const LOOKED_AT = 20_000;
const MOST = 60;

const SHAPES: readonly RegExp[] = [
  // Node: at total (/shop/src/cart.js:3:14), at file:///shop/a.mjs:1:2, at async Promise.all (index 0)
  /^\s*at (?:async )?(?:(?<fn>[^\s(][^(]{0,200}?) \()?(?<file>(?:file:\/\/)?(?:[A-Za-z]:)?[^\s():][^():]{0,500}):(?<line>\d{1,7}):(?<col>\d{1,7})\)?$/,
  // Java: at com.acme.shop.Cart.total(Cart.java:12)
  /^\s*at (?<fn>[\w$.<>/@-]{1,300})\((?<file>[\w$]{1,100}\.(?:java|kt|scala|groovy)):(?<line>\d{1,7})\)$/,
  // Python: File "/shop/cart.py", line 3, in total
  /^\s*File "(?<file>[^"]{1,500})", line (?<line>\d{1,7})(?:, in (?<fn>.{1,200}))?$/,
  // pytest: shop/cart.py:3: ValueError
  /^(?<file>[\w./\\-]{1,300}\.py):(?<line>\d{1,7}): (?:in )?(?<fn>\w{0,100})/,
  // Rust: thread 'x' panicked at src/lib.rs:3:5:   and   at ./src/lib.rs:3:5
  /(?:panicked at |^\s*at )(?:'[^'\n]{0,300}', )?(?<file>[\w./\\-]{1,300}\.rs):(?<line>\d{1,7}):(?<col>\d{1,7})/,
  // Go: /shop/cart.go:12 +0x1d   and   cart_test.go:8: message
  /^\s*(?<file>[\w./\\@~-]{1,300}\.go):(?<line>\d{1,7})(?: \+0x[0-9a-f]{1,16}|:|$)/,
];

/** As written, the innermost of the error first where the language writes it so. */
export function framesOf(text: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of visibleText(text.slice(0, LOOKED_AT)).split('\n')) {
    if (line.length > 1_000) continue;
    const found = SHAPES.map((shape) => shape.exec(line)).find((match) => match !== null);
    const { file, fn, line: at, col } = found?.groups ?? {};
    if (file === undefined || frames.length >= MOST) continue;
    frames.push({ file: placeOf(file, fn), line: number(at), column: number(col), function: fn?.trim() || null });
  }
  // Python tells the innermost frame last.
  return /^\s*File "/m.test(text) ? frames.reverse() : frames;
}

const number = (text: string | undefined): number | null => (text === undefined ? null : Number(text));

function placeOf(file: string, fn: string | undefined): string {
  const path = file.replace(/^file:\/\//, '').replaceAll('\\', '/');
  if (!/^[\w$]+\.(?:java|kt|scala|groovy)$/.test(path) || fn === undefined) return path;
  // Java names no folder, but its packages are folders.
  const packages = fn.replace(/^.*\//, '').split('.').slice(0, -2);
  return [...packages, path].join('/');
}

/** Code of others: dependencies, the runtime, the frameworks. */
const FOREIGN =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|\.cargo\/registry|\.pnpm|\.yarn|\.venv|venv|\.tox|\.m2)\/|^node:|^internal\/|^<|^\/rustc\/|^\/(?:usr|opt|nix)\/|\/go\/(?:src|pkg)\/|\/lib\/python\d|^(?:java|javax|jdk|sun|com\/sun|kotlin|scala|groovy|org\/(?:junit|apache|gradle|hamcrest|mockito|assertj|springframework|testng|opentest4j|hibernate|codehaus|jetbrains))\/|^junit\//;
/** Of go's standard library, which is named without its folder in tests. */
const FOREIGN_FILE = /^(?:testing|asm_\w+|panic|proc|signal_unix)\.(?:go|s)$/;

/** The path in the project, or undefined where the frame lies elsewhere. `root`: absolute. */
export function inProject(file: string, root: string): string | undefined {
  const base = root.replace(/\/+$/, '');
  const path = file.startsWith(`${base}/`) ? file.slice(base.length + 1) : file;
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..')) return undefined;
  return FOREIGN.test(path) || FOREIGN_FILE.test(path) ? undefined : path.replace(/^\.\//, '');
}

/** All frames that lie in the project, with paths relative to it. */
export function projectFrames(text: string, root: string): Frame[] {
  return framesOf(text).flatMap((frame) => {
    const file = inProject(frame.file, root);
    return file === undefined ? [] : [{ ...frame, file }];
  });
}
