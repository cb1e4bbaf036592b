/**
 * How much a process tree has written to disk, by the kernel's own accounts: what went to a file system on a disk,
 * less what was deleted before it got there. The account of a process passes to whoever fetches its end, so nothing is
 * lost when processes come and go. Memory file systems do not count here: what lies there is memory.
 */
import { readdirSync, readFileSync } from 'node:fs';

function account(path: string): number {
  try {
    const text = readFileSync(path, 'latin1');
    const field = (name: string): number => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
    return field('write_bytes') - field('cancelled_write_bytes');
  } catch {
    return 0; // it ended while we looked: its account has passed to its parent; or this system has no accounts
  }
}

/** What the children that this process has fetched had written; its own writing is left out. */
function fetched(): number {
  let own = 0;
  try {
    for (const task of readdirSync('/proc/self/task')) own += account(`/proc/self/task/${task}/io`);
  } catch {
    return 0; // no such system
  }
  return account('/proc/self/io') - own;
}

export class Written {
  readonly #writers: () => readonly number[];
  readonly #before = fetched();
  #bytes = 0;

  constructor(writers: () => readonly number[]) {
    this.#writers = writers;
  }

  /** Bytes so far. Never falls, although a file that is deleted early is taken off the accounts. */
  bytes(): number {
    const living = this.#writers().reduce((sum, pid) => sum + account(`/proc/${pid}/io`), 0);
    this.#bytes = Math.max(this.#bytes, living + fetched() - this.#before);
    return this.#bytes;
  }
}
