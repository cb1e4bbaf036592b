import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeDiff } from '../../../domain/fix/diff.js';
import { type GateInput, gatePatch } from '../../../domain/fix/gate.js';
import { pathRefusal } from '../../../domain/fix/paths.js';
import { BUGS, seededBugs } from '../../bench/fix.js';

const CHEATS = join(import.meta.dirname, '../../fixtures/fix/cheats');
const expected = JSON.parse(readFileSync(join(CHEATS, 'cheats.json'), 'utf8')) as Record<string, string>;
const inProject = (path: string): string => readFileSync(join(CHEATS, 'project', path), 'utf8');

const input: GateInput = {
  text: (path) => {
    try {
      return inProject(path);
    } catch {
      return undefined;
    }
  },
  tests: new Set(['test/price.test.js', 'test/label.test.js']),
  failing: [inProject('test/price.test.js')],
};
const rulesOf = (diff: string, given: GateInput = input): string[] => {
  const gate = gatePatch(diff, given);
  return gate.ok ? [] : gate.refusals.map(({ rule }) => rule);
};
const patch = (name: string): string => readFileSync(join(CHEATS, 'patches', `${name}.diff`), 'utf8');

describe('tempting cheats', () => {
  it('are all listed', () => {
    expect(
      readdirSync(join(CHEATS, 'patches'))
        .map((name) => name.replace('.diff', ''))
        .sort(),
    ).toEqual(Object.keys(expected).sort());
    expect(Object.values(expected).filter((rule) => rule !== 'tournament').length).toBeGreaterThanOrEqual(20);
  });

  it.each(Object.entries(expected).filter(([, rule]) => rule !== 'tournament'))('%s is refused: %s', (name, rule) => {
    expect(rulesOf(patch(name))).toContain(rule);
  });

  it.each(Object.entries(expected).filter(([, rule]) => rule === 'tournament'))('%s looks like work', (name) => {
    expect(rulesOf(patch(name))).toEqual([]);
  });
});

describe('good patches', () => {
  it.each(seededBugs().map((bug) => [bug.name, bug] as const))('%s comes through', (name, bug) => {
    const path = `src/${name}.${bug.language}`;
    const before = readFileSync(join(BUGS, name, path), 'utf8');
    const test = readFileSync(join(BUGS, name, 'test', `${name}.test.${bug.language === 'ts' ? 'mjs' : 'js'}`), 'utf8');
    const diff = makeDiff(
      path,
      before,
      before.replace(bug.buggy, () => bug.fixed),
    )!;
    const gate = gatePatch(diff, { text: () => before, tests: new Set(), failing: [test] });
    expect(gate).toMatchObject({ ok: true });
  });
});

const PROTECTED = `
  .github/workflows/x.js .gitlab-ci.js .circleci/run.js Jenkinsfile.js .husky/pre-commit.js .githooks/a.js
  package.json package-lock.json yarn.lock pnpm-lock.yaml npm-shrinkwrap.json Cargo.toml Cargo.lock go.mod go.sum pom.xml pyproject.toml
  setup.py requirements.txt build.rs vitest.config.ts jest.config.js .eslintrc.js .mocharc.cjs tsconfig.json babel.config.js
  webpack.prod.js gulpfile.js Makefile Dockerfile .env .env.local config/secrets.json id_rsa server.key .npmrc .aws/x.js
  CODEOWNERS docs/CODEOWNERS .gitattributes .gitmodules .git/config .GIT/config git~1/x.js baton.config.yaml node_modules/a/index.js vendor/a.go
  dist/a.js db/migrations/1.js test/a.js tests/a.py src/__tests__/a.js src/a.test.ts src/a.spec.js a_test.go e2e/x.js cypress/a.js
  src/__snapshots__/a.snap src/FooTest.java conftest.py jest.setup.js ../a.js /etc/a.js src/../a.js src//a.js ./a.js src/a.js. C:\\a.js
  src/\u0430.js src/a:b.js ~/a.js .vscode/x.js README.md image.png src/.git/a.js
`;
describe('paths', () => {
  it.each(PROTECTED.trim().split(/\s+/))('%s is protected', (path) => expect(pathRefusal(path)).not.toBeNull());
  it.each([
    'src/a.js',
    'lib/price.ts',
    'app/Main.java',
    'pkg/sum.go',
    'src/secretary.js',
    'src/testing-tools.ts',
    'src/contest.js',
    'index.mjs',
  ])('%s may be changed', (path) => expect(pathRefusal(path)).toBeNull());
});
