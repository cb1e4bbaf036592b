/** Which files a fix may touch: product code, and nothing that decides how it is tested, built, shipped or owned. */

/** Why a path is refused, or null. */
export function pathRefusal(path: string, tests: ReadonlySet<string> = new Set()): string | null {
  const unsafe = unsafePath(path);
  if (unsafe) return unsafe;
  const low = path.toLowerCase();
  const parts = low.split('/');
  if (tests.has(path) || isTest(low, parts)) return 'it is a test, and a fix may not change what judges it';
  for (const [what, matches] of PROTECTED) if (matches(low, parts)) return `it is ${what}`;
  return CODE.test(low) ? null : 'it is no source file of a language a fix may change';
}

function unsafePath(path: string): string | null {
  if (path === '' || path.length > 400) return 'its length is no path’s';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f\\:*?"<>|]/.test(path)) return 'it holds a character that paths of a project do not need';
  if (/[^\u0020-\u007e]/.test(path)) return 'it holds letters that look like others';
  if (path.startsWith('/') || path.startsWith('~')) return 'it is not relative to the repository';
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'it leads out of the repository';
  if (parts.some((part) => /[. ]$/.test(part))) return 'a part of it ends in a dot or a space';
  if (parts.some((part) => /^(?:\.git|git~\d|\.git\u200c?)$/i.test(part))) return "it lies in git's own folder";
  return null;
}

/** Source of languages that are parsed, compiled or interpreted by the tests' own tool. */
const CODE = /\.(?:[cm]?[jt]sx?|py|go|rs|java|kt|vue|svelte)$/;

const TEST_FOLDERS = new Set([
  'test',
  'tests',
  '__tests__',
  '__mocks__',
  '__snapshots__',
  'spec',
  'specs',
  'e2e',
  'cypress',
  'fixtures',
  '__fixtures__',
  'testdata',
  'hidden',
]);

export function isTestPath(path: string): boolean {
  const low = path.toLowerCase();
  return isTest(low, low.split('/'));
}

function isTest(path: string, parts: readonly string[]): boolean {
  if (parts.slice(0, -1).some((part) => TEST_FOLDERS.has(part))) return true;
  const name = parts.at(-1) ?? '';
  return (
    /(?:^|[._-])(?:test|tests|spec|specs|snap|cy|stories)\.[^/]+$/.test(name) ||
    /^(?:test|conftest|setup[._-]?tests?|vitest\.setup|jest\.setup)[._-]/.test(name) ||
    /_test\.\w+$/.test(name) ||
    /(?:test|tests|it|spec)\.(?:java|kt)$/i.test(name) ||
    path.endsWith('.snap')
  );
}

type Matches = (path: string, parts: readonly string[]) => boolean;
const name =
  (...patterns: RegExp[]): Matches =>
  (_, parts) =>
    patterns.some((pattern) => pattern.test(parts.at(-1) ?? ''));
const folder =
  (...names: string[]): Matches =>
  (_, parts) =>
    parts.slice(0, -1).some((part) => names.includes(part));

const PROTECTED: readonly (readonly [string, Matches])[] = [
  [
    'a file of the CI',
    (path, parts) =>
      folder(
        '.github',
        '.gitlab',
        '.circleci',
        '.buildkite',
        '.azure',
        '.azuredevops',
        '.woodpecker',
        '.ci',
        '.drone',
      )(path, parts) ||
      name(
        /^(?:\.travis|\.gitlab-ci|azure-pipelines|bitbucket-pipelines|appveyor|\.drone|cloudbuild|codecov|\.codecov)\./,
        /^jenkinsfile/,
      )(path, parts),
  ],
  ['a hook', folder('.husky', '.githooks', '.git-hooks', '.lefthook')],
  [
    'a lock file',
    name(
      /lock(?:file)?\.(?:json|ya?ml|toml)$/,
      /^(?:package-lock|npm-shrinkwrap)\.json$/,
      /\.lockb?$/,
      /^go\.(?:sum|work\.sum)$/,
      /^poetry\.lock$/,
    ),
  ],
  [
    'a manifest of the project',
    name(
      /^package\.json$/,
      /^(?:pyproject|cargo)\.toml$/,
      /^go\.(?:mod|work)$/,
      /^pom\.xml$/,
      /^build\.gradle/,
      /^settings\.gradle/,
      /^setup\.(?:py|cfg)$/,
      /^requirements.*\.txt$/,
      /^deno\.jsonc?$/,
      /^build\.rs$/,
    ),
  ],
  [
    'a configuration of tools',
    (path, parts) =>
      name(
        /\.(?:config|conf|rc)\.[^.]+$/,
        /^\..*rc(?:\..+)?$/,
        /^(?:tsconfig|jsconfig).*\.json$/,
        /^(?:biome|renovate|turbo|nx|lerna)\.json$/,
        /^(?:gulpfile|gruntfile|makefile|dockerfile|justfile|noxfile|tox|taskfile)/,
        /^(?:jest|vitest|vite|webpack|rollup|babel|karma|playwright|cypress|mocha|eslint|prettier)[.-]/,
        /^docker-compose/,
      )(path, parts) || folder('.vscode', '.idea', '.cargo', '.mvn', '.devcontainer')(path, parts),
  ],
  [
    'a secret or a place for secrets',
    (path, parts) =>
      name(
        /^\.env/,
        /\.(?:pem|key|p12|pfx|jks|keystore|crt|cer)$/,
        /^id_(?:rsa|dsa|ecdsa|ed25519)/,
        /^\.(?:npmrc|netrc|pypirc|pgpass)$/,
        /^\.?(?:secrets?|credentials?)(?:\.|$)/,
      )(path, parts) || folder('.ssh', '.aws', '.gnupg', 'secrets', '.kube')(path, parts),
  ],
  ['a list of who owns what', name(/^codeowners$/, /^owners$/, /^maintainers/)],
  ['a file of git', name(/^\.git/, /^\.mailmap$/)],
  ["a file of Baton's", name(/^baton\.config\./, /^merge_blocked$/)],
  [
    'made or brought in by a tool',
    folder(
      'node_modules',
      'vendor',
      'dist',
      'build',
      'out',
      'coverage',
      'target',
      '.next',
      '.venv',
      'venv',
      'third_party',
      'generated',
      '__generated__',
    ),
  ],
  ['a database migration', folder('migrations', 'migration')],
];
