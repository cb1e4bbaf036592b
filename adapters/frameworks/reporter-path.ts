/**
 * Where our own reporters are. They run inside the project's framework, so they are plain files that the compiler does
 * not touch.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.js';

/** Absolute path of a file in `adapters/frameworks/reporters/`. Throws when the installation is not complete. */
export function reporterPath(name: string): string {
  const path = join(reportersDir(), name);
  if (!existsSync(path)) throw new Error(`${path} is missing: Baton is not installed completely, install it again`);
  return path;
}

/** Where they all are: code that sees little of this machine must see this. */
export const reportersDir = (): string => join(PACKAGE_ROOT, 'adapters', 'frameworks', 'reporters');
