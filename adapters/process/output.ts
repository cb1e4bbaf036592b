/**
 * Where a caged process's output goes: bounded, on disk, never whole in memory. The file holds everything up to
 * head + tail bytes as it arrives; beyond that the end is kept in a ring, and `end` rewrites the file as
 * head, a line that says how much is missing, tail.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const MIB = 1024 * 1024;
export const HEAD_BYTES = MIB;
export const TAIL_BYTES = 4 * MIB;

/** Writes all of it; `writeSync` may write less when the disk is nearly full. Returns false when the disk is full. */
export function writeAll(fd: number, bytes: Uint8Array, position: number | null = null): boolean {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(fd, bytes, done, bytes.length - done, position === null ? null : position + done);
    }
    return true;
  } catch (error) {
    if (isDiskFull(error)) return false;
    throw error;
  }
}

function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The line between head and tail. */
export function cutMark(bytes: number): string {
  return `\n… ${(bytes / MIB).toFixed(1)} MiB (${bytes} bytes) of output cut here …\n`;
}

export class BoundedOutput {
  readonly #fd: number;
  readonly #ring: Buffer;
  /** Bytes taken so far, after masking. */
  #taken = 0;
  #full = false;

  constructor(
    path: string,
    readonly headBytes = HEAD_BYTES,
    readonly tailBytes = TAIL_BYTES,
  ) {
    this.#fd = openSync(path, 'w', 0o600);
    this.#ring = Buffer.alloc(tailBytes);
  }

  /** Returns false once the disk is full; what had been written stays. */
  write(bytes: Buffer): boolean {
    const room = this.headBytes + this.tailBytes - this.#taken;
    if (room > 0 && !this.#full) this.#full = !writeAll(this.#fd, bytes.subarray(0, room), this.#taken);
    this.#remember(bytes.subarray(Math.max(0, this.headBytes - this.#taken)));
    this.#taken += bytes.length;
    return !this.#full;
  }

  end(): void {
    try {
      if (this.#taken > this.headBytes + this.tailBytes && !this.#full) this.#rewrite();
    } finally {
      closeSync(this.#fd);
    }
  }

  /** Keeps the last `tailBytes` of what comes after the head. `#taken` still counts the bytes before these. */
  #remember(afterHead: Buffer): void {
    const last = afterHead.subarray(Math.max(0, afterHead.length - this.tailBytes));
    const skipped = afterHead.length - last.length;
    const at = (Math.max(0, this.#taken - this.headBytes) + skipped) % this.tailBytes;
    const untilWrap = last.subarray(0, this.tailBytes - at);
    untilWrap.copy(this.#ring, at);
    last.subarray(untilWrap.length).copy(this.#ring, 0);
  }

  #rewrite(): void {
    const oldest = (this.#taken - this.headBytes) % this.tailBytes;
    const mark = Buffer.from(cutMark(this.#taken - this.headBytes - this.tailBytes));
    const tail = Buffer.concat([mark, this.#ring.subarray(oldest), this.#ring.subarray(0, oldest)]);
    ftruncateSync(this.#fd, this.headBytes);
    writeAll(this.#fd, tail, this.headBytes);
  }
}
