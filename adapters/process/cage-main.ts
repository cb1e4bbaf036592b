/**
 * The supervisor: a small program of its own between a runner and a test process, so that limits, the lease and the
 * clean-up hold even while the runner is busy, stopped or dead. It loads Node's own modules only, and so starts fast.
 * `protocol.ts` says what comes in on standard input and what goes out on file descriptor 3.
 */
import { writeSync } from 'node:fs';
import type { CageOrder, CageReport, LifeLine } from './protocol.js';
import { Supervision } from './supervision.js';

const REPORT_FD = 3;

function report(message: CageReport): void {
  try {
    writeSync(REPORT_FD, `${JSON.stringify(message)}\n`);
  } catch (error) {
    // The runner is gone and nobody reads: the tree is ended all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

async function supervise(supervision: Supervision): Promise<void> {
  const exit = await supervision.run((started) => report({ started }));
  report({ exit, enforcement: supervision.enforcement });
  process.exit(0);
}

function obey(supervision: Supervision, line: LifeLine): void {
  if (line.lease !== undefined) supervision.renew(line.lease);
  if (line.kill !== undefined) supervision.endPolitely(line.kill);
}

function main(): void {
  let text = '';
  let supervision: Supervision | null = null;
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk: string) => {
    text += chunk;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (supervision) {
        obey(supervision, JSON.parse(line) as LifeLine);
      } else {
        supervision = new Supervision(JSON.parse(line) as CageOrder);
        void supervise(supervision);
      }
    }
  });
  process.stdin.on('end', () => {
    if (supervision) supervision.endAtOnce('orphaned');
    else process.exit(0);
  });
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(name, () => supervision?.endPolitely('cancelled'));
}

main();
