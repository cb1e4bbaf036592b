/** Looks at the processes of this machine through /proc: children of a part, and the attempt a test process belongs to. */
import { readdirSync, readFileSync } from 'node:fs';

export function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // It has ended meanwhile.
  }
}

export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  const walk = (each: number): void => {
    for (const child of children.get(each) ?? []) {
      found.push(child);
      walk(child);
    }
  };
  walk(pid);
  return found;
}

/** `execution.batch.fence` of a test process; empty for any other. */
export function attemptOf(pid: number): string {
  const variable = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((each) => each.startsWith('BATON_EVENTS='));
  return variable?.split('/').at(-2) ?? '';
}

export const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();

/** Test processes anywhere on this machine that belong to one of the executions. */
export function testProcesses(executions: ReadonlySet<string>): { pid: number; attempt: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), attempt: attemptOf(Number(name)) }))
    .filter(({ attempt }) => executions.has(attempt.split('.')[0] ?? ''));
}

/** False when the process is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}
