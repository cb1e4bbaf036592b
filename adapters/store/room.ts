/**
 * Room on the disk of an embedded database. PGlite does not survive a full disk well: it may spin for ever or refuse to
 * open again until space is freed. So changes are refused while there still is some room, with a sentence that says so;
 * what is stored stays readable, and everything works again as soon as space is freed.
 */
import { statfs } from 'node:fs/promises';
import { ProjectProblem } from '../../domain/failures.js';

const MIB = 1024 * 1024;
/** Two segments of the write-ahead log (16 MiB each), and as much again for tables. */
const ROOM_TO_CHANGE = 64 * MIB;
/** Deleting needs a little room too. */
const ROOM_TO_DELETE = 24 * MIB;
/** A new database takes 40 MiB. */
export const ROOM_TO_CREATE = 128 * MIB;
const LOOK_EVERY_MS = 250;

export class Room {
  #free = Number.POSITIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** `dir` need not exist as long as its parent does. */
  constructor(private readonly dir: string) {}

  async ensure(needed = ROOM_TO_CHANGE): Promise<void> {
    if (performance.now() - this.#lookedAt > LOOK_EVERY_MS) {
      this.#free = await freeBytes(this.dir);
      this.#lookedAt = performance.now();
    }
    if (this.#free >= needed) return;
    throw new ProjectProblem(
      'DiskFull',
      `the disk of ${this.dir} has ${Math.floor(this.#free / MIB)} MiB left and the ledger needs ${needed / MIB} MiB to go on safely. Free some space; nothing acknowledged is lost, and the same call works again then.`,
    );
  }

  ensureToDelete(): Promise<void> {
    return this.ensure(ROOM_TO_DELETE);
  }
}

async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
