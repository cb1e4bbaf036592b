/**
 * The supervisor runs as a program of its own and so must be JavaScript, while tests run the TypeScript as it stands now:
 * translates `adapters/process/` file by file (no type check) into a folder named after its content.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const source = fileURLToPath(new URL('../../../adapters/process/', import.meta.url));
const cache = fileURLToPath(new URL('../../../node_modules/.cache/baton-cage/', import.meta.url));

/** Path of a `cage-main.js` that is the current source. */
export function compiledCageMain(): string {
  const files = readdirSync(source)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, text: readFileSync(join(source, name), 'utf8') }));
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  const target = join(cache, digest);
  if (!existsSync(target)) compile(files, target);
  return join(target, 'cage-main.js');
}

function compile(files: { name: string; text: string }[], target: string): void {
  const building = `${target}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  for (const { name, text } of files) {
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, isolatedModules: true },
    });
    writeFileSync(join(building, name.replace(/\.ts$/, '.js')), outputText);
  }
  try {
    renameSync(building, target);
  } catch {
    rmSync(building, { recursive: true, force: true }); // another test process was faster
  }
}
