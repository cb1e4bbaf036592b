/** Processor time and memory of processes, from `/proc`; where there is none, nothing is told. */
import { readFile } from 'node:fs/promises';
import type { PartFacts } from '../../domain/metrics.js';

/** Linux has had it at 100 for every program that asks, whatever the kernel counts in. */
const TICKS_PER_SECOND = 100;

/** `ticks`: start time of the process as `/proc` gives it, so that a later process with the same number is not taken for it. */
export async function usage(
  parts: readonly { readonly name: string; readonly pid: number; readonly ticks: string }[],
): Promise<PartFacts[]> {
  const found = await Promise.all(parts.map((part) => usageOf(part.name, part.pid, part.ticks)));
  return found.filter((part) => part !== undefined);
}

async function usageOf(part: string, pid: number, ticks: string): Promise<PartFacts | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The name in brackets may hold blanks and brackets; what follows the last one is counted from the third field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[19] !== ticks) return undefined;
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
    const cpu = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    return { part, cpuSeconds: cpu, residentBytes: Number(resident ?? 0) * 1024 };
  } catch {
    // It has ended, or this system has no /proc.
    return undefined;
  }
}
