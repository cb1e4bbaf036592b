import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pytestAdapter } from '../../../adapters/frameworks/pytest.js';
import { interpreterOf } from '../../../adapters/frameworks/pytest/interpreter.js';
import { localProject, remove, suiteOf, writeProject } from './polyglot.js';

const roots: string[] = [];
const project = async (files: Record<string, string>): Promise<string> => {
  const root = await writeProject(files);
  roots.push(root);
  return root;
};
afterEach(async () => {
  for (const root of roots.splice(0)) await remove(root);
});

describe('detection', () => {
  const detect = async (files: Record<string, string>) =>
    (await pytestAdapter.detect(localProject(await project(files)))).map((d) => [
      d.config.name,
      d.config.dir,
      d.because,
    ]);

  it.each([
    ['pytest.ini', ''],
    ['pyproject.toml', '[tool.pytest.ini_options]\naddopts = "-q"\n'],
    ['pyproject.toml', '[tool.pytest]\n'],
    ['tox.ini', '[tox]\n[pytest]\n'],
    ['setup.cfg', '[tool:pytest]\n'],
    ['conftest.py', ''],
  ])('by %s', async (file, text) => {
    expect(await detect({ [file]: text })).toEqual([['pytest', '.', file]]);
  });

  it('by tests and a requirement', async () => {
    expect(await detect({ 'tests/test_a.py': '', 'requirements-dev.txt': 'pytest>=7\n' })).toEqual([
      ['pytest', '.', 'requirements-dev.txt needs pytest'],
    ]);
    expect(
      await detect({ 'tests/test_a.py': '', 'pyproject.toml': '[project]\ndependencies = ["pytest-cov"]\n' }),
    ).toEqual([['pytest', '.', 'pyproject.toml needs pytest']]);
  });

  it('not without a sign of pytest, nor without tests', async () => {
    expect(await detect({ 'tests/test_a.py': 'import unittest\n' })).toEqual([]);
    expect(await detect({ 'requirements.txt': 'pytest\n', 'a.py': '' })).toEqual([]);
    expect(await detect({ 'pyproject.toml': '[tool.black]\n' })).toEqual([]);
  });

  it('below the root, outermost first', async () => {
    expect(
      await detect({
        'services/api/pytest.ini': '',
        'services/api/sub/pytest.ini': '',
        'web/setup.cfg': '[tool:pytest]\n',
      }),
    ).toEqual([
      ['pytest-services/api', 'services/api', 'services/api/pytest.ini'],
      ['pytest-web', 'web', 'web/setup.cfg'],
    ]);
  });
});

describe('the interpreter', () => {
  it('is the virtual environment beside the suite, then above it', async () => {
    const root = await project({ '.venv/bin/python': '', 'api/venv/bin/python': '', 'lib/a.py': '' });
    expect((await interpreterOf(root, suiteOf('pytest', { dir: 'api' }))).command).toBe(
      join(root, 'api/venv/bin/python'),
    );
    expect((await interpreterOf(root, suiteOf('pytest', { dir: 'lib' }))).command).toBe(join(root, '.venv/bin/python'));
  });

  it('is left to uv or poetry where the project has their lock file', async () => {
    const uv = await interpreterOf(await project({ 'uv.lock': '' }), suiteOf('pytest'));
    expect(uv.args[1]).toContain('exec uv run');
    expect(uv.install).toBe('uv sync');
    const poetry = await interpreterOf(await project({ 'poetry.lock': '' }), suiteOf('pytest'));
    expect(poetry.args[1]).toContain('exec poetry run');
    const plain = await interpreterOf(await project({}), suiteOf('pytest'));
    expect(plain.args[1]).not.toMatch(/uv|poetry/);
    expect(plain.install).toContain('pip install pytest');
  });
});

describe('the command', () => {
  it('names no files, so that pytest finds its root directory as always', async () => {
    const root = await project({ '.venv/bin/python': '' });
    const scratchDir = await mkdtemp(join(tmpdir(), 'baton-scratch-'));
    roots.push(scratchDir);
    const request = {
      suite: suiteOf('pytest', { args: ['-m', 'not slow'] }),
      root,
      files: ['tests/test_a.py'],
      tests: [['T', 'test_x']],
      eventsFile: '/events',
      scratchDir,
      cores: 3,
      bail: true,
    };
    const spec = await pytestAdapter.command(request);
    expect(spec).toMatchObject({
      command: join(root, '.venv/bin/python'),
      cwd: root,
      events: 'file',
      env: { PYTEST_XDIST_AUTO_NUM_WORKERS: '3' },
    });
    expect(spec.args.slice(1)).toEqual([
      '-p',
      'baton_pytest',
      '--color=no',
      '--continue-on-collection-errors',
      '-m',
      'not slow',
      '--baton-events=/events',
      `--baton-plan=${scratchDir}/baton-pytest.json`,
      `--override-ini=cache_dir=${scratchDir}/pytest-cache`,
      '--maxfail=1',
    ]);
    expect(JSON.parse(await readFile(join(scratchDir, 'baton-pytest.json'), 'utf8'))).toEqual({
      files: ['tests/test_a.py'],
      tests: [['T', 'test_x']],
    });
    const included = await pytestAdapter.command({
      ...request,
      bail: false,
      suite: suiteOf('pytest', { include: ['x/*.py'] }),
      files: ['x/a.py'],
    });
    expect(included.args.at(-1)).toBe('x/a.py');
  });

  it('keeps a PYTHONPATH of the suite when the suite brings its own command', async () => {
    const root = await project({});
    const env = { set: { PYTHONPATH: 'src' }, pass: [] };
    const spec = await pytestAdapter.command({
      suite: suiteOf('pytest', { command: ['tox', 'exec', '--', 'pytest'], env }),
      root,
      files: ['a.py'],
      eventsFile: '/e',
      scratchDir: root,
      cores: 1,
      bail: false,
    });
    expect([spec.command, ...spec.args.slice(0, 5)]).toEqual(['tox', 'exec', '--', 'pytest', '-p', 'baton_pytest']);
    expect(spec.env['PYTHONPATH']).toMatch(/adapters\/frameworks\/reporters:src$/);
  });

  it('knows what the exit code means', () => {
    expect([0, 1, 2, 3, 4, 5].map(pytestAdapter.exitMeaning)).toEqual([
      'green',
      'red',
      'broken',
      'broken',
      'broken',
      'empty',
    ]);
  });
});

describe('side by side', () => {
  const of = async (files: Record<string, string>, args: string[] = []) =>
    pytestAdapter.sideBySide(suiteOf('pytest', { args }), localProject(await project(files)));

  it('is safe, except where pytest-cov writes one file per directory', async () => {
    expect(await of({ 'pytest.ini': '[pytest]\naddopts = -q\n' })).toBe('safe');
    expect(await of({ 'pytest.ini': '[pytest]\naddopts = -q --cov=app\n' })).toBe('never');
    expect(await of({ 'pyproject.toml': '[tool.pytest.ini_options]\naddopts = ["--cov", "app"]\n' })).toBe('never');
    expect(await of({}, ['--cov'])).toBe('never');
  });
});
