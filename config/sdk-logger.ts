import type { Logger } from '@temporalio/worker';
import type { Log } from './log.js';

/** The SDK's messages in our own stream. Its chatter is for debugging. */
export const sdkLogger = (log: Log): Logger => ({
  log: (level, message, meta) => write(log, level, message, meta),
  trace: (message, meta) => log.trace(meta ?? {}, message),
  debug: (message, meta) => log.debug(meta ?? {}, message),
  info: (message, meta) => log.debug(meta ?? {}, message),
  warn: (message, meta) => log.warn(meta ?? {}, message),
  error: (message, meta) => log.error(meta ?? {}, message),
});

function write(log: Log, level: string, message: string, meta: object | undefined): void {
  if (level === 'ERROR') log.error(meta ?? {}, message);
  else if (level === 'WARN') log.warn(meta ?? {}, message);
  else log.debug(meta ?? {}, message);
}
