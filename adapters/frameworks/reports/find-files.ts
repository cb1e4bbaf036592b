import { join, posix } from 'node:path';
import { alternatives, nameMatches } from './glob.js';
import { entriesOf } from './entries.js';

const MAX_DEPTH = 32;
const MAX_ENTRIES = 200_000;
/** `**` does not lead into what a project did not write itself. Written out, these names are entered. */
const NEVER = new Set(['node_modules', '.git']);

/**
 * Files below `dir` that match a glob, as paths relative to it, sorted. Directories that are symbolic links are entered
 * only where the glob names them; files that are links are listed, and refused when they are opened.
 */
export async function findFiles(dir: string, glob: string): Promise<string[]> {
  const found = new Set<string>();
  const walk = new Walk(dir, found);
  for (const one of alternatives(posix.normalize(glob))) await walk.into('.', one.split('/'), 0);
  return [...found].sort();
}

class Walk {
  private entries = 0;

  constructor(
    private readonly root: string,
    private readonly found: Set<string>,
  ) {}

  async into(at: string, parts: readonly string[], depth: number): Promise<void> {
    const [part, ...rest] = parts;
    if (part === undefined || depth > MAX_DEPTH || this.entries > MAX_ENTRIES) return;
    if (part === '**') await this.into(at, rest, depth);
    // A directory that is written out is not listed: it may be large, and it may be a link.
    const last = rest.length === 0;
    if (!last && !/[*?]/.test(part)) return this.into(posix.join(at, part), rest, depth + 1);
    for (const entry of await entriesOf(join(this.root, at))) {
      this.entries++;
      const path = posix.join(at, entry.name);
      if (part === '**') {
        if (entry.isDirectory() && !NEVER.has(entry.name)) await this.into(path, parts, depth + 1);
        else if (last && !entry.isDirectory()) this.found.add(path);
      } else if (nameMatches(part, entry.name)) {
        if (last && !entry.isDirectory()) this.found.add(path);
        else if (!last && entry.isDirectory()) await this.into(path, rest, depth + 1);
      }
    }
  }
}
