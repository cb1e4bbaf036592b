/** A Python that has Temporal's SDK, for workers written in it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../../scripts/lib/places.mjs';

const SDK = 'temporalio==1.35.0';
const INSTALL_MS = 180_000;

const hasSdk = (python: string): boolean => spawnSync(python, ['-c', 'import temporalio']).status === 0;

/** The `python3` of the machine where that has the SDK, otherwise one of a virtual environment in the cache, made once. */
export function pythonWithTemporal(): string {
  if (hasSdk('python3')) return 'python3';
  const dir = join(cacheDir(process.env), 'python-sdk');
  const python = join(dir, 'bin', 'python3');
  if (existsSync(python) && hasSdk(python)) return python;
  rmSync(dir, { recursive: true, force: true });
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: INSTALL_MS });
  run('python3', '-m', 'venv', dir);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', SDK);
  return python;
}
