/**
 * Looks every 250 ms (less often when a look is dear) whether a limit was reached: lease, silence, memory, processes,
 * free disk. The time limit is a timer of its own and the output limit is counted where output passes.
 */
import { statfsSync, statSync } from 'node:fs';
import type { Limits } from '../../domain/config.schema.js';
import type { Cgroup } from './cgroup.js';
import type { KillReason } from './protocol.js';
import { type ProcessEntry, proportionalKb } from './process-table.js';
import type { Written } from './written.js';

const MIB = 1024 * 1024;
const LOOK_MS = 250;
/** A look may cost this share of the time between two looks. */
const LOOK_SHARE = 0.02;
const DISK_LOOK_MS = 1_000;
/** Less than this is full: a write of one block fails or is about to. */
const DISK_FULL_BYTES = 128 * 1024;

export interface Watched {
  readonly limits: Limits;
  readonly sample: () => ProcessEntry[];
  readonly cgroup: Cgroup | null;
  /** What the tree has written to disk; null where no limit is set. */
  readonly written: Written | null;
  readonly watchFile: string | undefined;
  /** Directories on whose file systems the attempt writes. */
  readonly disks: readonly string[];
  readonly leaseMs: number;
  readonly onLimit: (reason: KillReason) => void;
}

function fileSize(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0; // not written yet
  }
}

/** Whether nothing more can be written there: no bytes or no inodes left. */
export function isDiskFull(dir: string): boolean {
  try {
    const { bfree, bavail, bsize, files, ffree } = statfsSync(dir);
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    return free < DISK_FULL_BYTES || (files > 0 && ffree === 0);
  } catch {
    return false; // the directory is gone, which is no sign of a full disk
  }
}

export class LimitWatch {
  readonly #watched: Watched;
  #timer: NodeJS.Timeout | undefined;
  #peakKb = 0;
  #lastSign = performance.now();
  #lastDiskLook = performance.now();
  #leaseUntil: number;
  #watchedSize: number;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#leaseUntil = performance.now() + watched.leaseMs;
    this.#watchedSize = watched.watchFile ? fileSize(watched.watchFile) : 0;
    this.#schedule(LOOK_MS);
  }

  /** Output was seen. */
  sign(): void {
    this.#lastSign = performance.now();
  }

  renew(leaseMs: number): void {
    this.#leaseUntil = performance.now() + leaseMs;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Highest memory of the tree in MiB: the kernel's count, or the largest sum seen; null when nothing was seen. */
  get peakMemoryMb(): number | null {
    const counted = this.#watched.cgroup?.peakMemoryMb() ?? null;
    return counted ?? (this.#peakKb > 0 ? this.#peakKb / 1024 : null);
  }

  /** What the kernel's counters say: asked at every look, and once more at the end. */
  kernelVerdict(): KillReason | null {
    const { cgroup } = this.#watched;
    if (!cgroup) return null;
    if (cgroup.memoryKills() > 0) return 'memory';
    return cgroup.processRefusals() > 0 ? 'processes' : null;
  }

  /** Asked at every look, and once more at the end: a program may write more than it may and be done at once. */
  writtenVerdict(): KillReason | null {
    const { written, limits } = this.#watched;
    return written && written.bytes() > (limits.diskMb ?? Number.POSITIVE_INFINITY) * MIB ? 'disk' : null;
  }

  /** Asked at every look, and once more when a program ends badly: one that cannot write its report is often done at once. */
  fullVerdict(): KillReason | null {
    return this.#watched.disks.some(isDiskFull) ? 'disk' : null;
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => this.#look(), afterMs);
  }

  #look(): void {
    const began = performance.now();
    const reason = this.#reached(began);
    if (reason) this.#watched.onLimit(reason);
    this.#schedule(Math.max(LOOK_MS, (performance.now() - began) / LOOK_SHARE));
  }

  #reached(now: number): KillReason | null {
    if (now > this.#leaseUntil) return 'lease';
    return (
      this.kernelVerdict() ??
      this.writtenVerdict() ??
      this.#treeVerdict() ??
      this.#silenceVerdict(now) ??
      this.#diskVerdict(now)
    );
  }

  #treeVerdict(): KillReason | null {
    const { limits, cgroup, sample } = this.#watched;
    const tree = sample();
    const rssKb = tree.reduce((sum, { rssKb }) => sum + rssKb, 0);
    const maxKb = (limits.memoryMb ?? Number.POSITIVE_INFINITY) * 1024;
    // Shared pages count once for each process in rss, so before it matters the dearer, exact figure decides.
    const usedKb = rssKb > maxKb && tree.length > 1 ? exactKb(tree) : rssKb;
    this.#peakKb = Math.max(this.#peakKb, usedKb);
    if (!cgroup?.limitsMemory && usedKb > maxKb) return 'memory';
    const tasks = tree.reduce((sum, { threads }) => sum + threads, 0);
    return !cgroup?.limitsProcesses && tasks > (limits.processes ?? Number.POSITIVE_INFINITY) ? 'processes' : null;
  }

  #silenceVerdict(now: number): KillReason | null {
    const { watchFile, limits } = this.#watched;
    const size = watchFile ? fileSize(watchFile) : 0;
    if (size !== this.#watchedSize) {
      this.#watchedSize = size;
      this.#lastSign = now;
    }
    return limits.silenceMs !== undefined && now - this.#lastSign > limits.silenceMs ? 'silence' : null;
  }

  #diskVerdict(now: number): KillReason | null {
    if (now - this.#lastDiskLook < DISK_LOOK_MS) return null;
    this.#lastDiskLook = now;
    return this.fullVerdict();
  }
}

function exactKb(tree: readonly ProcessEntry[]): number {
  return tree.reduce((sum, { pid, rssKb }) => sum + (proportionalKb(pid) ?? rssKb), 0);
}
