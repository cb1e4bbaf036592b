/**
 * Puts each program of dist/ and the packages it uses into a few files. A program then reads dozens of files at its start
 * instead of some thousand, which halves the time until it is ready. Everything else in dist/ stays as it was compiled.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import ts from 'typescript';

/** Started by path, so each keeps its place in dist/. */
const PROGRAMS = [
  'cli/main',
  'workers/api',
  'workers/cluster',
  'workers/control',
  'workers/pool',
  'workers/runner',
  'workers/supervisor',
];

/** Native parts, files found by path, or one instance that several packages share. */
const LEFT_OUT = /^(@temporalio\/|@grpc\/|protobufjs|typescript$|@electric-sql\/)/;

const KEPT_MS = 7 * 24 * 3_600_000;

/** @param {string} root */
export async function bundlePrograms(root) {
  const dist = join(root, 'dist');
  const sourceOf = new Map(PROGRAMS.map((name) => [join(dist, `${name}.js`), join(root, `${name}.ts`)]));
  const bundle = await rolldown({
    input: Object.fromEntries(PROGRAMS.map((name) => [name, join(dist, `${name}.js`)])),
    platform: 'node',
    external: LEFT_OUT,
    // Packages ask for optional ones of theirs that are not installed.
    logLevel: 'silent',
    plugins: [
      {
        name: 'programs-from-source',
        // What is in dist/ may be the bundle of the last build: the compiler only writes what has changed.
        load: (id) => (sourceOf.has(id) ? compile(sourceOf.get(id) ?? '') : null),
      },
    ],
  });
  const { output } = await bundle.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Names of classes and functions are in messages and stacks.
    keepNames: true,
  });
  await bundle.close();
  removeOld(dist, new Set(output.map(({ fileName }) => fileName)));
}

/** A process that runs while this build does may still ask for a chunk of its own. @param {string} dist @param {Set<string>} current */
function removeOld(dist, current) {
  for (const name of readdirSync(join(dist, 'chunks'))) {
    const path = join(dist, 'chunks', name);
    if (!current.has(`chunks/${name}`) && Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { force: true });
  }
}

/** @param {string} path */
function compile(path) {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  return ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions, fileName: path }).outputText;
}
