import { pino } from 'pino';

export type Log = ReturnType<typeof createLog>;

/** One structured stream a process, on standard error; `component` tells them apart when they are read together. */
export const createLog = (component: string, level: string) =>
  pino({ level, base: { component, pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
