import { expect, test } from 'vitest';
import { jestAdapter } from '../../../adapters/frameworks/jest.js';
import { mochaAdapter } from '../../../adapters/frameworks/mocha.js';
import { nodeTestAdapter } from '../../../adapters/frameworks/node-test.js';
import { vitestAdapter } from '../../../adapters/frameworks/vitest.js';
import { splitCommands } from '../../../adapters/frameworks/js-scripts.js';
import { localProject, remove, writeProject } from './polyglot.js';

const ADAPTERS = [vitestAdapter, jestAdapter, mochaAdapter, nodeTestAdapter];
type Files = Record<string, string | object>;

/** What all four adapters propose for a project, without the defaults. */
async function detected(files: Files): Promise<Record<string, unknown>[]> {
  const texts = Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === 'string' ? content : JSON.stringify(content),
    ]),
  );
  const root = await writeProject(texts);
  try {
    const drafts = await Promise.all(ADAPTERS.map((adapter) => adapter.detect(localProject(root))));
    return drafts.flat().map(({ config: { name, framework, dir, args, env, command } }) => ({
      name,
      ...(name === framework && dir === '.' ? {} : { framework, dir }),
      ...(args && args.length > 0 ? { args: args.join(' ') } : {}),
      ...(env ? { env: env.set } : {}),
      ...(command ? { command: command.join(' ') } : {}),
    }));
  } finally {
    await remove(root);
  }
}

const pkg = (
  test: string,
  devDependencies: Record<string, string> = {},
  scripts: Record<string, string> = {},
): Files => ({
  'package.json': { scripts: { test, ...scripts }, devDependencies },
});

test.each<[string, Files, Record<string, unknown>[]]>([
  [
    'vitest by its script',
    pkg('vitest run --config unit.config.ts --coverage --reporter=dot'),
    [{ name: 'vitest', args: '--config unit.config.ts' }],
  ],
  [
    'watch mode and workers are not taken over',
    pkg('vitest --watch --maxWorkers 8 src'),
    [{ name: 'vitest', args: 'src' }],
  ],
  ['bench is not a test run', pkg('vitest bench'), []],
  [
    'jest behind cross-env',
    pkg('cross-env NODE_OPTIONS=--experimental-vm-modules jest --runInBand --selectProjects a b -t x'),
    [
      {
        name: 'jest',
        args: '--runInBand --selectProjects a b -t x',
        env: { NODE_OPTIONS: '--experimental-vm-modules' },
      },
    ],
  ],
  [
    'jest behind node',
    pkg('node --experimental-vm-modules node_modules/jest/bin/jest.js --coverage'),
    [{ name: 'jest', command: 'node --experimental-vm-modules node_modules/jest/bin/jest.js' }],
  ],
  [
    'mocha behind nyc, with flags and globs',
    pkg("TZ=UTC nyc --reporter=html mocha -r ts-node/register -R dot 'test/**/*.spec.ts' -t 5000"),
    [{ name: 'mocha', args: '-r ts-node/register -t 5000 test/**/*.spec.ts', env: { TZ: 'UTC' } }],
  ],
  [
    'two calls of one tool are two suites',
    pkg('mocha test/unit && mocha test/api --exit'),
    [
      { name: 'mocha', args: 'test/unit' },
      { name: 'mocha-2', framework: 'mocha', dir: '.', args: '--exit test/api' },
    ],
  ],
  [
    'ts-mocha',
    pkg('ts-mocha --paths -p tests/tsconfig.json tests/**/*.ts'),
    [
      {
        name: 'mocha',
        args: '--require ts-mocha tests/**/*.ts',
        env: { TS_NODE_PROJECT: 'tests/tsconfig.json', TS_CONFIG_PATHS: 'true' },
      },
    ],
  ],
  [
    'node:test with a loader',
    pkg("node --import tsx --test --test-reporter=spec --experimental-test-coverage 'test/**/*.ts'"),
    [{ name: 'node-test', args: '--import tsx test/**/*.ts' }],
  ],
  ['tsx as the program', pkg('tsx --test test/a.ts'), [{ name: 'node-test', args: '--import tsx test/a.ts' }]],
  [
    'through other scripts',
    pkg(
      'npm run lint && npm run test:unit -- --bail',
      { jest: '*' },
      { lint: 'eslint .', 'test:unit': 'jest -c unit.js' },
    ),
    [{ name: 'jest', args: '-c unit.js' }],
  ],
  [
    'through run-s with a pattern',
    pkg('run-s build test:*', {}, { build: 'tsc', 'test:a': 'vitest run', 'test:b': 'mocha' }),
    [{ name: 'vitest' }, { name: 'mocha' }],
  ],
  ['a dependency, when nothing else claims the tests', pkg('echo none', { jest: '*' }), [{ name: 'jest' }]],
  [
    'the script goes before a mere dependency',
    pkg('vitest run', { jest: '*', vitest: '*', mocha: '*' }),
    [{ name: 'vitest' }],
  ],
  [
    'another framework needs a configuration of its own',
    { ...pkg('vitest run', { mocha: '*', jest: '*', vitest: '*' }), '.mocharc.yml': 'timeout: 1' },
    [{ name: 'vitest' }, { name: 'mocha' }],
  ],
  [
    'a test section in vite.config',
    { ...pkg('echo', { vitest: '*' }), 'vite.config.ts': 'export default { test: {} }' },
    [{ name: 'vitest' }],
  ],
  [
    'imports of node:test',
    { 'package.json': {}, 'test/a.test.js': "import test from 'node:test'" },
    [{ name: 'node-test' }],
  ],
  ['nothing', { 'package.json': {}, 'index.js': '' }, []],
  ['no package', { 'main.go': '' }, []],
])('%s', async (_name, files, expected) => {
  expect(await detected(files)).toEqual(expected);
});

