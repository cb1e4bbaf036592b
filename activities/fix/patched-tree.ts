/**
 * A checkout with and without a change. Project code has run in it and may have put anything anywhere, so nothing is
 * written through a link: the way to a file must be real folders of the checkout, and the file is made anew.
 */
import { lstat, open, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import type { Change } from '../../domain/fix/ports.js';

export class PatchedTree {
  private readonly originals = new Map<string, string>();

  constructor(readonly root: string) {}

  /** Text of a regular file of at most 1 MiB; undefined when there is none. */
  async text(path: string): Promise<string | undefined> {
    const known = this.originals.get(path);
    return known ?? readText(this.root, path);
  }

  async apply(changes: readonly Change[]): Promise<void> {
    for (const { path, text } of changes) {
      if (!this.originals.has(path)) {
        const before = await readText(this.root, path);
        if (before === undefined) throw new ProjectProblem('Internal', `${path} is no regular file of the checkout`);
        this.originals.set(path, before);
      }
      await writeText(this.root, path, text);
    }
  }

  /** What `apply` and anything that was told by `remember` has changed is as it was. */
  async restore(): Promise<void> {
    for (const [path, text] of this.originals) await writeText(this.root, path, text);
    this.originals.clear();
  }

  /** Somebody else, such as the sieve, is going to change these. */
  async remember(paths: Iterable<string>): Promise<void> {
    for (const path of paths) {
      const before = this.originals.has(path) ? undefined : await readText(this.root, path);
      if (before !== undefined) this.originals.set(path, before);
    }
  }
}

const MAX_BYTES = 1024 * 1024;

export async function readText(root: string, path: string): Promise<string | undefined> {
  const at = join(root, path);
  const stats = await lstat(at).catch(() => undefined);
  if (!stats?.isFile() || stats.size > MAX_BYTES || !(await isInside(root, path))) return undefined;
  const bytes = await readFile(at);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? text : undefined;
}

async function isInside(root: string, path: string): Promise<boolean> {
  const folder = dirname(join(root, path));
  const real = await realpath(folder).catch(() => '');
  const top = await realpath(root);
  return real === top || real.startsWith(top + sep) ? real === join(top, dirname(path)).replace(/\/\.$/, '') : false;
}

async function writeText(root: string, path: string, text: string): Promise<void> {
  if (!(await isInside(root, path)))
    throw new ProjectProblem('BlockedByPolicy', `${path} leads out of the checkout, so nothing was written there.`);
  const at = join(root, path);
  const mode = ((await lstat(at).catch(() => undefined))?.mode ?? 0o644) & 0o777;
  await rm(at, { force: true });
  const file = await open(at, 'wx', mode);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}
