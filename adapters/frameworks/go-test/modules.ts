/** Where Go modules are, read from `go.mod` and `go.work` alone. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { ProjectAccess, SuiteDraft } from '../../../domain/framework.js';

const TESTS = ['**/*_test.go'];
/** Go itself never looks into these when it expands `./...`. */
const NOT_GO = ['**/testdata/**', '**/vendor/**', '**/_*/**', '**/.*/**'];

/** The path in the `module` line, or undefined when there is none. */
export function modulePath(goMod: string): string | undefined {
  const found = /^\s*module\s+(?:\(\s*)?("[^"\n]+"|`[^`\n]+`|[^\s/"`]\S*)/m.exec(goMod)?.[1];
  return found?.replace(/^["`]|["`]$/g, '');
}

/** Directories named by `use` lines, without `./`; `.` for the root. */
export function workspaceDirs(goWork: string): string[] {
  const text = goWork.replace(/\/\/.*$/gm, '');
  const blocks = [...text.matchAll(/^\s*use\s*\(([^)]*)\)/gm)].flatMap((m) => m[1]!.split('\n'));
  const single = [...text.matchAll(/^\s*use\s+([^(\s][^\n]*)$/gm)].map((m) => m[1]!);
  const dirs = [...blocks, ...single].map((d) => d.trim().replace(/^["`]|["`]$/g, '')).filter((d) => d !== '');
  return dirs.map((d) => d.replace(/^\.\//, '').replace(/\/+$/, '') || '.');
}

/** One suite for each module: those of `go.work`, else the one at the root, else the outermost ones below it. */
export async function detectModules(project: ProjectAccess): Promise<SuiteDraft[]> {
  const drafts: SuiteDraft[] = [];
  for (const { dir, because } of await moduleDirs(project)) {
    const goMod = await project.readText(join(dir, 'go.mod'));
    if (goMod === undefined || (await project.glob(dir, TESTS, NOT_GO)).length === 0) continue;
    drafts.push({ config: { name: suiteName(dir), framework: 'go-test', dir }, because });
  }
  return drafts;
}

async function moduleDirs(project: ProjectAccess): Promise<{ dir: string; because: string }[]> {
  const goWork = await project.readText('go.work');
  if (goWork !== undefined) {
    const inside = workspaceDirs(goWork).filter((dir) => !dir.startsWith('..') && !dir.startsWith('/'));
    return inside.map((dir) => ({ dir, because: `go.work uses ${dir}` }));
  }
  if (await project.exists('go.mod')) return [{ dir: '.', because: 'go.mod' }];
  const found = (await project.glob('.', ['**/go.mod'], NOT_GO)).map((f) => dirname(f.path)).sort();
  const outermost = found.filter((dir) => !found.some((other) => other !== dir && dir.startsWith(`${other}/`)));
  return outermost.map((dir) => ({ dir, because: `${dir}/go.mod` }));
}

const suiteName = (dir: string): string =>
  dir === '.' ? 'go' : `go-${dir.replace(/[^\w.@/-]/g, '-').replace(/^[^A-Za-z0-9]+/, '')}`.slice(0, 100);

/**
 * Import path of the suite's directory: that of the module, plus the way from the module's directory to the suite's.
 * Undefined when there is no `go.mod` here or above.
 */
export function importPathOf(suiteDir: string): string | undefined {
  for (let dir = resolve(suiteDir); ; dir = dirname(dir)) {
    const module = modulePath(textOrEmpty(join(dir, 'go.mod')));
    if (module !== undefined) {
      const below = relative(dir, resolve(suiteDir)).split(sep).join('/');
      return below === '' ? module : `${module}/${below}`;
    }
    if (dirname(dir) === dir) return undefined;
  }
}

function textOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}

/** A package's directory relative to the suite (`.`, `sub/pkg`), from what `go` calls it. */
export function packageDir(pkg: string, suiteImportPath: string | undefined): string | undefined {
  if (pkg === suiteImportPath || pkg === '.') return '.';
  // Packages that cannot be loaded are reported under the name they were asked for by.
  if (pkg.startsWith('./')) return pkg.slice(2);
  if (suiteImportPath !== undefined && pkg.startsWith(`${suiteImportPath}/`))
    return pkg.slice(suiteImportPath.length + 1);
  return undefined;
}
