/** Set-up inside the real cage, wired as a runner wires it. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProjectTools, projectTools } from '../../../config/project.js';
import { nodeProject, repository, type TestRepository } from './repo.js';

let dir: string;
let repo: TestRepository;
let tools: ProjectTools;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-caged-')));
  repo = repository(join(dir, 'shop'));
  tools = projectTools({ home: join(dir, 'home'), environment: process.env });
});
afterEach(() => {
  tools.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
});

test('npm ci runs in the cage, once for two commits with the same lockfile', async () => {
  const seen: unknown[] = [];
  for (const files of [nodeProject('1.0.0'), { 'src.js': '1' }]) {
    const commit = repo.commit(files);
    const workspace = await tools.workspaces.ensure({ kind: 'commit', repository: repo.dir, commit }, commit);
    seen.push([
      workspace.commit,
      'setup' in workspace && workspace.setup,
      readFileSync(join(workspace.root, 'node_modules/helper/index.js'), 'utf8'),
    ]);
    await tools.workspaces.release(commit);
  }
  expect(seen).toEqual([
    [repo.git('rev-parse', 'HEAD~1'), 'ran', "module.exports = '1.0.0';\n"],
    [repo.git('rev-parse', 'HEAD'), 'cached', "module.exports = '1.0.0';\n"],
  ]);
});

test('a set-up command from baton.config.yaml is used, and its failure has its last lines', async () => {
  const commit = repo.commit({
    'baton.config.yaml': 'setup: [sh, -c, "echo preparing; echo no such mirror >&2; exit 3"]\n',
  });
  await expect(
    tools.workspaces.ensure({ kind: 'commit', repository: repo.dir, commit }, 'run-1'),
  ).rejects.toMatchObject({
    problem: 'SetupFailed',
    message: expect.stringMatching(/ended with exit code 3\.\npreparing\n\s*no such mirror$/),
  });
});

test('a tool that is not installed is named together with the file that asks for it', async () => {
  const none = projectTools({ home: join(dir, 'home'), environment: { ...process.env, PATH: '/usr/bin:/bin' } });
  try {
    const commit = repo.commit({ 'poetry.lock': '', 'pyproject.toml': '' });
    await expect(
      none.workspaces.ensure({ kind: 'commit', repository: repo.dir, commit }, 'run-1'),
    ).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: expect.stringMatching(
        /prepared by `poetry install --no-interaction` \(poetry\.lock, pyproject\.toml\)[\s\S]*Install poetry on the runner/,
      ),
    });
  } finally {
    none.close();
  }
});
