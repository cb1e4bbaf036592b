/**
 * Where our own reporters are. They run inside the project's framework, so they are plain files that the compiler does
 * not touch and that are found from the package's root, wherever this module was compiled to.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let reporters: string | undefined;

/** Absolute path of a file in `adapters/frameworks/reporters/`. Throws when the installation is not complete. */
export function reporterPath(name: string): string {
  const path = join(reportersDir(), name);
  if (!existsSync(path)) throw new Error(`${path} is missing: Baton is not installed completely, install it again`);
  return path;
}

/** Where they all are: code that sees little of this machine must see this. */
export function reportersDir(): string {
  reporters ??= join(packageRoot(dirname(fileURLToPath(import.meta.url))), 'adapters', 'frameworks', 'reporters');
  return reporters;
}

function packageRoot(start: string): string {
  for (let dir = start; ; dir = dirname(dir)) {
    if (isBaton(join(dir, 'package.json'))) return dir;
    if (dir === dirname(dir))
      throw new Error(`no package.json named "baton" above ${start}: Baton is not installed completely`);
  }
}

function isBaton(path: string): boolean {
  if (!existsSync(path)) return false;
  return (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name === 'baton';
}