test('workspaces: one suite for each package, unless the root runs them all', async () => {
  const packages = {
    'packages/a/package.json': { scripts: { test: 'vitest run' } },
    'packages/b/package.json': { scripts: { test: 'mocha --exit' } },
    'packages/c/package.json': { scripts: { build: 'tsc' } },
    'other/d/package.json': { scripts: { test: 'jest' } },
  };
  const workspaces = ['packages/*', '!packages/c'];
  const several = [
    { name: 'packages/a/vitest', framework: 'vitest', dir: 'packages/a' },
    { name: 'packages/b/mocha', framework: 'mocha', dir: 'packages/b', args: '--exit' },
  ];
  expect(
    await detected({ 'package.json': { workspaces, scripts: { test: 'npm test --workspaces' } }, ...packages }),
  ).toEqual(several);
  expect(
    await detected({
      'package.json': { scripts: { test: 'turbo run test' } },
      'pnpm-workspace.yaml': 'packages:\n  - packages/*\n',
      ...packages,
    }),
  ).toEqual(several);
  expect(await detected({ 'package.json': { workspaces, scripts: { test: 'vitest run' } }, ...packages })).toEqual([
    { name: 'vitest' },
    several[1],
  ]);
});

test('an unquoted ** is read as the shell reads it, but only where that matches something', async () => {
  const script = pkg('mocha test/**/*.js');
  expect(await detected({ ...script, 'test/unit/a.js': '' })).toEqual([{ name: 'mocha', args: 'test/*/*.js' }]);
  expect(await detected({ ...script, 'test/a.js': '' })).toEqual([{ name: 'mocha', args: 'test/**/*.js' }]);
});

test('a package.json that is no JSON is an error that names it', async () => {
  await expect(detected({ 'package.json': '{ "name": ' })).rejects.toThrow(/package\.json is not valid JSON/);
});

test('words of a command line', () => {
  const words = (line: string) =>
    splitCommands(line).map((command) => command.map(({ text, bare }) => (bare ? `~${text}` : text)));
  expect(words(`A='b c' x "d \\"e\\" *" f\\ g *.js 2>&1 > out.txt && y --z="1 2"|w;`)).toEqual([
    ['A=b c', 'x', 'd "e" *', 'f g', '~*.js'],
    ['y', '--z=1 2'],
    ['w'],
  ]);
});
