/**
 * Reads the command lines of package.json scripts, as far as plain words, quotes, `&&`, variables in front and other
 * scripts go. Nothing is evaluated: a line with `$(…)` in it is simply not understood, and detection goes by other signs.
 */

/** One word of a command line. `bare`: not quoted, so a shell would have expanded `*` in it. */
export interface Word {
  readonly text: string;
  readonly bare: boolean;
}

/** How a script calls a test tool. */
export interface ToolCall {
  readonly tool: string;
  readonly args: readonly Word[];
  /** Arguments of `node` in front of the tool. */
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Name of the script, for the explanation. */
  readonly script: string;
}

export interface ScriptCalls {
  readonly calls: ToolCall[];
  /** It also runs the scripts of other packages of the workspace. */
  readonly delegates: boolean;
}

const TOOLS: Readonly<Record<string, string>> = {
  vitest: 'vitest',
  'vitest.mjs': 'vitest',
  jest: 'jest',
  'jest.js': 'jest',
  'jest-cli': 'jest',
  mocha: 'mocha',
  _mocha: 'mocha',
  'mocha.js': 'mocha',
  'ts-mocha': 'ts-mocha',
  tsx: 'tsx',
  playwright: 'playwright',
  ava: 'ava',
  tap: 'tap',
};
/** Programs that only run another one, which follows somewhere among their arguments. */
const WRAPPERS = new Set([
  'npx',
  'cross-env',
  'cross-env-shell',
  'env',
  'c8',
  'nyc',
  'dotenv',
  'dotenvx',
  'time',
  'bunx',
  'pnpx',
  'exec',
  'dlx',
]);
const MANAGERS = new Set(['npm', 'yarn', 'pnpm', 'bun']);
const WORKSPACE_FLAGS = /^(?:-w|-ws|--workspaces?|-r|--recursive|--filter|-F|--prefix|-C)(?:=|$)/;
const DELEGATES = new Set(['turbo', 'nx', 'lerna', 'wireit', 'rush', 'moon', 'wsrun', 'ultra']);
const MAX_DEPTH = 5;

/** Calls that `npm test` leads to; when it leads to none, those of other scripts whose name begins with `test`. */
export function scriptCalls(scripts: Readonly<Record<string, string>>): ScriptCalls {
  const found = callsOf(scripts, 'test', [], 0);
  if (found.calls.length > 0 || found.delegates) return found;
  for (const name of Object.keys(scripts)) {
    if (!/^(?:test|unit|spec)/.test(name) || /watch|debug|cov|e2e|bench|update|:ui$/.test(name)) continue;
    const other = callsOf(scripts, name, [], 0);
    if (other.calls.length > 0) return other;
  }
  return found;
}

function callsOf(
  scripts: Readonly<Record<string, string>>,
  name: string,
  extra: readonly Word[],
  depth: number,
): ScriptCalls {
  const line = scripts[name];
  const result = { calls: [] as ToolCall[], delegates: false };
  if (line === undefined || depth > MAX_DEPTH) return result;
  const commands = splitCommands(line);
  for (const [index, words] of commands.entries()) {
    const all = index === commands.length - 1 ? [...words, ...extra] : words;
    const inner = readCommand(scripts, name, all, depth);
    result.calls.push(...inner.calls);
    result.delegates ||= inner.delegates;
  }
  return result;
}

function readCommand(
  scripts: Readonly<Record<string, string>>,
  script: string,
  words: readonly Word[],
  depth: number,
): ScriptCalls {
  const env: Record<string, string> = {};
  let at = 0;
  for (; at < words.length; at++) {
    const { text } = words[at]!;
    const assigned = /^([A-Za-z_]\w*)=(.*)$/s.exec(text);
    if (assigned) env[assigned[1]!] = assigned[2]!;
    else if (!WRAPPERS.has(baseName(text)) && !(at > 0 && isWrapperArg(words, at))) break;
  }
  const program = baseName(words[at]?.text ?? '');
  const rest = words.slice(at + 1);
  if (DELEGATES.has(program)) return { calls: [], delegates: true };
  if (MANAGERS.has(program)) return viaManager(scripts, program, rest, depth);
  if (/^(?:run-s|run-p|npm-run-all2?|concurrently)$/.test(program)) return viaRunAll(scripts, rest, depth);
  const call = toolCall(program, rest);
  return { calls: call ? [{ ...call, env, script }] : [], delegates: false };
}

/** Flags of a wrapper, and their values: everything up to the first word that is a tool or another wrapper. */
function isWrapperArg(words: readonly Word[], at: number): boolean {
  if (!words.slice(0, at).some((word) => WRAPPERS.has(baseName(word.text)))) return false;
  const known = (word: Word): boolean => isProgram(baseName(word.text)) || WRAPPERS.has(baseName(word.text));
  return !known(words[at]!) && words.slice(at + 1).some(known);
}

