import { readdir, readFile } from 'node:fs/promises';
import type { Probe } from '../../domain/monitoring/health.js';

/** Looks for a process of this machine whose command line holds the text. Needs `/proc`. */
export function processCheck(command: string, proc = '/proc'): Probe['check'] {
  return async () => {
    const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
    if (pids.length === 0)
      return { status: 'degraded', sentence: `This system has no ${proc}: processes cannot be looked for.` };
    const lines = await Promise.all(pids.map((pid) => readFile(`${proc}/${pid}/cmdline`, 'latin1').catch(() => '')));
    const found = pids.filter((_, i) => lines[i]!.replaceAll('\0', ' ').includes(command));
    if (found.length > 0)
      return { status: 'healthy', sentence: `${found.length} running, the first is pid ${found[0]}` };
    return { status: 'down', sentence: `No process of this machine has "${command}" in its command line: start it.` };
  };
}
