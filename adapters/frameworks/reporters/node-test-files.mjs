/**
 * Prints as a JSON array the files that `node --test` of this very Node would run in the current directory, for the
 * patterns after `--`. Until Node 20 arguments are files and directories; since Node 21 they are patterns. Names that
 * are tests by default, and whether TypeScript is among them, differ as well.
 */
import fs from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

const [major, minor] = process.versions.node.split('.').map(Number);
const args = process.argv.slice(2);
const patterns = args.slice(args.indexOf('--') + 1);
const takesPatterns = major >= 21;
const typescript = args.includes('--typescript') || Boolean(process.features.typescript);
const extensions = typescript && (major > 22 || (major === 22 && minor >= 7)) ? 'js|mjs|cjs|ts|mts|cts' : 'js|mjs|cjs';
const byName = new RegExp(`^(?:test|test-.+|.+[._-]test)\\.(?:${extensions})$`);
const script = new RegExp(`\\.(?:${extensions})$`);

process.stdout.write(JSON.stringify([...new Set(list())].sort()));

function list() {
  if (patterns.length === 0) return walk(process.cwd()).filter(isDefault);
  return patterns.flatMap((pattern) => (takesPatterns ? matching(pattern) : named(pattern)));
}

function isDefault(path) {
  const parts = relative(process.cwd(), path).split(sep);
  const name = parts.at(-1);
  return byName.test(name) || (script.test(name) && parts.slice(0, -1).includes('test'));
}

/** Node 20 and older: a directory is searched, and one called `test` belongs to the tests whole. Unquoted patterns were the shell's. */
function named(argument) {
  const path = resolve(argument);
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  if (!stats) return /[*?{[]/.test(argument) ? matching(argument) : [];
  if (!stats.isDirectory()) return [path];
  return walk(path).filter((file) => isDefault(file));
}

function matching(pattern) {
  if (fs.existsSync(pattern) && fs.statSync(pattern).isFile()) return [resolve(pattern)];
  if (typeof fs.globSync === 'function') {
    const exclude = (entry) => (typeof entry === 'string' ? entry : entry.name) === 'node_modules';
    return fs
      .globSync(pattern, { cwd: process.cwd(), exclude })
      .map((path) => resolve(path))
      .filter(isFile);
  }
  const expression = globExpression(pattern.replace(/^\.\//, ''));
  return walk(process.cwd()).filter((path) => expression.test(relative(process.cwd(), path).split(sep).join('/')));
}

const isFile = (path) => fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

function globExpression(glob) {
  let source = '';
  let depth = 0;
  for (let i = 0; i < glob.length; i++) {
    const rest = glob.slice(i);
    const c = glob[i];
    if (rest.startsWith('**/')) {
      source += '(?:.*/)?';
      i += 2;
    } else if (rest.startsWith('**')) {
      source += '.*';
      i += 1;
    } else if (c === '*') source += '[^/]*';
    else if (c === '?') source += '[^/]';
    else if (c === '{') {
      source += '(?:';
      depth++;
    } else if (c === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (c === ',' && depth > 0) source += '|';
    else if (c === '[' && rest.indexOf(']') > 1) {
      const end = rest.indexOf(']');
      source += rest.slice(0, end + 1).replace('[!', '[^');
      i += end;
    } else source += c.replace(/[.+^$()|\\[\]{}]/, '\\$&');
  }
  return new RegExp(`^${source}$`);
}

function walk(dir) {
  const files = [];
  for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
    if (entry.name === 'node_modules') continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) files.push(...walk(path));
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(path))) files.push(path);
  }
  return files;
}