const isProgram = (name: string): boolean => name in TOOLS || name === 'node' || MANAGERS.has(name);

function toolCall(program: string, rest: readonly Word[]): Pick<ToolCall, 'tool' | 'args' | 'nodeArgs'> | undefined {
  if (program === 'node') return nodeCall(rest);
  const tool = TOOLS[program];
  if (tool === 'tsx')
    return rest.some((w) => w.text === '--test')
      ? { tool: 'node-test', args: rest, nodeArgs: ['--import', 'tsx'] }
      : undefined;
  return tool ? { tool, args: rest, nodeArgs: [] } : undefined;
}

/** `node --flags node_modules/jest/bin/jest.js …` or `node --test …`. */
function nodeCall(rest: readonly Word[]): Pick<ToolCall, 'tool' | 'args' | 'nodeArgs'> | undefined {
  if (rest.some((word) => word.text === '--test')) return { tool: 'node-test', args: rest, nodeArgs: [] };
  const at = rest.findIndex(
    (word) => !word.text.startsWith('-') && baseName(word.text) in TOOLS && /[\\/]/.test(word.text),
  );
  if (at < 0) return undefined;
  return {
    tool: TOOLS[baseName(rest[at]!.text)]!,
    args: rest.slice(at + 1),
    nodeArgs: rest.slice(0, at).map((word) => word.text),
  };
}

function viaManager(
  scripts: Readonly<Record<string, string>>,
  manager: string,
  rest: readonly Word[],
  depth: number,
): ScriptCalls {
  if (rest.some(({ text }) => WORKSPACE_FLAGS.test(text)) || rest[0]?.text === 'workspaces')
    return { calls: [], delegates: true };
  const words = rest.filter((word, index) => !(word.text.startsWith('-') && index < 2 && word.text !== '--'));
  const [first, second] = words;
  if (!first) return { calls: [], delegates: false };
  if (first.text === 'exec' || first.text === 'x')
    return readCommand(
      scripts,
      'test',
      words.slice(1).filter((w) => w.text !== '--'),
      depth + 1,
    );
  const explicit = /^(?:run|run-script|rum|urn)$/.test(first.text);
  const name = explicit ? (second?.text ?? '') : first.text === 't' ? 'test' : first.text;
  const args = words.slice(explicit ? 2 : 1).filter((word, index) => !(index === 0 && word.text === '--'));
  if (name in scripts) return callsOf(scripts, name, args, depth + 1);
  // `yarn jest` and `pnpm mocha` run the tool itself.
  return manager !== 'npm' && !explicit
    ? readCommand(scripts, 'test', words, depth + 1)
    : { calls: [], delegates: false };
}

function viaRunAll(scripts: Readonly<Record<string, string>>, rest: readonly Word[], depth: number): ScriptCalls {
  const result = { calls: [] as ToolCall[], delegates: false };
  for (const { text } of rest) {
    const pattern = text.replace(/^npm:/, '');
    for (const name of Object.keys(scripts).filter((script) => matchesScript(pattern, script))) {
      const inner = callsOf(scripts, name, [], depth + 1);
      result.calls.push(...inner.calls);
      result.delegates ||= inner.delegates;
    }
  }
  return result;
}

/** `test:*` stands for one more part, `test:**` for any. */
function matchesScript(pattern: string, name: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === name;
  const prefix = pattern.slice(0, star);
  const rest = name.slice(prefix.length);
  return name.startsWith(prefix) && rest !== '' && (pattern.endsWith('**') || !rest.includes(':'));
}

const baseName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

/** Words of each simple command. Redirections are left out. */
export function splitCommands(line: string): Word[][] {
  const commands: Word[][] = [[]];
  const token = /\s+|&&|\|\||[;|&\n]|\d*>>?\s*(?:&\d|\S+)|((?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"\\;|&>])+)/gy;
  for (const match of line.matchAll(token)) {
    if (match[1] !== undefined) commands.at(-1)!.push(toWord(match[1]));
    else if (/^[;|&\n]/.test(match[0])) commands.push([]);
  }
  return commands.filter((words) => words.length > 0);
}

function toWord(raw: string): Word {
  const quotes = /\\(.)|'([^']*)'|"((?:\\.|[^"\\])*)"/gs;
  const text = raw.replace(
    quotes,
    (_all, escaped: string | undefined, single: string | undefined, double: string | undefined) =>
      escaped ?? single ?? double!.replace(/\\(["\\$`])/g, '$1'),
  );
  return { text, bare: /[*?[]/.test(raw.replace(quotes, '')) };
}
