/**
 * Where Baton is installed. Files that are started or read by path are named from here, never from the module that
 * names them: a module is a source file, a compiled one, or a part of a bundle.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let dir = start; ; dir = dirname(dir)) {
    try {
      const { name } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { name?: unknown };
      if (name === 'baton') return dir;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (dir === dirname(dir))
      throw new Error(`no package.json named "baton" above ${start}: Baton is not installed completely`);
  }
}

/** The directory of Baton's own package.json. */
export const PACKAGE_ROOT = findRoot();

/** Absolute path of what the build has made of a source file, such as `workers/runner.js`. */
export const compiled = (path: string): string => join(PACKAGE_ROOT, 'dist', path);
