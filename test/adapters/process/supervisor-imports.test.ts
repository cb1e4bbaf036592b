import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../../adapters/process/cage-main.ts', import.meta.url));

/** What a file imports at run time, types left out. */
function imports(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^import (?!type )[^;]*?from '([^']+)';/gm)].map((match) => match[1] ?? '');
}

test("the supervisor loads only its own folder and Node's modules, so that it starts fast", () => {
  const seen = new Set([main]);
  const foreign: string[] = [];
  for (const path of seen) {
    for (const name of imports(path)) {
      const file = join(dirname(path), name.replace(/\.js$/, '.ts'));
      if (name.startsWith('./') && existsSync(file)) seen.add(file);
      else if (!name.startsWith('node:')) foreign.push(`${path}: ${name}`);
    }
  }
  expect(foreign).toEqual([]);
  expect(seen.size).toBeGreaterThan(5);
});
