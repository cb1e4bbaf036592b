/** Where the fault may be: runs the failing files once with coverage, else follows frames and imports. */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { segmentsOf, TestCoverage, type V8Script } from '../../domain/fix/coverage.js';
import { isTestPath } from '../../domain/fix/paths.js';
import {
  type Frame,
  framesOf,
  fromCoverage,
  fromFrames,
  type Spectrum,
  type Suspicion,
} from '../../domain/fix/suspicion.js';
import type { Group, RepairCase, RepairDeps } from './deps.js';
import { readText } from './patched-tree.js';
import { type FilesRun, runFiles } from './run-files.js';

export interface Located {
  readonly suspicion: Suspicion;
  /** Product files by path, with their text. */
  readonly files: ReadonlyMap<string, string>;
  /** The run that was looked at. */
  readonly run: FilesRun;
}

const MAX_COVERAGE_BYTES = 64 * 1024 * 1024;
const MAX_FILES = 200;

export async function localise(deps: RepairDeps, given: RepairCase): Promise<Located> {
  const [root] = given.roots as [string];
  const folder = join(deps.spoolDir, `${given.execution}.coverage`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const run = await runFiles(deps, {
      execution: given.execution,
      root,
      trust: given.trust,
      groups: given.failing,
      timeoutMs: given.limits.runMs,
      env: ({ suite }) => deps.adapter(suite.framework).coverage?.(suite, root, folder) ?? {},
      writable: [folder],
      signal: given.signal,
    });
    const isProduct = productOf(deps, given);
    const spectra = await readSpectra(folder, root, isProduct, failedNames(run));
    const suspicion = fromCoverage(spectra);
    if (suspicion) return { suspicion, files: await texts(root, suspicion.files), run };
    return { ...(await byFrames(deps, given, run, isProduct)), run };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Files a fix could change. */
function productOf(deps: RepairDeps, { all, failing }: RepairCase): (path: string) => boolean {
  const tests = new Set([...all, ...failing].flatMap(testPaths));
  return (path) => deps.repair.knows(path) && !tests.has(path) && !isTestPath(path);
}

/** Paths of test files, relative to the root. */
export const testPaths = ({ suite, files }: Group): string[] =>
  files.map((file) => relative('/', resolve('/', suite.dir, file)));

const failedNames = (run: FilesRun): ReadonlySet<string> =>
  new Set(run.rows.filter((row) => row.status === 'failed').map((row) => row.path.join(' > ')));

async function texts(root: string, paths: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const path of paths.slice(0, MAX_FILES)) {
    const text = await readText(root, path);
    if (text !== undefined) found.set(path, text);
  }
  return found;
}

async function readSpectra(
  folder: string,
  root: string,
  isProduct: (path: string) => boolean,
  failed: ReadonlySet<string>,
): Promise<Spectrum[]> {
  const spectra: Spectrum[] = [];
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.ndjson') || (await stat(path)).size > MAX_COVERAGE_BYTES) continue;
    const records = recordsOf(await readFile(path, 'utf8'));
    spectra.push(...spectraOf(records, (url) => productPath(url, root, isProduct), failed));
  }
  return spectra;
}

/** Project code could write the file: what is no record is passed over. */
function recordsOf(text: string): TestCoverage[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      const parsed = TestCoverage.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return []; // a line that was cut off
    }
  });
}

function productPath(url: string, root: string, isProduct: (path: string) => boolean): string | undefined {
  if (!url.startsWith('file://')) return undefined;
  const path = relative(root, fileURLToPath(url.split('?')[0]!));
  return !path.startsWith('..') && isProduct(path) ? path : undefined;
}

/** What runs when a file is loaded is seen once for each process, and belongs to each of its tests. */
function spectraOf(
  records: readonly TestCoverage[],
  pathOf: (url: string) => string | undefined,
  failed: ReadonlySet<string>,
): Spectrum[] {
  const loaded = new Map<string, V8Script['functions']>();
  const spectra = records.map(({ name, passed, scripts }) => {
    const own = new Map(scripts.map((script) => [script.url, script]));
    for (const { url, functions } of scripts) if (!loaded.has(url)) loaded.set(url, functions.map(asLoaded));
    const files = new Map<string, ReturnType<typeof segmentsOf>>();
    for (const [url, functions] of loaded) {
      const path = pathOf(url);
      if (path) files.set(path, segmentsOf({ url, functions: [...functions, ...(own.get(url)?.functions ?? [])] }));
    }
    return { failed: passed === null ? failed.has(name) : !passed, files };
  });
  // A test that never ends leaves no record: what its file has loaded is all that is known of it.
  if (spectra.length > 0 && !spectra.some((each) => each.failed)) {
    const files = new Map([...loaded].flatMap(([url]) => (pathOf(url) ? [[pathOf(url)!, [[0, 1e9]] as const]] : [])));
    spectra.push({
      failed: true,
      files: files as Spectrum['files'] as Map<string, readonly (readonly [number, number])[]>,
    });
  }
  return spectra;
}

type V8Function = V8Script['functions'][number];
const asLoaded = (each: V8Function): V8Function => {
  const [first] = each.ranges;
  if (!first || first.startOffset === 0) return each;
  return { ...each, ranges: [{ ...first, count: 0 }] };
};

async function byFrames(
  deps: RepairDeps,
  given: RepairCase,
  run: FilesRun,
  isProduct: (path: string) => boolean,
): Promise<Omit<Located, 'run'>> {
  const [root] = given.roots as [string];
  const frames: Frame[] = run.rows
    .filter((row) => row.status === 'failed')
    .flatMap((row) => framesOf(`${row.stack ?? ''}\n${row.message ?? ''}`, root))
    .filter(({ path }) => isProduct(path));
  const imported = await importedBy(deps, given, isProduct);
  const files = await texts(root, [...new Set([...frames.map(({ path }) => path), ...imported])]);
  return { suspicion: fromFrames(frames, files), files };
}

/** Product files that the failing test files import, nearest first. */
async function importedBy(
  deps: RepairDeps,
  given: RepairCase,
  isProduct: (path: string) => boolean,
): Promise<string[]> {
  const [root] = given.roots as [string];
  const known = await projectFiles(root);
  const seen = new Set(given.failing.flatMap(testPaths));
  const found: string[] = [];
  for (let edge = [...seen]; edge.length > 0 && seen.size < MAX_FILES; ) {
    const next: string[] = [];
    for (const path of edge) {
      const text = await readText(root, path);
      if (text === undefined || !deps.repair.knows(path)) continue;
      for (const imported of deps.repair.imports(path, text, known)) {
        if (seen.has(imported)) continue;
        seen.add(imported);
        next.push(imported);
        if (isProduct(imported)) found.push(imported);
      }
    }
    edge = next;
  }
  return found;
}

const MAX_PROJECT_FILES = 50_000;
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', 'build', 'coverage', '.next', 'target', 'vendor']);

async function projectFiles(root: string): Promise<Set<string>> {
  const found = new Set<string>();
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined && found.size < MAX_PROJECT_FILES; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !LEFT_OUT.has(entry.name)) folders.push(path);
      else if (entry.isFile()) found.add(path);
    }
  }
  return found;
}
