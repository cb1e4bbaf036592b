/** What the test files of a plan held when it was made: the receipt says so, and a later reader can compare. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { PlannedFile, Suite } from '../domain/plan.schema.js';

/** A larger test file is generated data: it gets no hash. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;
/** After so much the rest gets none: planning must not become slow. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Files between two turns of the event loop: heartbeats go on. */
const PORTION = 200;

/**
 * The files with `sha256` where there is one: not for what is no single file (a go package, a Maven class), nor for what
 * is too large. Synchronous reads: 10,000 small files take half the time they take one promise each.
 */
export async function withHashes(
  root: string,
  suites: readonly Suite[],
  files: readonly PlannedFile[],
): Promise<PlannedFile[]> {
  const dirs = new Map(suites.map((suite) => [suite.name, join(root, suite.dir)]));
  const hashed: PlannedFile[] = [];
  let room = MAX_BYTES;
  for (const file of files) {
    if (hashed.length % PORTION === PORTION - 1) await turn();
    const bytes = room > 0 ? read(join(dirs.get(file.suite) ?? root, file.file)) : undefined;
    room -= bytes?.length ?? 0;
    hashed.push(
      bytes ? { ...file, sha256: `sha256:${createHash('sha256').update(bytes).digest('hex')}` } : { ...file },
    );
  }
  return hashed;
}

function read(path: string): Buffer | undefined {
  let fd: number;
  try {
    // Without waiting: a named pipe in the place of a file would hold everything up.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    // No single file on the disk, or gone since it was listed: its batch will say so.
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= MAX_FILE_BYTES ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
