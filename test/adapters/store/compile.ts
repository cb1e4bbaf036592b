/** Turns a TypeScript file and what it imports from the project into plain JavaScript that a child process can run. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const OPTIONS = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
const IMPORT = /(?:from|import)\s+'(\.[^']+)'|new URL\('(\.[^']+)'/g;

export interface Compiled {
  readonly file: string;
  remove(): void;
}

export function compile(entry: URL): Compiled {
  // Below the project, so that packages are found as always.
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, 'baton-child-'));
  const target = (source: string) => join(out, relative(ROOT, source)).replace(/\.ts$/, '.js');
  const todo = [fileURLToPath(entry)];
  const seen = new Set(todo);
  for (let source = todo.pop(); source; source = todo.pop()) {
    mkdirSync(dirname(target(source)), { recursive: true });
    if (!source.endsWith('.ts')) {
      copyFileSync(source, target(source));
      continue;
    }
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: OPTIONS });
    writeFileSync(target(source), outputText);
    for (const [, imported, located] of outputText.matchAll(IMPORT)) {
      const plain = join(dirname(source), imported ?? located ?? '');
      const next = [plain.replace(/\.js$/, '.ts'), plain].find((path) => existsSync(path));
      if (next && !seen.has(next)) {
        seen.add(next);
        todo.push(next);
      }
    }
  }
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  return { file: target(fileURLToPath(entry)), remove: () => rmSync(out, { recursive: true, force: true }) };
}
