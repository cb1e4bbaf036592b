/** What a process tree that does not end is waiting for, in one sentence for the report of a time limit. */
import { readFileSync } from 'node:fs';
import type { ProcessEntry } from './process-table.js';

const MAX_NAMED = 4;
/** Number of the system call `read`: the first of all on x86-64, 63 where the newer common table is used (arm64, riscv). */
const READ = process.arch === 'x64' ? '0' : '63';

function text(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1').trim();
  } catch {
    return ''; // it ended, or this system or user may not look
  }
}

function waitsOn(pid: number): string {
  const [call, descriptor] = text(pid, 'syscall').split(' ');
  if (call === READ && descriptor === '0x0') return 'was reading its standard input';
  const state = /^State:\s+(\S)/m.exec(text(pid, 'status'))?.[1];
  if (state === 'R') return 'was computing';
  return state === 'T' ? 'was stopped' : 'was waiting';
}

/** Undefined where nothing can be seen. */
export function hangHint(tree: readonly ProcessEntry[]): string | undefined {
  const named = tree.map(({ pid }) => ({ name: text(pid, 'comm'), doing: waitsOn(pid) })).filter(({ name }) => name);
  if (named.length === 0) return undefined;
  // Who reads its standard input is the most telling, whatever waits for it.
  named.sort((a, b) => Number(b.doing.endsWith('input')) - Number(a.doing.endsWith('input')));
  const shown = named.slice(0, MAX_NAMED).map(({ name, doing }) => `${name} ${doing}`);
  return `${shown.join(', ')}${named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more processes` : ''}`;
}
