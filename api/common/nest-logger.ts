import type { LoggerService } from '@nestjs/common';
import type { ApiLogger } from '../deps.js';

/** Nest's own lines go where all others go. What it logs while it starts is of interest to nobody but its debugger. */
export function nestLogger(logger: ApiLogger): LoggerService {
  const text = (message: unknown): string => (message instanceof Error ? message.message : String(message));
  const fields = (message: unknown, rest: unknown[]) => ({
    nest: rest.at(-1),
    ...(message instanceof Error ? { err: message } : {}),
  });
  return {
    log: (message: unknown, ...rest: unknown[]) => logger.debug(fields(message, rest), text(message)),
    debug: (message: unknown, ...rest: unknown[]) => logger.debug(fields(message, rest), text(message)),
    verbose: (message: unknown, ...rest: unknown[]) => logger.debug(fields(message, rest), text(message)),
    warn: (message: unknown, ...rest: unknown[]) => logger.warn(fields(message, rest), text(message)),
    error: (message: unknown, ...rest: unknown[]) => logger.error(fields(message, rest), text(message)),
    fatal: (message: unknown, ...rest: unknown[]) => logger.error(fields(message, rest), text(message)),
  };
}
