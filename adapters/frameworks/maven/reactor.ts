/** The modules of a Maven project and the test classes that Surefire would look at. */
import { readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { entriesOf } from '../reports/entries.js';
import { globMatches } from '../reports/glob.js';
import { type MavenModule, readModule } from './pom.js';

export interface Reactor {
  /** The root first. */
  readonly modules: readonly MavenModule[];
  /** Text of all POMs and of `.mvn/maven.config`, for questions that a word answers. */
  readonly text: string;
}

export interface TestClass {
  /** Relative to the suite's directory. */
  readonly file: string;
  readonly bytes: number;
  /** Fully qualified, from the path below the test directory. */
  readonly className: string;
  /** Directory of the module. */
  readonly module: string;
}

const MAX_MODULES = 1000;
const MAX_FILES = 100_000;
const MAX_POM_BYTES = 4 * 1024 * 1024;
const DEFAULT_INCLUDES = ['**/Test*', '**/*Test', '**/*Tests', '**/*TestCase'];
const SOURCE = /\.(java|kt|groovy|scala)$/;

/** `dir` is absolute. A module whose POM is missing or unreadable is left out: Maven says more about it. */
export async function readReactor(dir: string): Promise<Reactor> {
  const modules: MavenModule[] = [];
  const texts: string[] = [(await textOf(join(dir, '.mvn/maven.config'))) ?? ''];
  const seen = new Set<string>();
  const open: { at: string; parent: MavenModule | undefined }[] = [{ at: '.', parent: undefined }];
  for (let next = open.shift(); next && modules.length < MAX_MODULES; next = open.shift()) {
    const at = next.at.replace(/\/?(?:pom\.xml)?$/, '') || '.';
    if (seen.has(at) || at.startsWith('..')) continue;
    seen.add(at);
    const xml = await textOf(join(dir, at, 'pom.xml'));
    const module = xml === undefined ? undefined : readModule(xml, at, next.parent);
    if (!module || xml === undefined) continue;
    modules.push(module);
    texts.push(xml);
    open.push(...module.modules.map((child) => ({ at: child, parent: module })));
  }
  return { modules, text: texts.join('\n') };
}

export async function findTestClasses(dir: string, reactor: Reactor): Promise<TestClass[]> {
  const found = new Map<string, TestClass>();
  for (const module of reactor.modules) {
    if (module.skip) continue;
    for (const testDir of module.testDirs) {
      for (const { path, bytes } of await sources(dir, testDir)) {
        const file = posix.join(testDir, path);
        if (isTestClass(path.replace(SOURCE, ''), module)) {
          found.set(file, {
            file,
            bytes,
            className: path.replace(SOURCE, '').replaceAll('/', '.'),
            module: module.dir,
          });
        }
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** As Surefire decides by names; what it then finds to hold no test is reported as a file without tests. */
function isTestClass(path: string, { includes, excludes }: MavenModule): boolean {
  const name = posix.basename(path);
  if (name === 'package-info' || name === 'module-info') return false;
  const wanted = includes?.filter((pattern) => !pattern.startsWith('!')) ?? DEFAULT_INCLUDES;
  const unwanted = [...excludes, ...(includes ?? []).filter((p) => p.startsWith('!')).map((p) => p.slice(1))];
  if (unwanted.some((pattern) => !isComplex(pattern) && fits(pattern, path))) return false;
  // Regular expressions and method filters are Surefire's business: everything may match.
  return wanted.some((pattern) => isComplex(pattern) || fits(pattern, path));
}

const isComplex = (pattern: string): boolean => /^%|#|\[|\(/.test(pattern);

function fits(pattern: string, path: string): boolean {
  let glob = pattern.replace(/\.(java|class|kt|groovy|scala)$/, '');
  if (!glob.includes('/')) glob = glob.includes('.') ? glob.replaceAll('.', '/') : `**/${glob}`;
  return globMatches(glob.endsWith('/') ? `${glob}**` : glob, path);
}

async function sources(root: string, testDir: string): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = [];
  const open = [''];
  for (let at = open.pop(); at !== undefined && found.length < MAX_FILES; at = open.pop()) {
    for (const entry of await entriesOf(join(root, testDir, at))) {
      const path = posix.join(at, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile() && SOURCE.test(entry.name)) {
        found.push({ path, bytes: (await stat(join(root, testDir, path))).size });
      }
    }
  }
  return found;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).size > MAX_POM_BYTES ? undefined : await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
