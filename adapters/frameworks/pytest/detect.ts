/** Is this a pytest project? Said by files alone. */
import { join } from 'node:path/posix';
import type { ProjectAccess, SuiteDraft } from '../../../domain/framework.js';

/** Files that configure pytest, with what they must hold to do so; undefined: being there is enough. */
const CONFIGS: readonly (readonly [string, RegExp | undefined])[] = [
  ['pytest.ini', undefined],
  ['.pytest.ini', undefined],
  ['pytest.toml', undefined],
  ['pyproject.toml', /^\s*\[tool\.pytest(\.ini_options)?\]/m],
  ['tox.ini', /^\[pytest\]/m],
  ['setup.cfg', /^\[tool:pytest\]/m],
  ['conftest.py', undefined],
  ['tests/conftest.py', undefined],
  ['test/conftest.py', undefined],
];
/** Where a project says that it needs pytest. */
const NEEDS = ['pyproject.toml', 'setup.py', 'setup.cfg', 'tox.ini', 'Pipfile', 'noxfile.py'];
const REQUIREMENTS = ['*requirements*.txt', 'requirements/*.txt', '*requirements*.in'];
const TESTS = ['**/test_*.py', '**/*_test.py'];
const BELOW = ['**/pytest.ini', '**/pyproject.toml', '**/tox.ini', '**/setup.cfg'];
const NOT_OURS = ['**/.venv/**', '**/venv/**', '**/site-packages/**', '**/.tox/**', '**/.nox/**'];

/** The project's root when it is one, else the outermost directories below it that configure pytest. */
export async function detectPytest(project: ProjectAccess): Promise<SuiteDraft[]> {
  const because = await reason(project, '.');
  if (because !== undefined) return [draft('.', because)];
  const drafts: SuiteDraft[] = [];
  const found = (await project.glob('.', BELOW, NOT_OURS)).map((f) => f.path.split('/').slice(0, -1).join('/'));
  for (const dir of [...new Set(found)].sort()) {
    if (dir === '' || drafts.some((d) => dir.startsWith(`${d.config.dir}/`))) continue;
    const below = await reason(project, dir);
    if (below !== undefined) drafts.push(draft(dir, below));
  }
  return drafts;
}

const draft = (dir: string, because: string): SuiteDraft => ({
  config: {
    name: dir === '.' ? 'pytest' : `pytest-${dir.replace(/[^\w.@/-]/g, '-')}`.slice(0, 100),
    framework: 'pytest',
    dir,
  },
  because,
});

async function reason(project: ProjectAccess, dir: string): Promise<string | undefined> {
  for (const [file, needed] of CONFIGS) {
    const text = await project.readText(join(dir, file));
    if (text !== undefined && (needed === undefined || needed.test(text))) return join(dir, file);
  }
  if ((await project.glob(dir, TESTS, NOT_OURS)).length === 0) return undefined;
  const requirements = (await project.glob(dir, REQUIREMENTS, NOT_OURS)).map((f) => f.path);
  for (const file of [...NEEDS.map((f) => join(dir, f)), ...requirements]) {
    const text = await project.readText(file);
    if (text !== undefined && /\bpytest\b/.test(text)) return `${file} needs pytest`;
  }
  return undefined;
}

/** Texts in which `addopts` may stand. */
export async function configTexts(project: ProjectAccess, dir: string): Promise<string[]> {
  const texts = await Promise.all(
    CONFIGS.filter(([file]) => !file.endsWith('.py')).map(([file]) => project.readText(join(dir, file))),
  );
  return texts.filter((text): text is string => text !== undefined);
}
