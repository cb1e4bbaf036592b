import { pino } from 'pino';

export type Log = ReturnType<typeof createLog>;

/** One structured stream a process, on standard error; `component` tells them apart when they are read together. */
export const createLog = (component: string, level: string) =>
  pino({ level, base: { component, pid: process.pid } }, pino.destination({ dest: 2, sync: true }));

/** Kept end of the log, for whoever asks the runner for it. */
const TAIL_BYTES = 60 * 1024;

/** The same log, and its end: at most 60 KiB of whole lines. */
export function createTailedLog(component: string, level: string): { log: Log; tail: () => string } {
  const lines: string[] = [];
  let bytes = 0;
  const keep = (line: string): void => {
    process.stderr.write(line);
    lines.push(line);
    bytes += Buffer.byteLength(line);
    while (bytes > TAIL_BYTES && lines.length > 1) bytes -= Buffer.byteLength(lines.shift() ?? '');
  };
  const log = pino({ level, base: { component, pid: process.pid } }, { write: keep });
  // A single line may be longer than all that is kept.
  return { log, tail: () => lines.join('').slice(-TAIL_BYTES) };
}
