/** Which Python runs a suite. Found, not asked for; the same answer for discovery, batches and `baton doctor`. */
import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Suite } from '../../../domain/plan.schema.js';

export interface Interpreter {
  readonly command: string;
  /** Come before Python's own arguments. */
  readonly args: readonly string[];
  readonly how: string;
  /** What to type so that pytest is there. */
  readonly install: string;
}

const VENVS = ['.venv', 'venv'];

/**
 * A virtual environment beside the suite or above it, then whatever the environment of the process says: VIRTUAL_ENV,
 * uv or poetry when the project has their lock file, python3, python. The shell line decides the second part, because
 * only there the process's own PATH is known.
 */
export async function interpreterOf(root: string, suite: Suite): Promise<Interpreter> {
  const dirs = fromSuiteToRoot(root, suite.dir);
  for (const dir of dirs) {
    for (const name of VENVS) {
      const python = join(dir, name, 'bin', 'python');
      if (await exists(python))
        return { command: python, args: [], how: `${name} in ${dir}`, install: `${python} -m pip install pytest` };
    }
  }
  const uv = await anyHas(dirs, 'uv.lock');
  const poetry = await anyHas(dirs, 'poetry.lock');
  const lines = [
    '[ -n "$VIRTUAL_ENV" ] && [ -x "$VIRTUAL_ENV/bin/python" ] && exec "$VIRTUAL_ENV/bin/python" "$@"',
    ...(uv ? ['command -v uv >/dev/null 2>&1 && exec uv run --quiet python "$@"'] : []),
    ...(poetry ? ['command -v poetry >/dev/null 2>&1 && exec poetry run python "$@"'] : []),
    'command -v python3 >/dev/null 2>&1 && exec python3 "$@"',
    'exec python "$@"',
  ];
  return {
    command: 'sh',
    args: ['-c', lines.join('\n'), 'python'],
    how: [...(uv ? ['uv.lock'] : []), ...(poetry ? ['poetry.lock'] : []), 'PATH'].join(', '),
    install: uv
      ? 'uv sync'
      : poetry
        ? 'poetry install'
        : 'python3 -m venv .venv && .venv/bin/python -m pip install pytest',
  };
}

function fromSuiteToRoot(root: string, suiteDir: string): string[] {
  const top = resolve(root);
  const dirs: string[] = [];
  for (let dir = resolve(root, suiteDir); ; dir = dirname(dir)) {
    dirs.push(dir);
    if (dir === top || dirname(dir) === dir) return dirs;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function anyHas(dirs: readonly string[], file: string): Promise<boolean> {
  for (const dir of dirs) if (await exists(join(dir, file))) return true;
  return false;
}
