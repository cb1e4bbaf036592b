/** Which files of the project a file imports, found by reading alone. */
import { dirname, join, normalize } from 'node:path/posix';
import ts from 'typescript';

const ENDINGS = [
  '',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '.ts',
  '.mts',
  '.cts',
  '.tsx',
  '/index.js',
  '/index.ts',
  '/index.mjs',
  '/index.cjs',
];

export function importsOf(path: string, text: string, known: ReadonlySet<string>): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return importedFiles.flatMap(({ fileName }) => {
    if (!fileName.startsWith('.')) return [];
    const at = normalize(join(dirname(path), fileName));
    // TypeScript writes `./x.js` for `./x.ts`.
    const stem = at.replace(/\.([cm]?)jsx?$/, '.$1ts');
    const found = [at, stem, stem.replace(/ts$/, 'tsx')]
      .flatMap((start) => ENDINGS.map((end) => start + end))
      .find((candidate) => known.has(candidate));
    return found === undefined ? [] : [found];
  });
}
