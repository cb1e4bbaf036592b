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

/** A source file with the test classes in it. */
export interface TestFile {
  /** Relative to the suite's directory. */
  readonly file: string;
  readonly bytes: number;
  /** Fully qualified names of its outermost classes that Surefire would take; at least one. */
  readonly classes: readonly string[];
  /** Directory of the module. */
  readonly module: string;
}

const MAX_MODULES = 1000;
const MAX_FILES = 100_000;
const MAX_POM_BYTES = 4 * 1024 * 1024;
const DEFAULT_INCLUDES = ['**/Test*', '**/*Test', '**/*Tests', '**/*TestCase'];
/** A class that begins a line and may have tests. */
const CLASS =
  /^(?:@\w[\w.]*(?:\([^()\n]{0,200}\))?[ \t]+){0,10}(?:(?:public|final|open|internal|sealed|strictfp)[ \t]+){0,5}class[ \t]+(\w+)/gm;
/** Of one file. */
const MAX_CLASSES = 200;
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

export async function findTestFiles(dir: string, reactor: Reactor): Promise<TestFile[]> {
  const found = new Map<string, TestFile>();
  for (const module of reactor.modules) {
    if (module.skip) continue;
    for (const testDir of await testDirsOf(dir, module)) {
      for (const { path, bytes } of await sources(dir, testDir)) {
        const file = posix.join(testDir, path);
        if (found.has(file)) continue;
        const classes = (await classesIn(join(dir, file), path)).filter((name) => isTestClass(name, module));
        if (classes.length > 0)
          found.set(file, {
            file,
            bytes,
            module: module.dir,
            classes: classes.map((name) => name.replaceAll('/', '.')),
          });
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The test directory of the module, and what lies beside it, such as `src/test/kotlin` or `src/test/java21`. */
async function testDirsOf(dir: string, module: MavenModule): Promise<string[]> {
  const beside = (await entriesOf(join(dir, module.dir, 'src/test'))).filter(
    (entry) => entry.isDirectory() && entry.name !== 'resources',
  );
  return [...new Set([module.testDir, ...beside.map(({ name }) => posix.join(module.dir, 'src/test', name)).sort()])];
}

/**
 * Outermost classes of a source file as paths (`shop/CartTest`): the one that the file is named after, and others that
 * begin a line. Only Java ties packages to directories, so the declared package counts.
 */
async function classesIn(file: string, path: string): Promise<string[]> {
  const source = (await textOf(file)) ?? '';
  const declared = /^package\s+([\w.]+)/m.exec(source)?.[1]?.replaceAll('.', '/');
  const main = posix.basename(path).replace(SOURCE, '');
  const others = [...source.matchAll(CLASS)].map((match) => match[1]!);
  const names = [...new Set([main, ...others])].slice(0, MAX_CLASSES);
  return names.map((name) => posix.join(declared ?? posix.dirname(path), name));
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
