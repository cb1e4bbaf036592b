/**
 * Real pipes for a child's output. Node's own are socket pairs, on which `echo x > /dev/stderr` fails with ENXIO; a
 * test that passes in a terminal must pass here too. The named pipes live for some milliseconds only.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { ownTempDir } from './own-temp.js';
import { findTool } from './program.js';

export interface OutputPipe {
  readonly read: Socket;
  /** To hand to the child, and to close afterwards. */
  readonly writeEnd: number;
}

function openPipe(path: string): OutputPipe {
  // The reading end first and without waiting: opening the writing end blocks until there is a reader.
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY);
  return { read: new Socket({ fd: readEnd, readable: true, writable: false }), writeEnd };
}

export async function outputPipes(toolPath: string): Promise<{ out: OutputPipe; err: OutputPipe }> {
  const dir = await ownTempDir();
  try {
    const names = [join(dir, 'out'), join(dir, 'err')] as const;
    const made = spawnSync(findTool('mkfifo', toolPath) ?? 'mkfifo', ['-m', '600', ...names], { encoding: 'utf8' });
    if (made.status !== 0)
      throw new Error(`mkfifo failed: ${made.stderr?.trim() || made.error?.message || `exit ${made.status}`}`);
    return { out: openPipe(names[0]), err: openPipe(names[1]) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export function closeWriteEnds(pipes: { out: OutputPipe; err: OutputPipe }): void {
  closeSync(pipes.out.writeEnd);
  closeSync(pipes.err.writeEnd);
}
