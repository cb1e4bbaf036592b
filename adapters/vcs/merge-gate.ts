/** `.git/MERGE_BLOCKED` of a clone, written whole or not at all. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Block, MergeGate } from '../../domain/answer-ports.js';
import { MERGE_BLOCKED_FILE, parseBlocks, writtenBlocks } from '../../domain/merge-blocked.js';
import { withFileLock } from './file-lock.js';
import { type Git, GitFailed } from './git.js';

const LOCK_TIMEOUT_MS = 10_000;

/** A directory that is gone, or no clone any more, has no gate. */
export function mergeGate(git: Git): MergeGate {
  const change = async (dir: string, work: (blocks: Block[]) => Block[]): Promise<void> => {
    const file = await gateFile(git, dir);
    if (file === undefined) return;
    await withFileLock(`${file}.lock`, LOCK_TIMEOUT_MS, async () => {
      const text = writtenBlocks(work(await blocksIn(file)));
      if (text === '') return rm(file, { force: true });
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    });
  };
  return {
    block: (dir, block) => change(dir, (blocks) => [...blocks.filter((each) => each.branch !== block.branch), block]),
    clear: (dir, branch) => change(dir, (blocks) => blocks.filter((each) => each.branch !== branch)),
    async read(dir) {
      const file = await gateFile(git, dir);
      return file === undefined ? [] : blocksIn(file);
    },
  };
}

async function gateFile(git: Git, dir: string): Promise<string | undefined> {
  try {
    return join(resolve(dir, await git(['rev-parse', '--git-dir'], { dir })), MERGE_BLOCKED_FILE);
  } catch (error) {
    if (error instanceof GitFailed && error.code !== null) return undefined;
    throw error;
  }
}

async function blocksIn(file: string): Promise<Block[]> {
  try {
    return parseBlocks(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
